// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// Cluster is everything that the roll-up reads but the BGPSessions. The roll-up never changes it.
type Cluster struct {
	// Catalog is made from the objects, as each node makes its own. Changes are what became of it since the update before; of another
	// Catalog than before everything counts as changed.
	Catalog *compile.Catalog
	Changes compile.Changes
	// Nodes are all nodes. A slice that is the same is taken for unchanged.
	Nodes []compile.NodeFacts
	// Speakers are the names of the nodes on which a speaker runs, ready or not. Nil means unknown: then every node counts as
	// having a speaker.
	Speakers map[string]bool
	// Lost are the names of the nodes that give no sign of life: a speaker there reports nothing.
	Lost map[string]bool
}

// Rollup sums up over all sessions how far each object is carried out. It follows changes: a changed BGPSession costs a look at
// its own sums, a changed Announcement a look at the sums of its sessions. It is not safe for concurrent use.
type Rollup struct {
	cluster Cluster
	// round counts the updates: see sessionView.changed.
	round uint64
	// peers hold the sessions and announcements of each valid BGPPeer, by its name and in the order of the catalog.
	peers map[string]*peerView
	order []*peerView
	// unseen are the BGPPeers, by name, of which nodes run a version that this process never read.
	unseen map[string]*peerView
	// leftOut are the names of all BGPPeers that exist and are not in use.
	leftOut map[string]bool
	// wanted are the sessions that nodes shall have, of all peers and of each node, and objects are all BGPSessions.
	wanted  map[sessionKey]*sessionView
	ofNode  map[string][]*sessionView
	objects map[sessionKey]*v1alpha1.BGPSession
	// chosen are the nodes that each node selector chooses, by the selector's canonical form.
	chosen map[string]nodeSet
	// touched are the announcements, by name, on which the report of some session changed in the last update.
	touched map[string]bool
}

// peerView is what the roll-up knows of one peer.
type peerView struct {
	catalog *compile.Catalog
	peer    *compile.Peer
	version compile.PeerVersion
	// sessions are the sessions that nodes shall have, by the node's name.
	sessions []*sessionView
	// refusals are the selected nodes that can have no session, by the node's name.
	refusals []refusal
	// judge says what the objects say of announcements for the peer, wherever they go out, and eligible are those. bound: groups have
	// judges of their own.
	judge    *compile.Judge
	eligible *eligible
	bound    bool
	// groups are the sessions whose nodes the same selectors choose, by each of those selectors.
	groups map[string][]*group
	// touched says that the sessions changed in the last update.
	touched bool
}

// refusal is a selected node and the reason why it has no session.
type refusal struct {
	node  string
	issue compile.Issue
}

// sessionKey finds a BGPSession by its spec, since its name is opaque. If two have the same spec, only one counts: see named.
type sessionKey struct{ peer, node, remote string }

func keyOf(spec *v1alpha1.BGPSessionSpec) sessionKey {
	return sessionKey{peer: spec.PeerName, node: spec.NodeName, remote: spec.Remote}
}

// NewRollup returns a roll-up that knows nothing yet.
func NewRollup() *Rollup {
	return &Rollup{
		cluster: Cluster{Catalog: compile.NewCatalog("", false)},
		wanted:  map[sessionKey]*sessionView{},
		objects: map[sessionKey]*v1alpha1.BGPSession{},
		chosen:  map[string]nodeSet{},
	}
}

// Update takes over the present state of the cluster, with the BGPSessions that are new or changed, and those that are gone.
func (r *Rollup) Update(cluster Cluster, changed, gone []*v1alpha1.BGPSession) {
	before, leftOut := r.cluster, r.leftOut
	r.cluster = cluster
	r.round++
	r.forgetTouched()
	dirty := make(map[sessionKey]bool, len(changed)+len(gone))
	for _, object := range gone {
		key := keyOf(&object.Spec)
		if known := r.objects[key]; known != nil && known.UID == object.UID {
			delete(r.objects, key)
		}
		dirty[key] = true
	}
	for _, object := range changed {
		key := keyOf(&object.Spec)
		if r.objects[key] == nil || named(object) || !named(r.objects[key]) {
			r.objects[key] = object
		}
		dirty[key] = true
	}
	r.readUnseen()
	compile.ForgetAnswers(r.chosen, len(cluster.Catalog.Announcements))
	another, nodes := before.Catalog != cluster.Catalog, !compile.SameSlice(before.Nodes, cluster.Nodes)
	if another {
		r.peers, r.order = nil, nil
	}
	for _, view := range r.order {
		r.judge(view, &cluster.Changes)
	}
	if another || nodes || len(cluster.Changes.Peers) > 0 {
		r.rebuild(nodes)
		return
	}
	for _, view := range r.order {
		r.change(view, &cluster.Changes)
	}
	r.touchChanged(leftOut)
	for i := range cluster.Nodes {
		if name := cluster.Nodes[i].Name; before.hasSpeaker(name) != cluster.hasSpeaker(name) {
			for _, session := range r.ofNode[name] {
				dirty[session.id] = true
			}
		}
	}
	for key := range dirty {
		if session := r.wanted[key]; session != nil {
			r.refresh(session)
		}
	}
}

