// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// Confirmation is the roll-up's memory of an Announcement from one status to the next: that all its sessions had decided on a
// generation. Other announcements change the digests of a session too, but that does not end the confirmation. A session that
// comes or goes loses only its own confirmation.
type Confirmation struct {
	confirmed  bool
	generation int64
	// settled: at the last look no session was pending, so that all of them are confirmed.
	settled bool
	// round is the last in which all sessions had decided.
	round uint64
	// sessions is a hash of the eligible sessions and of the verdicts that follow from the objects.
	sessions uint64
}

// Announcement returns the status of an Announcement, over all eligible sessions. before is the Confirmation that the last call for
// the object returned. With nil, as after an election, the stored status counts as confirmed if it says True of this generation.
func (r *Rollup) Announcement(object *v1alpha1.Announcement, before *Confirmation, now time.Time) (v1alpha1.AnnouncementStatus, *Confirmation) {
	prefixes, issue := r.cluster.Catalog.CheckAnnouncement(object)
	known := r.cluster.Catalog.Announcement(object.Namespace + "/" + object.Name)
	accepted := condition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "the object is valid and in use")
	switch {
	case issue != nil:
		accepted = condition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, issue.Reason, issue.Message)
	case known == nil:
		accepted = condition(v1alpha1.ConditionAccepted, metav1.ConditionUnknown, v1alpha1.ReasonPending, "the object has not been read yet")
	default:
		if missing := r.cluster.Catalog.MissingPeers(known); missing != "" {
			accepted.Message += "; " + missing
		}
	}
	expiry := r.cluster.Catalog.Expiry(object.Namespace + "/" + object.Name)
	switch {
	case expiry.Problem != "":
		accepted.Message += "; " + expiry.Problem
	case known != nil && expiry.At.IsZero() && compile.RenewalOf(&object.ObjectMeta).There:
		accepted.Message += "; the annotation " + v1alpha1.AnnotationRenewedAt + " has no effect without spec.expireAfterSeconds"
	}
	out := v1alpha1.AnnouncementStatus{ObservedGeneration: object.Generation, Prefixes: counter(prefixes)}
	out.Expires = expires(&expiry, object.Status.Expires, now)
	var t tally
	after := &Confirmation{}
	ready, advertised, complete := readyAs(accepted), notInUse(v1alpha1.ConditionAdvertised, accepted), notInUse(v1alpha1.ConditionComplete, accepted)
	if known == nil && issue != nil {
		if n, example := r.mayHold(object); n > 0 {
			advertised, complete = unknownHeld(v1alpha1.ConditionAdvertised, n, example), unknownHeld(v1alpha1.ConditionComplete, n, example)
		}
	}
	if known != nil {
		t, after = r.settle(known, object, before)
		advertised, complete = r.wire(known, &t)
		out.Prefixes, out.Summary = counter(known.Prefixes), known.Summary()
		if issue == nil {
			ready = t.readyCondition(advertised)
		} else {
			// An older version of the object is in use, so these two conditions speak of that version.
			advertised.ObservedGeneration, complete.ObservedGeneration = known.Ref.Generation, known.Ref.Generation
		}
	}
	out.Conditions = conditions(object.Status.Conditions, object.Generation, now, ready, accepted, advertised, complete)
	out.Sessions = &v1alpha1.AnnouncementSessions{
		Eligible:    counter(t.eligible),
		Advertised:  counter(t.advertised),
		NotDue:      counter(t.notDue()),
		Unavailable: counter(t.unavailable),
		Summary:     summary(t.advertised, t.eligible),
	}
	out.Verdicts = t.verdicts()
	return out, after
}

// expires is what the status says of an expiry; before is what it said last, nil for nothing. Renewals in the first half of the life of an
// announcement are not worth a write, which goes to every node: what the status says is then too early.
func expires(e *compile.Expiry, before *metav1.Time, now time.Time) *metav1.Time {
	switch {
	case e.At.IsZero():
		return nil
	case before != nil && !e.Near && before.Time.After(now.Add(e.After/2)) && before.Time.Before(e.At):
		return before
	}
	return new(metav1.NewTime(e.At))
}

// settle counts the reports of the sessions, and returns the confirmation that follows from them.
func (r *Rollup) settle(known *compile.Announcement, object *v1alpha1.Announcement, before *Confirmation) (tally, *Confirmation) {
	var trusted Confirmation
	switch {
	case before == nil && completeBefore(object, known):
		// The leader before saw the announcement everywhere: the reports of its sessions count for this generation.
		trusted = Confirmation{confirmed: true, generation: object.Generation, round: r.round}
	case before != nil && before.generation == object.Generation:
		trusted = *before
	}
	// Somebody whose clock differs may have withdrawn it already, or not yet: only what the sessions say now counts.
	near := r.cluster.Catalog.Expiry(known.Name()).Near
	if near {
		trusted = Confirmation{}
	}
	t := r.count(known, &trusted)
	switch {
	case before == nil:
		trusted.sessions = t.sessions
	case trusted.confirmed && trusted.sessions != t.sessions:
		// Perhaps one of the sessions lacked the announcement for a while, and no report showed it.
		trusted = Confirmation{}
		t = r.count(known, &trusted)
	}
	if t.pending == 0 {
		return t, &Confirmation{confirmed: true, generation: object.Generation, settled: !near, round: r.round, sessions: t.sessions}
	}
	trusted.settled = false
	return t, &trusted
}

// wire returns Advertised and Complete. If no session is eligible, they say why.
func (r *Rollup) wire(announcement *compile.Announcement, t *tally) (advertised, complete metav1.Condition) {
	if t.eligible > 0 {
		return t.advertisedCondition(), t.completeCondition()
	}
	why := r.cluster.Catalog.WhyNoPeer(announcement)
	if why == "" {
		why = "no node that spec.nodeSelector selects has a session with a BGPPeer that the announcement may go to"
	}
	return condition(v1alpha1.ConditionAdvertised, metav1.ConditionFalse, v1alpha1.ReasonNoSession, why),
		condition(v1alpha1.ConditionComplete, metav1.ConditionFalse, v1alpha1.ReasonNoSession, why)
}

// completeBefore reports whether the stored status says Complete of the object's generation, and of what has become of it with time.
func completeBefore(object *v1alpha1.Announcement, known *compile.Announcement) bool {
	c := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionComplete)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == object.Generation &&
		(c.Reason == v1alpha1.ReasonExpired) == (known.Silence() == v1alpha1.ReasonExpired)
}

// count goes through the eligible sessions.
func (r *Rollup) count(announcement *compile.Announcement, confirmed *Confirmation) tally {
	t := tally{prefixes: announcement.Prefixes, sent: announcement.Prefixes}
	name := announcement.Name()
	for _, view := range r.order {
		if !view.judge.Eligible(announcement) {
			continue
		}
		for _, g := range view.groups[announcement.NodeSelector()] {
			g.tally(&t, announcement, name, confirmed)
		}
	}
	r.countUnseen(&t, announcement)
	return t
}
