// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// maxVerdicts is the most verdicts that a status holds.
const maxVerdicts = 16

// verdict is one session's answer on an announcement.
type verdict struct {
	standing standing // of the session; pending also if it has not reported on this version
	// unseen: pending, because this process never read the session's version of its BGPPeer.
	unseen bool
	// reason says why the session does not have the announcement, or only a part of it; empty if it has all of it. winner is
	// the announcement that has the prefix instead.
	reason, winner string
	// sent is how many prefixes of the announcement the session was sent.
	sent int
}

// verdict is what a session says of an announcement, beside what the objects say. It counts once the session's digest says that
// it has decided on this very version, under the newest BGPPeer, and goes on to count, however the digest changes with other
// announcements, for as long as the session is in the state in which it was confirmed.
func (s *sessionView) verdict(a *compile.Announcement, name string, judged judged, confirmed *Confirmation) verdict {
	if s.standing != up {
		return verdict{standing: s.standing, reason: cmp.Or(a.Silence(), v1alpha1.ReasonSessionDown)}
	}
	caughtUp := s.matches&(1<<a.Term().Bucket()) != 0 && !s.behind
	trusted := confirmed.confirmed && s.changed <= confirmed.round
	if !s.decided() || !caughtUp && !trusted {
		return verdict{standing: pending}
	}
	v := verdict{standing: up, reason: judged.reason, sent: judged.prefixes}
	if withheld := s.listed(name); withheld != nil {
		v.reason, v.sent = compile.FirstReason(judged.reason, withheld.Reason), int(withheld.Sent)
		if v.reason == withheld.Reason {
			v.winner = withheld.Winner
		}
		return v
	}
	if judged.prefixes > 0 && !trusted && s.mayHide(a) {
		return verdict{standing: pending}
	}
	return v
}

// tally counts the verdicts on an announcement.
type tally struct {
	// advertised sessions were sent a part of the announcement, whole ones all of it.
	eligible, advertised, whole, pending, unavailable int
	// reasons say why other sessions do not have the announcement, or only a part of it; silence says why sessions rightly have
	// nothing of it.
	reasons, silence causes
	// sent is the least number of prefixes that a session has, out of all prefixes.
	sent, prefixes int
	// waitingFor is the first pending session, gone the first unavailable one, as peer/node.
	waitingFor, gone string
	// unseen counts the pending sessions whose version of the BGPPeer this process never read, and unseenAt is the first of them.
	unseen   int
	unseenAt string
	// sessions is a hash of the eligible sessions.
	sessions uint64
}

// add adds the verdict of that many sessions; where is the first of them by name. The order in which verdicts are added does not
// matter.
func (t *tally) add(v verdict, sessions int, where string) {
	t.eligible += sessions
	switch {
	case v.standing == unavailable:
		t.unavailable += sessions
		t.gone = firstName(t.gone, where)
		return
	case v.standing == pending && v.unseen:
		t.pending += sessions
		t.unseen += sessions
		t.unseenAt = firstName(t.unseenAt, where)
		return
	case v.standing == pending:
		t.pending += sessions
		t.waitingFor = firstName(t.waitingFor, where)
		return
	case compile.IsSilence(v.reason):
		t.silence.add(cause{reason: v.reason, count: sessions, example: where})
		return
	}
	if v.sent > 0 {
		t.advertised += sessions
		t.sent = min(t.sent, v.sent)
	}
	if v.reason == "" {
		t.whole += sessions
		return
	}
	t.reasons.add(cause{reason: v.reason, count: sessions, example: where, winner: v.winner})
}

