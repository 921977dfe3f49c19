// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// Cluster is everything that the roll-up reads. It is read, never changed.
type Cluster struct {
	// Catalog is made from the objects, as each node makes its own.
	Catalog *compile.Catalog
	// Nodes are all nodes.
	Nodes []compile.NodeFacts
	// Sessions are all BGPSessions.
	Sessions []v1alpha1.BGPSession
	// Speakers are the names of the nodes on which a speaker runs, ready or not. Nil means that it is not known: then every
	// node counts as having one.
	Speakers map[string]bool
	// Lost are the names of the nodes that give no sign of life: whatever runs there reports nothing.
	Lost map[string]bool
	// History is that of the Rollup before this one; nil for the first.
	History *History
}

// History is what the next Rollup has to know of one: which sessions it saw, and since when each is as it is.
type History struct {
	round    uint64
	sessions map[sessionKey]past
}

// past is the state that a session was in, and the round that first found it so.
type past struct{ state, changed uint64 }

// since is the round since which a session has been in that state.
func (h *History) since(key sessionKey, state, round uint64) uint64 {
	if h != nil {
		if known, ok := h.sessions[key]; ok && known.state == state {
			return known.changed
		}
	}
	return round
}

// Rollup answers what became of each object, over all sessions. It is immutable.
type Rollup struct {
	catalog  *compile.Catalog
	speakers map[string]bool
	lost     map[string]bool
	former   *History
	history  *History
	// peers are the sessions and announcements of each valid BGPPeer, by its name and in the order of the catalog.
	peers map[string]*peerView
	order []*peerView
}

// peerView is what the roll-up knows of one peer.
type peerView struct {
	peer *compile.Peer
	// sessions are those that nodes are to have, by the node's name.
	sessions []*sessionView
	// refusals say on which selected nodes there can be none, by the node's name.
	refusals []refusal
	// eligible are the announcements for the peer, oldest first, and places their places in it by name.
	eligible []*compile.Announcement
	places   map[string]int
}

// refusal is a node that is selected, and why it has no session.
type refusal struct {
	node  string
	issue compile.Issue
}

// sessionKey finds a BGPSession by its spec: its name is opaque.
type sessionKey struct{ peer, node, remote string }

// NewRollup reads the cluster. Each pair of a peer and a node is looked at once, and so is each pair of a peer and an
// announcement.
func NewRollup(cluster Cluster) *Rollup {
	r := &Rollup{
		catalog:  cluster.Catalog,
		speakers: cluster.Speakers,
		lost:     cluster.Lost,
		peers:    make(map[string]*peerView, len(cluster.Catalog.Peers)),
		former:   cluster.History,
		history:  &History{round: 1, sessions: make(map[sessionKey]past, len(cluster.Sessions))},
	}
	if r.former != nil {
		r.history.round = r.former.round + 1
	}
	for _, peer := range cluster.Catalog.Peers {
		view := &peerView{peer: peer, eligible: cluster.Catalog.Eligible(peer), places: map[string]int{}}
		for i, announcement := range view.eligible {
			view.places[announcement.Ref.String()] = i
		}
		r.peers[peer.Ref.Name] = view
		r.order = append(r.order, view)
	}
	objects := make(map[sessionKey]*v1alpha1.BGPSession, len(cluster.Sessions))
	for i := range cluster.Sessions {
		objects[keyOf(&cluster.Sessions[i].Spec)] = &cluster.Sessions[i]
	}
	for i := range cluster.Nodes {
		r.addNode(&cluster.Nodes[i], objects)
	}
	for _, view := range r.order {
		slices.SortFunc(view.sessions, func(a, b *sessionView) int { return cmp.Compare(a.node.Name, b.node.Name) })
		slices.SortFunc(view.refusals, func(a, b refusal) int { return cmp.Compare(a.node, b.node) })
		view.compareDigests()
	}
	return r
}

func keyOf(spec *v1alpha1.BGPSessionSpec) sessionKey {
	return sessionKey{peer: spec.PeerName, node: spec.NodeName, remote: spec.Remote}
}

