// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/status"
)

// compare finds every object whose status is not what it should be, and every BGPSession that is to go.
func (r *Reconciler) compare(w *world, now time.Time) map[request]*task {
	due := map[request]*task{}
	exists := map[types.UID]bool{}
	for i := range w.peers {
		exists[w.peers[i].UID] = true
		r.comparePeer(w, w.peers[i], now, due)
	}
	for i := range w.announcements {
		exists[w.announcements[i].UID] = true
		r.compareAnnouncement(w, w.announcements[i], now, due)
	}
	for i := range w.sessions {
		exists[w.sessions[i].UID] = true
	}
	r.compareSessions(w, now, due)
	r.pace.keep(exists)
	for uid := range r.confirmed {
		if !exists[uid] {
			delete(r.confirmed, uid)
		}
	}
	return due
}

func (r *Reconciler) comparePeer(w *world, object v1alpha1.BGPPeer, now time.Time, due map[request]*task) {
	stored := object.Status
	object.Status.Conditions = r.pace.written.Conditions(object.UID, stored.Conditions)
	want := w.rollup.Peer(&object, now)
	stored.Conditions = kube.OwnConditions(stored.Conditions, want.Conditions)
	if kube.SameStatus(stored, want) {
		return
	}
	due[requestFor(peer, &object)] = &task{
		kind:       peer,
		uid:        object.UID,
		says:       sayingOf(want.Conditions),
		generation: object.Generation,
		// An unreachable neighbour has a new error with every attempt: that it is another one can wait.
		urgent:     differ(stored.Conditions, want.Conditions),
		conditions: want.Conditions,
		do: func(ctx context.Context) error {
			return r.apply(ctx, &v1alpha1.BGPPeer{ObjectMeta: identity(&object), Status: want})
		},
	}
}

func (r *Reconciler) compareAnnouncement(w *world, object v1alpha1.Announcement, now time.Time, due map[request]*task) {
	stored := object.Status
	object.Status.Conditions = r.pace.written.Conditions(object.UID, stored.Conditions)
	want, confirmation := w.rollup.Announcement(&object, r.confirmed[object.UID], now)
	r.confirmed[object.UID] = confirmation
	stored.Conditions = kube.OwnConditions(stored.Conditions, want.Conditions)
	if kube.SameStatus(stored, want) {
		return
	}
	due[requestFor(announcement, &object)] = &task{
		kind:       announcement,
		uid:        object.UID,
		says:       sayingOf(want.Conditions),
		generation: object.Generation,
		urgent:     differ(stored.Conditions, want.Conditions),
		conditions: want.Conditions,
		do: func(ctx context.Context) error {
			return r.apply(ctx, &v1alpha1.Announcement{ObjectMeta: identity(&object), Status: want})
		},
	}
}

func (r *Reconciler) compareSessions(w *world, now time.Time, due map[request]*task) {
	peers := map[string]bool{}
	for i := range w.peers {
		peers[w.peers[i].Name] = true
	}
	for i := range w.sessions {
		object := w.sessions[i]
		key := requestFor(session, &object)
		if !peers[object.Spec.PeerName] || !w.exist[object.Spec.NodeName] || w.rollup.LeftOver(&object) {
			due[key] = &task{kind: session, uid: object.UID, urgent: true, do: func(ctx context.Context) error { return r.remove(ctx, &object) }}
			continue
		}
		want := w.rollup.Reporting(&object, r.pace.written.Conditions(object.UID, object.Status.Conditions), now)
		if want == nil || reported(&object, want) {
			continue
		}
		due[key] = &task{
			kind:       session,
			uid:        object.UID,
			says:       sayingOf(want.Conditions),
			urgent:     true,
			conditions: want.Conditions,
			do:         func(ctx context.Context) error { return r.report(ctx, &object, want) },
		}
	}
}

// reported reports whether a BGPSession says what the roll-up has to say of it.
func reported(object *v1alpha1.BGPSession, want *status.SessionReport) bool {
	stored := status.SessionReport{Conditions: kube.OwnConditions(object.Status.Conditions, want.Conditions)}
	if want.State != "" {
		stored.State = object.Status.State
	}
	return kube.SameStatus(stored, *want)
}

// differ reports whether conditions say something else. That a message counts differently can wait.
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
