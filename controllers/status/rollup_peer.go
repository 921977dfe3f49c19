// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// maxRefusals is the most refusals that a status holds.
const maxRefusals = 16

// Peer is the status of a BGPPeer, over the nodes that it selects.
func (r *Rollup) Peer(object *v1alpha1.BGPPeer, now time.Time) v1alpha1.BGPPeerStatus {
	view := r.peers[object.Name]
	accepted := r.acceptedPeer(object, view)
	if unseen := r.unseen[object.Name]; unseen != nil && unseen.peer.Ref.UID == object.UID {
		return unseen.statusUnseen(object, accepted, now)
	}
	if view == nil {
		return v1alpha1.BGPPeerStatus{
			ObservedGeneration: object.Generation,
			Conditions: conditions(object.Status.Conditions, object.Generation, now,
				readyAs(accepted), accepted, notInUse(v1alpha1.ConditionEstablished, accepted), notInUse(v1alpha1.ConditionUpToDate, accepted)),
			Sessions: &v1alpha1.PeerSessions{Summary: summary(0, 0)},
		}
	}
	t := view.tally()
	established, upToDate := t.condition(), view.upToDate(object)
	if inForce := view.peer.Ref.Generation; inForce != object.Generation && accepted.Status == metav1.ConditionFalse {
		established.ObservedGeneration = inForce
		upToDate = condition(v1alpha1.ConditionUpToDate, metav1.ConditionFalse, accepted.Reason, fmt.Sprintf("generation %d is in force", inForce))
	}
	return v1alpha1.BGPPeerStatus{
		ObservedGeneration: object.Generation,
		Conditions: conditions(object.Status.Conditions, object.Generation, now,
			view.ready(&t, accepted, established), accepted, established, upToDate),
		Sessions: &v1alpha1.PeerSessions{
			Desired: counter(t.desired), Established: counter(t.up), Unavailable: counter(t.unavailable), Summary: summary(t.up, t.desired),
		},
		Refusals:  view.refused(),
		LastError: view.lastError(),
	}
}

// acceptedPeer judges the newest version of the object; an older version may be in use. If only some nodes refuse it, the
// refusals say so.
func (r *Rollup) acceptedPeer(object *v1alpha1.BGPPeer, view *peerView) metav1.Condition {
	const kind = v1alpha1.ConditionAccepted
	if issue := r.cluster.Catalog.CheckPeer(object); issue != nil {
		message := issue.Message
		if issue.Held && view != nil {
			message += fmt.Sprintf(" at %d of %d nodes", view.running(), len(view.sessions)+len(view.refusals))
		}
		return condition(kind, metav1.ConditionFalse, issue.Reason, message)
	}
	if view == nil {
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, "the object has not been read yet")
	}
	const used = "the object is valid and in use"
	var refused *compile.Issue
	nodes := 0
	for i := range view.refusals {
		if issue := &view.refusals[i].issue; issue.Condition == kind {
			if refused == nil {
				refused = issue
			}
			nodes++
		}
	}
	switch desired := len(view.sessions) + len(view.refusals); {
	case refused == nil:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonAccepted, used)
	case nodes == desired:
		return condition(kind, metav1.ConditionFalse, refused.Reason, refused.Message)
	default:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonAccepted,
			fmt.Sprintf("%s, but not at %d of %d nodes: %s: %s", used, nodes, desired, refused.Reason, refused.Message))
	}
}

// running counts the nodes that have taken up the version that is in force.
func (v *peerView) running() (nodes int) {
	for _, session := range v.sessions {
		if session.standing != unavailable && session.runs(v.peer.Ref) {
			nodes++
		}
	}
	return nodes
}

// notInUse is a condition of an object that is not in use.
func notInUse(kind string, accepted metav1.Condition) metav1.Condition {
	return condition(kind, accepted.Status, accepted.Reason, "the object is not in use: "+accepted.Message)
}

// readyAs is Ready if another condition, which is not True, decides it.
func readyAs(decides metav1.Condition) metav1.Condition {
	return condition(v1alpha1.ConditionReady, decides.Status, decides.Reason, decides.Message)
}

// peerTally counts the sessions of a peer.
type peerTally struct {
	desired, up, pending, unavailable int
	// down are the reasons why sessions are down or cannot exist.
	down causes
	// waitingFor is the first pending node, gone the first unavailable one.
	waitingFor, gone string
}

