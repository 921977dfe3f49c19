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

// Confirmation is what the roll-up remembers of an Announcement from one status to the next: that all its sessions had
// decided on a generation, and what they said. Other announcements change the digests of a session too; they take nothing
// from what was confirmed.
type Confirmation struct {
	confirmed  bool
	generation int64
	// sessions stands for the eligible sessions, their states and what they withhold.
	sessions uint64
}

// Announcement is the status of an Announcement, over all eligible sessions. Before is what the call for its last status
// gave; nil, after an election, takes the status that the object has as confirmed where it says True of this generation.
func (r *Rollup) Announcement(object *v1alpha1.Announcement, before *Confirmation, now time.Time) (v1alpha1.AnnouncementStatus, *Confirmation) {
	prefixes, issue := r.catalog.CheckAnnouncement(object)
	known := r.catalog.Announcement(object.Namespace + "/" + object.Name)
	accepted := condition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "the object is valid and in use")
	if issue != nil {
		accepted = condition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, issue.Reason, issue.Message)
	}
	var advertised metav1.Condition
	var named string
	var t tally
	after := &Confirmation{}
	switch {
	case known != nil:
		// What is in use may be an older version of the object.
		prefixes, named = known.Prefixes, known.Summary()
		t, after = r.settle(known, object, before)
		advertised = r.advertised(known, &t)
	case issue != nil:
		advertised = condition(v1alpha1.ConditionAdvertised, metav1.ConditionFalse, issue.Reason, "the object is not in use: "+issue.Message)
	default:
		advertised = condition(v1alpha1.ConditionAdvertised, metav1.ConditionUnknown, v1alpha1.ReasonPending, "the object has not been read yet")
	}
	return v1alpha1.AnnouncementStatus{
		ObservedGeneration: object.Generation,
		Conditions:         conditions(object.Status.Conditions, object.Generation, now, accepted, advertised),
		Prefixes:           counter(prefixes),
		Summary:            named,
		Sessions: &v1alpha1.AnnouncementSessions{
			Eligible:   counter(t.eligible),
			Advertised: counter(t.advertised),
			Summary:    summary(t.advertised, t.eligible),
		},
		Verdicts: t.verdicts(),
	}, after
}

// settle counts what the sessions say. Where one has not caught up, what was confirmed of the same sessions stays.
func (r *Rollup) settle(known *compile.Announcement, object *v1alpha1.Announcement, before *Confirmation) (tally, *Confirmation) {
	certain, trusting := r.count(known)
	after := &Confirmation{confirmed: true, generation: object.Generation, sessions: trusting.fingerprint}
	switch {
	case certain.pending == 0:
		return certain, after
	case before == nil && trusting.allAdvertised() && confirmedBefore(object):
		return trusting, after
	case before != nil && *before == *after:
		return trusting, after
	}
	return certain, &Confirmation{}
}

// advertised is the condition, with what is missing where no session is eligible.
func (r *Rollup) advertised(announcement *compile.Announcement, t *tally) metav1.Condition {
	if t.eligible > 0 {
		return t.condition()
	}
	why := r.catalog.WhyNoPeer(announcement)
	if why == "" {
		why = "no node that spec.nodeSelector selects has a session with a BGPPeer that the announcement may go to"
	}
	return condition(v1alpha1.ConditionAdvertised, metav1.ConditionFalse, v1alpha1.ReasonNoSession, why)
}

// confirmedBefore reports whether the status that the object has says True of its generation.
func confirmedBefore(object *v1alpha1.Announcement) bool {
	c := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionAdvertised)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == object.Generation
}

// count goes through the eligible sessions twice in one: certain counts a session only once its digest says that it has
// decided on the announcement, trusting believes what a session says though it may speak of an older state.
func (r *Rollup) count(announcement *compile.Announcement) (certain, trusting tally) {
	name := announcement.Ref.String()
	bucket := uint64(1) << announcement.Term().Bucket()
	for _, view := range r.order {
		if _, ok := view.places[name]; !ok {
			continue
		}
		for _, session := range view.sessions {
			if !announcement.SelectsNode(session.node.Labels) {
				continue
			}
			v := view.verdict(session, name, bucket)
			certain.add(v, v.caughtUp, session.where)
			trusting.add(v, v.reported, session.where)
			trusting.fingerprint = mix(trusting.fingerprint, session.state, textHash(v.reason))
		}
	}
	return certain, trusting
}
