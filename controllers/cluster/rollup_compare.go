// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/status"
)

// compare looks at every object whose status may have become outdated, and at every BGPSession that may have become left over. It
// returns the task that is due for each of them, nil for none.
func (r *Reconciler) compare(w *world, c *changes, now time.Time) map[request]*task {
	due := map[request]*task{}
	for i := range w.peers {
		object := &w.peers[i]
		if key := requestFor(peer, object); c.written[key] || w.rollup.TouchedPeer(object.Name) {
			due[key] = r.comparePeer(w, *object, now)
		}
	}
	for i := range w.announcements {
		object := &w.announcements[i]
		key := requestFor(announcement, object)
		if c.written[key] || w.rollup.TouchedAnnouncement(key.String(), r.confirmed[object.UID]) {
			due[key] = r.compareAnnouncement(w, *object, now)
		}
	}
	sessions := c.sessions
	if c.nodes || c.peers {
		sessions = w.sessions
	}
	peers := make(map[string]bool, len(w.peers))
	for i := range w.peers {
		peers[w.peers[i].Name] = true
	}
	for name, object := range sessions {
		key := request{kind: session, NamespacedName: types.NamespacedName{Name: name}}
		if due[key] = nil; object != nil {
			due[key] = r.compareSession(w, object, peers[object.Spec.PeerName], now)
		}
	}
	if c.gone {
		r.forgetGone(w, due)
	}
	return due
}

// forgetGone forgets objects that no longer exist.
func (r *Reconciler) forgetGone(w *world, due map[request]*task) {
	exists := make(map[types.UID]bool, len(w.peers)+len(w.announcements)+len(w.sessions))
	keys := map[request]bool{}
	for i := range w.peers {
		exists[w.peers[i].UID], keys[requestFor(peer, &w.peers[i])] = true, true
	}
	for i := range w.announcements {
		exists[w.announcements[i].UID], keys[requestFor(announcement, &w.announcements[i])] = true, true
	}
	for _, object := range w.sessions {
		exists[object.UID], keys[requestFor(session, object)] = true, true
	}
	r.pace.keep(exists)
	for uid := range r.confirmed {
		if !exists[uid] {
			delete(r.confirmed, uid)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.due {
		if !keys[key] {
			due[key] = nil
		}
	}
}

// comparePeer finds nothing due while the catalog holds another version of the object: the status would apply the nodes' reports on
// that version to this one. The event of this version is on its way, and the catalog is made anew for it.
func (r *Reconciler) comparePeer(w *world, object v1alpha1.BGPPeer, now time.Time) *task {
	if w.catalog.HasOtherPeer(&object) {
		return nil
	}
	stored := object.Status
	object.Status.Conditions = r.pace.written.Conditions(object.UID, stored.Conditions)
	want := w.rollup.Peer(&object, now)
	stored.Conditions = kube.OwnConditions(stored.Conditions, want.Conditions)
	if kube.SameStatus(stored, want) {
		return nil
	}
	return &task{
		kind:       peer,
		uid:        object.UID,
		summary:    summaryOf(want.Conditions),
		generation: object.Generation,
		// An unreachable neighbour has a new error with every attempt, so a new error can wait.
		urgent:     differ(stored.Conditions, want.Conditions),
		edited:     stored.ObservedGeneration != object.Generation,
		conditions: want.Conditions,
		do: func(ctx context.Context) error {
			return r.apply(ctx, &v1alpha1.BGPPeer{ObjectMeta: identity(&object), Status: want})
		},
	}
}

// compareAnnouncement does the same for an Announcement.
func (r *Reconciler) compareAnnouncement(w *world, object v1alpha1.Announcement, now time.Time) *task {
	if w.catalog.HasOtherAnnouncement(&object) {
		return nil
	}
	stored := object.Status
	object.Status.Conditions = r.pace.written.Conditions(object.UID, stored.Conditions)
	want, confirmation := w.rollup.Announcement(&object, r.confirmed[object.UID], now)
	r.confirmed[object.UID] = confirmation
	stored.Conditions = kube.OwnConditions(stored.Conditions, want.Conditions)
	if kube.SameStatus(stored, want) {
		return nil
	}
	return &task{
		kind:       announcement,
		uid:        object.UID,
		summary:    summaryOf(want.Conditions),
		generation: object.Generation,
		urgent:     differ(stored.Conditions, want.Conditions),
		edited:     stored.ObservedGeneration != object.Generation,
		conditions: want.Conditions,
		do: func(ctx context.Context) error {
			return r.apply(ctx, &v1alpha1.Announcement{ObjectMeta: identity(&object), Status: want})
		},
	}
}

func (r *Reconciler) compareSession(w *world, object *v1alpha1.BGPSession, peerExists bool, now time.Time) *task {
	orphan := !peerExists || !w.exist[object.Spec.NodeName]
	if orphan || w.rollup.LeftOver(object) {
		return &task{kind: session, uid: object.UID, urgent: true, do: func(ctx context.Context) error { return r.remove(ctx, object, orphan) }}
	}
	want := w.rollup.Reporting(object, r.pace.written.Conditions(object.UID, object.Status.Conditions), now)
	if want == nil || reported(object, want) {
		return nil
	}
	return &task{
		kind:       session,
		uid:        object.UID,
		summary:    summaryOf(want.Conditions),
		urgent:     true,
		conditions: want.Conditions,
		do:         func(ctx context.Context) error { return r.report(ctx, object, want) },
	}
}

// reported reports whether a BGPSession has the roll-up's report already.
func reported(object *v1alpha1.BGPSession, want *status.SessionReport) bool {
	stored := status.SessionReport{Conditions: kube.OwnConditions(object.Status.Conditions, want.Conditions)}
	if want.State != "" {
		stored.State = object.Status.State
	}
	return equality.Semantic.DeepEqual(stored, *want)
}

// differ reports whether the conditions differ in more than the numbers of a message, which can wait.
func differ(have, want []metav1.Condition) bool {
	if len(have) != len(want) {
		return true
	}
	for _, b := range want {
		a := meta.FindStatusCondition(have, b.Type)
		if a == nil || a.Status != b.Status || a.Reason != b.Reason || a.ObservedGeneration != b.ObservedGeneration {
			return true
		}
	}
	return false
}

// identity names an object, so that a status can be applied to that very one.
func identity(object client.Object) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: object.GetName(), Namespace: object.GetNamespace(), UID: object.GetUID()}
}
