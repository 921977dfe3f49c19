// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Peer is the status of a BGPPeer, over the nodes that it selects.
func (r *Rollup) Peer(object *v1alpha1.BGPPeer, now time.Time) v1alpha1.BGPPeerStatus {
	view := r.peers[object.Name]
	accepted := r.acceptedPeer(object, view)
	if view == nil {
		return v1alpha1.BGPPeerStatus{
			ObservedGeneration: object.Generation,
			Conditions: conditions(object.Status.Conditions, object.Generation, now, accepted,
				condition(v1alpha1.ConditionEstablished, metav1.ConditionFalse, accepted.Reason, "the object is not in use"),
				condition(v1alpha1.ConditionUpToDate, metav1.ConditionFalse, accepted.Reason, "the object is not in use")),
			Sessions: &v1alpha1.PeerSessions{Summary: summary(0, 0)},
		}
	}
	desired, up := len(view.sessions)+len(view.refusals), view.established()
	return v1alpha1.BGPPeerStatus{
		ObservedGeneration: object.Generation,
		Conditions: conditions(object.Status.Conditions, object.Generation, now,
			accepted, view.establishedCondition(desired, up), view.currentCondition(object)),
		Sessions:  &v1alpha1.PeerSessions{Desired: counter(desired), Established: counter(up), Summary: summary(up, desired)},
		LastError: view.lastError(),
	}
}

// acceptedPeer judges the object as it is now; what is in use may be an older version of it.
func (r *Rollup) acceptedPeer(object *v1alpha1.BGPPeer, view *peerView) metav1.Condition {
	const kind = v1alpha1.ConditionAccepted
	if issue := r.catalog.CheckPeer(object); issue != nil {
		return condition(kind, metav1.ConditionFalse, issue.Reason, issue.Message)
	}
	if view == nil {
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, "the object has not been read yet")
	}
	for _, refusal := range view.refusals {
		if refusal.issue.Condition == kind {
			return condition(kind, metav1.ConditionFalse, refusal.issue.Reason, refusal.issue.Message)
		}
	}
	return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "the object is valid and in use")
}

func (v *peerView) established() int {
	n := 0
	for _, session := range v.sessions {
		if session.established() {
			n++
		}
	}
	return n
}

func (v *peerView) establishedCondition(desired, up int) metav1.Condition {
	const kind = v1alpha1.ConditionEstablished
	switch {
	case desired == 0:
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonNoNodes, "spec.nodeSelector selects no node")
	case up == desired:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonEstablished, fmt.Sprintf("%d of %d sessions are Established", up, desired))
	}
	reason := v1alpha1.ReasonPartial
	if up == 0 {
		reason = v1alpha1.ReasonNone
	}
	if only := v.onlyRefusal(); only != "" {
		reason = only
	}
	return condition(kind, metav1.ConditionFalse, reason,
		fmt.Sprintf("%d of %d sessions are Established; %s", up, desired, v.whyDown()))
}

// onlyRefusal is the reason why no selected node can have a session, where all have the same.
func (v *peerView) onlyRefusal() string {
	if len(v.sessions) > 0 || len(v.refusals) == 0 {
		return ""
	}
	reason := v.refusals[0].issue.Reason
	for _, refusal := range v.refusals {
		if refusal.issue.Reason != reason {
			return ""
		}
	}
	return reason
}

// whyDown tells of one node whose session is down, the first by name whose reason is known.
func (v *peerView) whyDown() string {
	why := ""
	for _, session := range v.sessions {
		if session.established() {
			continue
		}
		if reason, known := session.whyDown(); known {
			return session.node.Name + ": " + reason
		} else if why == "" {
			why = session.node.Name + ": " + reason
		}
	}
	if len(v.refusals) > 0 {
		first := v.refusals[0]
		return first.node + ": " + first.issue.Reason + ": " + first.issue.Message
	}
	return why
}

// whyDown is the session's own word where it has one that still counts.
func (s *sessionView) whyDown() (reason string, known bool) {
	if !s.speaker {
		return "no speaker pod is ready on the node", false
	}
	if s.object != nil {
		if c := meta.FindStatusCondition(s.object.Status.Conditions, v1alpha1.ConditionEstablished); c != nil {
			return c.Reason + ": " + c.Message, true
		}
	}
	return "it has not reported yet", false
}

// currentCondition is False where one session says so, and Unknown while one has not seen the newest spec.
func (v *peerView) currentCondition(peer *v1alpha1.BGPPeer) metav1.Condition {
	const kind = v1alpha1.ConditionUpToDate
	if len(v.sessions) == 0 {
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonNoNodes, "no node has a session")
	}
	behind := ""
	for _, session := range v.sessions {
		c := session.current(peer)
		switch {
		case c == nil:
			if behind == "" {
				behind = session.node.Name
			}
		case c.Status != metav1.ConditionTrue:
			return condition(kind, c.Status, c.Reason, session.node.Name+": "+c.Message)
		}
	}
	if behind != "" {
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, behind+" has not reported this generation yet")
	}
	return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonUpToDate, "every session runs on the newest spec")
}

// current is the session's own condition, nil where a speaker that could say so does not, or speaks of another generation
// of the peer, or of another peer of that name.
func (s *sessionView) current(peer *v1alpha1.BGPPeer) *metav1.Condition {
	if s.object == nil || !s.speaker {
		return nil
	}
	newest := v1alpha1.SessionPeer{UID: string(peer.UID), Generation: peer.Generation}
	if of := s.object.Status.Peer; of == nil || *of != newest {
		return nil
	}
	return meta.FindStatusCondition(s.object.Status.Conditions, v1alpha1.ConditionUpToDate)
}

// lastError is the newest of all sessions; of two at once that of the first node by name.
func (v *peerView) lastError() *v1alpha1.PeerError {
	var newest *v1alpha1.PeerError
	for _, session := range v.sessions {
		if session.object == nil || session.object.Status.LastError == nil {
			continue
		}
		err := session.object.Status.LastError
		if newest == nil || newest.Time.Before(&err.Time) {
			newest = &v1alpha1.PeerError{Node: session.node.Name, Time: err.Time, Message: err.Text}
		}
	}
	return newest
}

// summary is what a column of kubectl shows.
func summary(have, want int) string { return fmt.Sprintf("%d/%d", have, want) }
