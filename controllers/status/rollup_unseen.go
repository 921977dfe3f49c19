// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// Nodes keep the last valid version of an object in force when the newest cannot be used. A replica that became the leader after that
// edit never read the valid version and cannot know what follows from it. It says Unknown where it would otherwise say False.

// readUnseen finds the sessions that run on a version of their BGPPeer which this process never read.
func (r *Rollup) readUnseen() {
	before := r.unseen
	r.unseen = r.findUnseen()
	for _, peer := range r.cluster.Catalog.LeftOut() {
		r.touchUnseen(before[peer.Ref.Name], r.unseen[peer.Ref.Name])
	}
	for name, view := range before {
		if r.unseen[name] == nil {
			r.touchUnseen(view, nil)
		}
	}
}

// findUnseen groups those sessions by the name of their peer.
func (r *Rollup) findUnseen() map[string]*peerView {
	leftOut := r.cluster.Catalog.LeftOut()
	r.leftOut = make(map[string]bool, len(leftOut))
	for _, peer := range leftOut {
		r.leftOut[peer.Ref.Name] = true
	}
	if len(leftOut) == 0 {
		return nil
	}
	views := map[string]*peerView{}
	for _, peer := range leftOut {
		views[peer.Ref.Name] = &peerView{peer: peer}
	}
	places := make(map[string]int, len(r.cluster.Nodes))
	for i := range r.cluster.Nodes {
		places[r.cluster.Nodes[i].Name] = i
	}
	for key, object := range r.objects {
		view, of := views[key.peer], object.Status.Peer
		place, exists := places[key.node]
		if view == nil || !exists || of == nil || of.UID != string(view.peer.Ref.UID) {
			continue
		}
		session := newSessionView(view, &r.cluster.Nodes[place], place, key)
		session.object = object
		own := compile.PeerVersion{Ref: compile.Ref{UID: view.peer.Ref.UID, Generation: of.Generation}}
		session.standing = session.stands(&own, r.cluster.hasSpeaker(key.node))
		view.sessions = append(view.sessions, session)
	}
	for _, view := range views {
		slices.SortFunc(view.sessions, func(a, b *sessionView) int {
			return cmp.Or(cmp.Compare(a.id.node, b.id.node), cmp.Compare(a.id.remote, b.id.remote))
		})
	}
	maps.DeleteFunc(views, func(_ string, view *peerView) bool { return len(view.sessions) == 0 })
	return views
}

// touchUnseen touches the announcements whose sessions with a peer are other sessions than before, or have another standing. before and
// after may be nil.
func (r *Rollup) touchUnseen(before, after *peerView) {
	same := before != nil && after != nil && slices.EqualFunc(before.sessions, after.sessions, func(a, b *sessionView) bool {
		return a.id == b.id && a.standing == b.standing
	})
	if same && before.peer == after.peer {
		return
	}
	for _, a := range r.cluster.Catalog.Announcements {
		was, is := before != nil && a.SelectsPeer(before.peer), after != nil && a.SelectsPeer(after.peer)
		if was != is || is && !same {
			r.touched[a.Name()] = true
		}
	}
}

// has reports whether a session belongs to the peer. v may be nil.
func (v *peerView) has(key sessionKey) bool {
	return v != nil && slices.ContainsFunc(v.sessions, func(s *sessionView) bool { return s.id == key })
}

// statusUnseen is the status of a BGPPeer of which nodes run a version that this process never read.
func (v *peerView) statusUnseen(object *v1alpha1.BGPPeer, accepted metav1.Condition, now time.Time) v1alpha1.BGPPeerStatus {
	runs := v.runsUnseen()
	accepted = condition(accepted.Type, accepted.Status, accepted.Reason, accepted.Message+"; "+runs)
	t := v.tally()
	established := condition(v1alpha1.ConditionEstablished, metav1.ConditionUnknown, v1alpha1.ReasonPending,
		fmt.Sprintf("%d of %d sessions are Established; %s", t.up, t.desired, runs))
	upToDate := condition(v1alpha1.ConditionUpToDate, accepted.Status, accepted.Reason, runs)
	return v1alpha1.BGPPeerStatus{
		ObservedGeneration: object.Generation,
		Conditions: conditions(object.Status.Conditions, object.Generation, now,
			readyAs(accepted), accepted, established, upToDate),
		Sessions: &v1alpha1.PeerSessions{
			Desired: counter(t.desired), Established: counter(t.up), Unavailable: counter(t.unavailable), Summary: summary(t.up, t.desired),
		},
		LastError: v.lastError(),
	}
}

// runsUnseen says which generations the nodes run, as they reported last.
func (v *peerView) runsUnseen() string {
	nodes := map[string]bool{}
	oldest := v.sessions[0].object.Status.Peer.Generation
	newest := oldest
	for _, session := range v.sessions {
		nodes[session.id.node] = true
		generation := session.object.Status.Peer.Generation
		oldest, newest = min(oldest, generation), max(newest, generation)
	}
	which := fmt.Sprintf("generation %d", newest)
	if oldest != newest {
		which = fmt.Sprintf("generations %d to %d", oldest, newest)
	}
	return fmt.Sprintf("%s, which this leader did not see, in force at %d, %s among them", which, len(nodes), v.sessions[0].id.node)
}

// countUnseen adds the sessions that may get an announcement by a version of a BGPPeer which this process never read. A session that is
// down was sent nothing under any version.
func (r *Rollup) countUnseen(t *tally, a *compile.Announcement) {
	for _, view := range r.unseen {
		if !a.SelectsPeer(view.peer) {
			continue
		}
		chosen := r.nodesOf(a)
		for _, session := range view.sessions {
			if !chosen.has(session.place) {
				continue
			}
			said := verdict{standing: pending, unseen: true}
			if session.standing == down || session.standing == unavailable {
				said = session.verdict(a, "", judged{}, nil)
			}
			t.add(said, 1, session.where)
		}
	}
}

// noAnnouncement is the digest of a session without announcements, in the form of any other digest.
var noAnnouncement = v1alpha1.DigestVersion + strings.Repeat("A", v1alpha1.DigestSums*v1alpha1.DigestSumLength)

// mayHold is how many sessions may have an older generation of an announcement while this process knows of none in force, and an
// example: in the announcement's sum, their digests hold something that this process never read.
func (r *Rollup) mayHold(object *v1alpha1.Announcement) (sessions int, example string) {
	if object.Generation <= 1 {
		return 0, "" // there is no older one
	}
	sum := uint64(1) << compile.TermOf(compile.RefOf(&object.ObjectMeta)).Bucket()
	look := func(view *peerView) {
		for _, session := range view.sessions {
			if session.disagrees(sum) {
				sessions++
				example = firstName(example, session.where)
			}
		}
	}
	for _, view := range r.order {
		look(view)
	}
	for _, view := range r.unseen {
		look(view)
	}
	return sessions, example
}

// disagrees reports whether, in some of the sums, a session decided on something else than this process read.
func (s *sessionView) disagrees(sums uint64) bool {
	if s.standing == unavailable || s.standing == down || !s.decided() {
		return false
	}
	want := noAnnouncement
	if s.group != nil && s.group.digest != "" {
		want = s.group.digest
	}
	return matchingSums(want, s.digest(), sums) != sums
}

// unknownHeld is a condition of an announcement that so many sessions may hold.
func unknownHeld(kind string, sessions int, example string) metav1.Condition {
	return condition(kind, metav1.ConditionUnknown, v1alpha1.ReasonPending, fmt.Sprintf(
		"an announcement that this leader did not see, perhaps an older generation of this one, at %d, %s among them", sessions, example))
}
