// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// maxVerdicts is the most verdicts that a status holds.
const maxVerdicts = 16

// verdict is what one session says of an announcement.
type verdict struct {
	// reason is why the session does not have it, or not whole; empty when it has. Winner is what it lost to.
	reason, winner string
	// reported: the session said something; caughtUp: it said it of the objects as they are now, and hides nothing.
	reported, caughtUp bool
}

func (v *peerView) verdict(s *sessionView, announcement string, bucket uint64) verdict {
	switch {
	case s.silent():
		return verdict{}
	case !s.established():
		return verdict{reason: v1alpha1.ReasonSessionDown, reported: true, caughtUp: true}
	}
	said := verdict{reported: s.decided(), caughtUp: s.matches&bucket != 0}
	if withheld := s.withheld[announcement]; withheld != nil {
		said.reason, said.winner = withheld.Reason, withheld.Winner
	} else if v.mayHide(s, announcement) {
		said.caughtUp = false
	}
	return said
}

// tally counts verdicts.
type tally struct {
	eligible, advertised, pending int
	reasons                       map[string]v1alpha1.Verdict
	// waitingFor is a session that is pending, as peer/node.
	waitingFor  string
	fingerprint uint64
}

func (t *tally) add(v verdict, decided bool, where string) {
	t.eligible++
	switch {
	case !decided:
		if t.pending++; t.waitingFor == "" {
			t.waitingFor = where
		}
	case v.reason == "":
		t.advertised++
	default:
		if t.reasons == nil {
			t.reasons = map[string]v1alpha1.Verdict{}
		}
		known, ok := t.reasons[v.reason]
		if !ok {
			known = v1alpha1.Verdict{Reason: v.reason, Example: where, Winner: v.winner}
		}
		known.Sessions++
		t.reasons[v.reason] = known
	}
}

func (t *tally) allAdvertised() bool { return t.eligible > 0 && t.advertised == t.eligible }

// verdicts are the reasons, the most frequent first, then in their documented order.
func (t *tally) verdicts() []v1alpha1.Verdict {
	var list []v1alpha1.Verdict
	for _, verdict := range t.reasons {
		list = append(list, verdict)
	}
	slices.SortFunc(list, func(a, b v1alpha1.Verdict) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), compile.CompareReasons(a.Reason, b.Reason))
	})
	return list[:min(len(list), maxVerdicts)]
}

// condition is Advertised where at least one session is eligible.
func (t *tally) condition() metav1.Condition {
	const kind = v1alpha1.ConditionAdvertised
	switch {
	case t.pending > 0:
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending,
			fmt.Sprintf("%d of %d sessions have not said what became of this generation, %s among them", t.pending, t.eligible, t.waitingFor))
	case t.allAdvertised():
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonAdvertised,
			fmt.Sprintf("written to all %d eligible sessions", t.eligible))
	}
	verdicts := t.verdicts()
	var why []string
	for _, v := range verdicts {
		reason := fmt.Sprintf("%s at %d, %s among them", v.Reason, v.Sessions, v.Example)
		if v.Winner != "" {
			reason += ", where " + v.Winner + " has the prefix"
		}
		why = append(why, reason)
	}
	return condition(kind, metav1.ConditionFalse, verdicts[0].Reason,
		fmt.Sprintf("%d of %d sessions do not have all of it: %s", t.eligible-t.advertised, t.eligible, strings.Join(why, "; ")))
}