// touch notes that the status of an announcement may differ; nil is none.
func (r *Rollup) touch(a *compile.Announcement) {
	if a != nil {
		r.touched[a.Name()] = true
	}
}

// touchChanged touches the announcements that changed, and those that name a BGPPeer that came or went without ever being in use.
func (r *Rollup) touchChanged(leftOut map[string]bool) {
	for _, change := range r.cluster.Changes.Announcements {
		r.touch(change.From)
		r.touch(change.To)
	}
	for _, name := range r.cluster.Changes.Renewed {
		r.touched[name] = true
	}
	if maps.Equal(leftOut, r.leftOut) {
		return
	}
	for _, a := range r.cluster.Catalog.Announcements {
		if slices.ContainsFunc(a.PeerNames(), func(name string) bool { return leftOut[name] != r.leftOut[name] }) {
			r.touch(a)
		}
	}
}

// named reports whether a BGPSession has the name that speakers give it today. Beside it there may be one, of the same spec, that an
// earlier release named: its speaker deletes that.
func named(object *v1alpha1.BGPSession) bool {
	return object.Name == compile.SessionName(object.Spec.PeerName, object.Spec.NodeName)
}

// forgetTouched begins a new update.
func (r *Rollup) forgetTouched() {
	r.touched = map[string]bool{}
	for _, view := range r.order {
		view.touched = false
		for _, groups := range view.groups {
			for _, g := range groups {
				g.touched, g.touchedSums = false, 0
			}
		}
	}
}

// rebuild finds anew which sessions shall exist, and takes over from the former sessions in which round each last changed.
func (r *Rollup) rebuild(nodes bool) {
	former, formerPeers := r.wanted, r.peers
	r.peers, r.order = make(map[string]*peerView, len(r.cluster.Catalog.Peers)), nil
	r.wanted, r.ofNode = make(map[sessionKey]*sessionView, len(former)), map[string][]*sessionView{}
	if nodes {
		r.chosen = map[string]nodeSet{}
	}
	for _, peer := range r.cluster.Catalog.Peers {
		view := r.newView(peer, formerPeers[peer.Ref.Name])
		r.peers[peer.Ref.Name] = view
		r.order = append(r.order, view)
	}
	for i := range r.cluster.Nodes {
		r.addNode(i, former)
	}
	for _, view := range r.order {
		slices.SortFunc(view.sessions, func(a, b *sessionView) int { return cmp.Compare(a.node.Name, b.node.Name) })
		slices.SortFunc(view.refusals, func(a, b refusal) int { return cmp.Compare(a.node, b.node) })
		r.regroup(view)
	}
	for _, announcement := range r.cluster.Catalog.Announcements {
		r.touch(announcement)
	}
}

// addNode adds the sessions that a node shall have.
func (r *Rollup) addNode(place int, former map[sessionKey]*sessionView) {
	node := &r.cluster.Nodes[place]
	sessions, issues := r.cluster.Catalog.Sessions(node)
	for _, session := range sessions {
		view := r.peers[session.Peer.Ref.Name]
		key := sessionKey{peer: session.Peer.Ref.Name, node: node.Name, remote: session.Peer.Address.Addr().String()}
		seen := newSessionView(view, node, place, key)
		seen.read(r.objects[key], r.cluster.hasSpeaker(node.Name))
		seen.changed = r.round
		if before := former[key]; before != nil && before.state == seen.state {
			seen.changed = before.changed
		}
		view.sessions = append(view.sessions, seen)
		r.wanted[key] = seen
		r.ofNode[node.Name] = append(r.ofNode[node.Name], seen)
	}
	for _, issue := range issues {
		if issue.Kind == compile.KindBGPPeer {
			view := r.peers[issue.Ref.Name]
			view.refusals = append(view.refusals, refusal{node: node.Name, issue: issue})
		}
	}
}

// hasSpeaker reports whether a speaker runs on a node that is not lost, as far as that is known.
func (c *Cluster) hasSpeaker(node string) bool {
	return c.Speakers == nil || c.Speakers[node] && !c.Lost[node]
}

// TouchedPeer reports whether the last update may have changed the status of a BGPPeer.
func (r *Rollup) TouchedPeer(name string) bool {
	view := r.peers[name]
	return view == nil || view.touched
}