// addNode adds the sessions that a node is to have.
func (r *Rollup) addNode(node *compile.NodeFacts, objects map[sessionKey]*v1alpha1.BGPSession) {
	sessions, issues := r.catalog.Sessions(node)
	for _, session := range sessions {
		view := r.peers[session.Peer.Ref.Name]
		key := sessionKey{peer: session.Peer.Ref.Name, node: node.Name, remote: session.Peer.Address.Addr().String()}
		seen := newSessionView(session.Peer, node, objects[key], r.hasSpeaker(node.Name))
		seen.changed = r.former.since(key, seen.state, r.history.round)
		r.history.sessions[key] = past{state: seen.state, changed: seen.changed}
		view.sessions = append(view.sessions, seen)
	}
	for _, issue := range issues {
		if issue.Kind == compile.KindBGPPeer {
			view := r.peers[issue.Ref.Name]
			view.refusals = append(view.refusals, refusal{node: node.Name, issue: issue})
		}
	}
}

// hasSpeaker reports whether a speaker runs on a node that is not lost, as far as that is known.
func (r *Rollup) hasSpeaker(node string) bool {
	return r.speakers == nil || r.speakers[node] && !r.lost[node]
}

// History is for the next Rollup.
func (r *Rollup) History() *History { return r.history }

// LeftOver reports whether a BGPSession is to be deleted: the node or the peer is gone, or the one no longer selects the
// other, and no speaker runs there that would delete it. A node's own speaker knows better than a roll-up whose caches
// may be behind.
func (r *Rollup) LeftOver(session *v1alpha1.BGPSession) bool {
	_, wanted := r.history.sessions[keyOf(&session.Spec)]
	return !wanted && !r.hasSpeaker(session.Spec.NodeName)
}

// SessionReport is what the roll-up writes of a BGPSession: whether the speaker of its node reports it and, where it does not,
// what is not known by that.
type SessionReport struct {
	Conditions []metav1.Condition    `json:"conditions"`
	State      v1alpha1.SessionState `json:"state,omitempty"`
}

// Reporting is what to write of a BGPSession; nil while it is not known where speakers run. Written are the conditions that the
// roll-up wrote last.
func (r *Rollup) Reporting(session *v1alpha1.BGPSession, written []metav1.Condition, now time.Time) *SessionReport {
	if r.speakers == nil {
		return nil
	}
	const kind = v1alpha1.ConditionReporting
	reporting := condition(kind, metav1.ConditionTrue, v1alpha1.ReasonReporting, "the speaker on the node runs")
	switch node := session.Spec.NodeName; {
	case r.lost[node]:
		reporting = condition(kind, metav1.ConditionFalse, v1alpha1.ReasonNodeLost, "the node gives no sign of life; "+lastReport)
	case !r.speakers[node]:
		reporting = condition(kind, metav1.ConditionFalse, v1alpha1.ReasonNoSpeaker, "no speaker runs on the node; "+lastReport)
	}
	// Every generation of a BGPSession has the same spec.
	report := &SessionReport{Conditions: conditions(written, session.Generation, now, reporting)}
	was := meta.FindStatusCondition(written, kind)
	established := meta.FindStatusCondition(session.Status.Conditions, v1alpha1.ConditionEstablished)
	switch {
	case reporting.Status == metav1.ConditionFalse && (was == nil || was.Status != metav1.ConditionFalse):
		// Once: whatever the node says after that counts, be it what it said before.
		unknown := condition(v1alpha1.ConditionEstablished, metav1.ConditionUnknown, v1alpha1.ReasonNotReporting, reporting.Message)
		report.Conditions = append(report.Conditions, conditions(session.Status.Conditions, session.Generation, now, unknown)...)
		report.State = v1alpha1.SessionUnknown
	case established != nil && established.Reason == v1alpha1.ReasonNotReporting:
		// The node has not taken it back: it is the roll-up's, and would be removed by an apply without it.
		report.Conditions = append(report.Conditions, *established)
		report.State = v1alpha1.SessionUnknown
	}
	return report
}

// lastReport says what the rest of a status is worth.
const lastReport = "the rest of the status is as it was last reported"