// firstName is the first of two names. An empty name means none.
func firstName(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// notDue counts the sessions that are rightly sent nothing.
func (t *tally) notDue() int {
	n := 0
	for _, c := range t.silence {
		n += c.count
	}
	return n
}

// verdicts are the reasons, the most frequent first, then in their documented order.
func (t *tally) verdicts() []v1alpha1.Verdict {
	var list []v1alpha1.Verdict
	for _, c := range append(t.reasons.byCount(), t.silence.byCount()...) {
		list = append(list, v1alpha1.Verdict{Reason: c.reason, Sessions: counter(c.count), Example: c.example, Winner: c.winner})
	}
	return list[:min(len(list), maxVerdicts)]
}

// message says where the announcement is, and where it is not.
func (t *tally) message() string {
	var text strings.Builder
	fmt.Fprintf(&text, "written to %d of %d sessions", t.advertised, t.eligible)
	if t.advertised > 0 && t.sent < t.prefixes {
		fmt.Fprintf(&text, ", %d of %d prefixes", t.sent, t.prefixes)
	}
	separator := ": "
	part := func(format string, args ...any) {
		text.WriteString(separator)
		fmt.Fprintf(&text, format, args...)
		separator = "; "
	}
	for _, c := range t.reasons.byCount() {
		part("%s", c)
		if c.winner != "" {
			fmt.Fprintf(&text, ", where %s has the prefix", c.winner)
		}
	}
	if waiting := t.pending - t.unseen; waiting > 0 {
		part("%d not reported on this generation yet, %s among them", waiting, t.waitingFor)
	}
	if t.unseen > 0 {
		part("%d on a generation of the BGPPeer that this leader did not see, %s among them", t.unseen, t.unseenAt)
	}
	if t.unavailable > 0 {
		part("%d unavailable (the node is lost, or without a speaker), %s among them", t.unavailable, t.gone)
	}
	for _, c := range t.silence.byCount() {
		part("not due: %s", c)
	}
	return text.String()
}

// advertisedCondition says whether a session was sent the announcement. If none was, the most frequent reason decides.
func (t *tally) advertisedCondition() metav1.Condition {
	const kind = v1alpha1.ConditionAdvertised
	reasons := t.reasons.byCount()
	switch {
	case t.whole > 0 && t.whole+t.unavailable+t.notDue() == t.eligible:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonAdvertised, t.message())
	case t.advertised > 0:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonPartial, t.message())
	case t.pending > 0 && (len(reasons) == 0 || t.pending >= reasons[0].count):
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, t.message())
	case len(reasons) > 0:
		return condition(kind, metav1.ConditionFalse, reasons[0].reason, t.message())
	case len(t.silence) > 0:
		return condition(kind, metav1.ConditionFalse, t.silence.byCount()[0].reason, t.message())
	}
	return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonUnavailable, t.message())
}

// completeCondition says whether the announcement is everywhere it is due. A session that lacks it for a known reason makes it False,
// whatever the sessions that are still pending will report.
func (t *tally) completeCondition() metav1.Condition {
	const kind = v1alpha1.ConditionComplete
	switch {
	case len(t.reasons) > 0:
		return condition(kind, metav1.ConditionFalse, t.reasons.byCount()[0].reason, t.message())
	case t.pending > 0:
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, t.message())
	case t.unavailable > 0:
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonUnavailable, t.message())
	case t.eligible > 0 && t.notDue() == t.eligible:
		// The announcement is rightly nowhere; kubectl get shows this reason beside Advertised.
		return condition(kind, metav1.ConditionTrue, t.silence.byCount()[0].reason, t.message())
	}
	return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonComplete, t.message())
}

// readyCondition says whether the announcement is carried out on the wire. A fault of the cluster or of a neighbour does not make it
// False, a fault of the object itself does.
func (t *tally) readyCondition(advertised metav1.Condition) metav1.Condition {
	const kind = v1alpha1.ConditionReady
	switch {
	case compile.IsSilence(advertised.Reason) && t.pending > 0:
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, t.message())
	case advertised.Reason == v1alpha1.ReasonExpired:
		return condition(kind, metav1.ConditionFalse, v1alpha1.ReasonExpired, "its time is over: to announce it again, write the time into the annotation "+
			v1alpha1.AnnotationRenewedAt+", or a longer spec.expireAfterSeconds")
	case advertised.Reason == v1alpha1.ReasonAdminDown && t.unavailable > 0:
		// A node that nobody hears of may still announce it.
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonUnavailable, t.message())
	case advertised.Reason == v1alpha1.ReasonAdminDown:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonAdminDown, "spec.adminState is Down, and nothing of it is sent")
	case advertised.Status != metav1.ConditionTrue:
		return readyAs(advertised)
	}
	for _, c := range t.reasons.byCount() {
		if ownReason(c.reason) {
			return condition(kind, metav1.ConditionFalse, c.reason, t.message())
		}
	}
	return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonReady, t.message())
}

// ownReason reports whether the reason lies in the announcement, not in the session, the node or the neighbour.
func ownReason(reason string) bool {
	switch reason {
	case v1alpha1.ReasonInvalid, v1alpha1.ReasonTooLarge, v1alpha1.ReasonOverMaxPrefixes, v1alpha1.ReasonInfrastructureRefused,
		v1alpha1.ReasonPrefixNotAllowed, v1alpha1.ReasonAttributeNotAllowed, v1alpha1.ReasonConflict, v1alpha1.ReasonTooLong:
		return true
	}
	return false
}