func (v *peerView) tally() peerTally {
	t := peerTally{desired: len(v.sessions) + len(v.refusals)}
	for _, session := range v.sessions {
		switch session.standing {
		case up:
			t.up++
		case down:
			said := session.condition(v1alpha1.ConditionEstablished)
			t.down.add(cause{reason: said.Reason, count: 1, example: session.node.Name, text: said.Message})
		case pending:
			if t.pending++; t.waitingFor == "" {
				t.waitingFor = session.node.Name
			}
		case unavailable:
			if t.unavailable++; t.gone == "" {
				t.gone = session.node.Name
			}
		}
	}
	for i := range v.refusals {
		refusal := &v.refusals[i]
		t.down.add(cause{reason: refusal.issue.Reason, count: 1, example: refusal.node, text: refusal.issue.Message})
	}
	return t
}

// condition is Established. If no session is up, the most frequent reason decides.
func (t *peerTally) condition() metav1.Condition {
	const kind = v1alpha1.ConditionEstablished
	if t.desired == 0 {
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonNoNodes, "spec.nodeSelector selects no node that is to run a speaker")
	}
	message := fmt.Sprintf("%d of %d sessions are Established%s", t.up, t.desired, t.missing())
	down := t.down.byCount()
	switch {
	case t.up > 0 && t.up+t.unavailable == t.desired:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonEstablished, message)
	case t.up > 0:
		return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonPartial, message)
	case t.pending > 0 && (len(down) == 0 || t.pending >= down[0].count):
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, message)
	case len(down) > 0:
		return condition(kind, metav1.ConditionFalse, down[0].reason, message)
	}
	return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonUnavailable, message)
}

// missing is the text on the sessions that are not up.
func (t *peerTally) missing() string {
	text := ""
	if len(t.down) > 0 {
		text += "; " + t.down.String()
	}
	if t.pending > 0 {
		text += fmt.Sprintf("; %d not reported on the newest spec yet, %s among them", t.pending, t.waitingFor)
	}
	if t.unavailable > 0 {
		text += fmt.Sprintf("; %d unavailable (lost, or without a speaker), %s among them", t.unavailable, t.gone)
	}
	return text
}

// ready follows from Accepted and Established. A peer with adminState Down is ready once no session is up.
func (v *peerView) ready(t *peerTally, accepted, established metav1.Condition) metav1.Condition {
	switch {
	case accepted.Status != metav1.ConditionTrue:
		return readyAs(accepted)
	case v.peer.AdminDown() && t.up+t.pending == 0:
		return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAdminDown, "spec.adminState is Down, and no session is up")
	case v.peer.AdminDown():
		return condition(v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonPending, "spec.adminState is Down; "+established.Message)
	case established.Status != metav1.ConditionTrue:
		return readyAs(established)
	}
	return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, established.Message)
}

// refused counts the nodes that can have no session.
func (v *peerView) refused() []v1alpha1.NodeRefusal {
	var reasons causes
	for i := range v.refusals {
		reasons.add(cause{reason: v.refusals[i].issue.Reason, count: 1, example: v.refusals[i].node})
	}
	var list []v1alpha1.NodeRefusal
	for _, c := range reasons.byCount() {
		list = append(list, v1alpha1.NodeRefusal{Reason: c.reason, Nodes: counter(c.count), Example: c.example})
	}
	return list[:min(len(list), maxRefusals)]
}

// upToDate is False if one session says so, and Unknown while one has not seen the newest spec. An unavailable node has no session
// that could lag behind.
func (v *peerView) upToDate(peer *v1alpha1.BGPPeer) metav1.Condition {
	const kind = v1alpha1.ConditionUpToDate
	if len(v.sessions) == 0 {
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonNoNodes, "no node has a session")
	}
	behind, available := "", 0
	for _, session := range v.sessions {
		if session.standing == unavailable {
			continue
		}
		available++
		c := session.upToDate(peer)
		switch {
		case c == nil:
			if behind == "" {
				behind = session.node.Name
			}
		case c.Status != metav1.ConditionTrue:
			return condition(kind, c.Status, c.Reason, session.node.Name+": "+c.Message)
		}
	}
	switch {
	case available == 0:
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonUnavailable, "every node is lost or runs no speaker")
	case behind != "":
		return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, behind+" has not reported this generation yet")
	}
	return condition(kind, metav1.ConditionTrue, v1alpha1.ReasonUpToDate, "every session runs on the newest spec")
}

// upToDate is the session's own condition, nil if it speaks of another generation of the peer, or of another peer of that
// name.
func (s *sessionView) upToDate(peer *v1alpha1.BGPPeer) *metav1.Condition {
	if !s.runs(compile.RefOf(&peer.ObjectMeta)) {
		return nil
	}
	return s.condition(v1alpha1.ConditionUpToDate)
}

// lastError is the newest error of all sessions; of two at the same time, the one of the first node by name.
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

// summary is the text of a kubectl column.
func summary(have, want int) string { return fmt.Sprintf("%d/%d", have, want) }
