// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"strings"
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
	for name, object := range w.peers {
		if _, written := c.peers[name]; written || w.rollup.TouchedPeer(name) {
			due[requestFor(peer, object)] = r.comparePeer(w, *object, now)
		}
	}
	look := func(key types.NamespacedName) {
		if object := w.announcements[key]; object != nil {
			due[requestFor(announcement, object)] = r.compareAnnouncement(w, *object, now)
		}
	}
	for key := range c.announcements {
		look(key)
	}
	for name := range w.rollup.TouchedAnnouncements(func(uid types.UID) *status.Confirmation { return r.confirmed[uid] }) {
		namespace, name, _ := strings.Cut(name, "/")
		key := types.NamespacedName{Namespace: namespace, Name: name}
		if _, written := c.announcements[key]; !written {
			look(key)
		}
	}
	sessions := c.sessions
	if c.nodes || w.peersChanged {
		sessions = w.sessions // any of them may have come to be left over
	}
	for name, object := range sessions {
		key := request{kind: session, NamespacedName: types.NamespacedName{Name: name}}
		if due[key] = nil; object != nil {
			due[key] = r.compareSession(w, object, now)
		}
	}
	return due
}

// forget drops what is remembered of objects that are no more.
func (r *Reconciler) forget(w *world, gone []client.Object, due map[request]*task) {
	for _, object := range gone {
		r.pace.forget(object.GetUID())
		delete(r.confirmed, object.GetUID())
		key := requestFor(kindOf(object), object)
		if _, looked := due[key]; !looked {
			due[key] = nil
		}
	}
}

// kindOf is the kind of an object that the roll-up writes to.
func kindOf(object client.Object) kind {
	switch object.(type) {
	case *v1alpha1.BGPPeer:
		return peer
	case *v1alpha1.Announcement:
		return announcement
	}
	return session
}

// comparePeer finds nothing to be due while the catalog is of another version of the object: what nodes say of that one would be said of
// this. The event that tells of this version is on its way, and the catalog is made anew for it.
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

func (r *Reconciler) compareSession(w *world, object *v1alpha1.BGPSession, now time.Time) *task {
	orphan := w.peers[object.Spec.PeerName] == nil || !w.exist[object.Spec.NodeName]
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