// TouchedAnnouncements yields the Announcements, as "namespace/name", whose statuses may differ for what the last update brought. Of one
// that is not in use the status follows from the sessions alone, so that any update may change it. before returns the Confirmation of
// the last status of an Announcement, by its UID, nil if there was none: while all its sessions are confirmed, their digests may follow
// other announcements that share its sum, and its status stays.
func (r *Rollup) TouchedAnnouncements(before func(types.UID) *Confirmation) iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range r.touched {
			if !yield(name) {
				return
			}
		}
		for name := range r.cluster.Catalog.UnusedAnnouncements() {
			if !r.touched[name] && !yield(name) {
				return
			}
		}
		sums := r.touchedSums()
		if sums == 0 {
			return
		}
		for _, a := range r.cluster.Catalog.Announcements {
			if sums&(1<<a.Term().Bucket()) != 0 && r.touchedByGroup(a, before(a.Ref.UID)) && !r.touched[a.Name()] && !yield(a.Name()) {
				return
			}
		}
	}
}

// touchedSums has a bit for each sum in which the sessions of some group say something else than before the last update.
func (r *Rollup) touchedSums() (sums uint64) {
	for _, view := range r.order {
		for g := range view.everyGroup() {
			if sums |= g.touchedSums; g.touched {
				return allSums
			}
		}
	}
	return sums
}

// touchedByGroup reports whether some group that an announcement goes to says something else of it than before the last update.
func (r *Rollup) touchedByGroup(a *compile.Announcement, before *Confirmation) bool {
	settled := before != nil && before.settled && before.generation == a.Ref.Generation
	for _, view := range r.order {
		if !view.judge.Eligible(a) {
			continue
		}
		for _, g := range view.groups[a.NodeSelector()] {
			if g.touched || !settled && g.touchedSums&(1<<a.Term().Bucket()) != 0 {
				return true
			}
		}
	}
	return false
}

// LeftOver reports whether the roll-up must delete a BGPSession: its node or peer is gone, or the peer no longer selects the
// node, and no speaker runs there that would delete it. If a speaker runs there, it decides: the caches of the roll-up may be
// behind. The roll-up keeps a BGPSession that runs on a version of its peer which this process never read.
func (r *Rollup) LeftOver(session *v1alpha1.BGPSession) bool {
	key := keyOf(&session.Spec)
	return r.wanted[key] == nil && !r.unseen[key.peer].has(key) && !r.cluster.hasSpeaker(key.node)
}

// SessionReport is the roll-up's part of a BGPSession's status: whether the speaker of its node reports it and, if not, the
// values that are unknown for that reason.
type SessionReport struct {
	Conditions []metav1.Condition    `json:"conditions"`
	State      v1alpha1.SessionState `json:"state,omitempty"`
}

// Reporting returns the report to write for a BGPSession, nil while it is unknown where speakers run. written holds the
// conditions that the roll-up wrote last.
func (r *Rollup) Reporting(session *v1alpha1.BGPSession, written []metav1.Condition, now time.Time) *SessionReport {
	if r.cluster.Speakers == nil {
		return nil
	}
	const kind = v1alpha1.ConditionReporting
	reporting := condition(kind, metav1.ConditionTrue, v1alpha1.ReasonReporting, "the speaker on the node runs")
	switch node := session.Spec.NodeName; {
	case r.cluster.Lost[node]:
		reporting = condition(kind, metav1.ConditionFalse, v1alpha1.ReasonNodeLost, "the node gives no sign of life; "+lastReport)
	case !r.cluster.Speakers[node]:
		reporting = condition(kind, metav1.ConditionFalse, v1alpha1.ReasonNoSpeaker, "no speaker runs on the node; "+lastReport)
	}
	// Every generation of a BGPSession has the same spec.
	report := &SessionReport{Conditions: conditions(written, session.Generation, now, reporting)}
	was := meta.FindStatusCondition(written, kind)
	established := meta.FindStatusCondition(session.Status.Conditions, v1alpha1.ConditionEstablished)
	switch {
	case reporting.Status == metav1.ConditionFalse && (was == nil || was.Status != metav1.ConditionFalse):
		// The roll-up writes this once: the next report of the node counts, even if it repeats an earlier one.
		unknown := condition(v1alpha1.ConditionEstablished, metav1.ConditionUnknown, v1alpha1.ReasonNotReporting, reporting.Message)
		report.Conditions = append(report.Conditions, conditions(session.Status.Conditions, session.Generation, now, unknown)...)
		report.State = v1alpha1.SessionUnknown
	case established != nil && established.Reason == v1alpha1.ReasonNotReporting:
		// The node has not overwritten the condition yet: it still belongs to the roll-up, and an apply without it would remove it.
		report.Conditions = append(report.Conditions, *established)
		report.State = v1alpha1.SessionUnknown
	}
	return report
}

// lastReport says how old the rest of a status is.
const lastReport = "the rest of the status is as it was last reported"
