// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"maps"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// changes are what happened since the last survey: the newest version of each object, nil where there is none any more.
type changes struct {
	peers         map[string]*v1alpha1.BGPPeer
	announcements map[types.NamespacedName]*v1alpha1.Announcement
	namespaces    map[string]*corev1.Namespace
	sessions      map[string]*v1alpha1.BGPSession
	// nodes: there are other Nodes, or pods of the node role.
	nodes bool
}

// add adds later changes.
func (c *changes) add(later *changes) {
	addLater(&c.peers, later.peers)
	addLater(&c.announcements, later.announcements)
	addLater(&c.namespaces, later.namespaces)
	addLater(&c.sessions, later.sessions)
	c.nodes = c.nodes || later.nodes
}

func addLater[K comparable, V any](into *map[K]V, later map[K]V) {
	if *into == nil {
		*into = make(map[K]V, len(later))
	}
	maps.Copy(*into, later)
}

// news gathers changes until a survey takes them.
type news struct {
	mu      sync.Mutex
	changes changes
}

func (n *news) tell(c *changes) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changes.add(c)
}

// take returns what happened since the last call.
func (n *news) take() *changes {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := n.changes
	n.changes = changes{}
	return &taken
}

// putBack returns changes that were taken but could not be surveyed.
func (n *news) putBack(c *changes) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c.add(&n.changes)
	n.changes = *c
}

// watch notes each event and asks for a survey.
func (n *news) watch() handler.TypedEventHandler[client.Object, request] {
	type queue = workqueue.TypedRateLimitingInterface[request]
	add := func(q queue, before, after client.Object) {
		n.tell(changed(before, after))
		enqueue(q, request{kind: everything}, surveyPriority, coalesce)
	}
	return handler.TypedFuncs[client.Object, request]{
		CreateFunc:  func(_ context.Context, e event.CreateEvent, q queue) { add(q, nil, e.Object) },
		UpdateFunc:  func(_ context.Context, e event.UpdateEvent, q queue) { add(q, e.ObjectOld, e.ObjectNew) },
		DeleteFunc:  func(_ context.Context, e event.DeleteEvent, q queue) { add(q, e.Object, nil) },
		GenericFunc: func(_ context.Context, e event.GenericEvent, q queue) { add(q, e.Object, e.Object) },
	}
}

// changed is what happened to one object. What comes of any other kind is a change of the nodes.
func changed(before, after client.Object) *changes {
	known := after
	if after == nil {
		known = before
	}
	switch known.(type) {
	case *v1alpha1.BGPPeer:
		now, _ := after.(*v1alpha1.BGPPeer)
		return &changes{peers: map[string]*v1alpha1.BGPPeer{known.GetName(): now}}
	case *v1alpha1.Announcement:
		now, _ := after.(*v1alpha1.Announcement)
		return &changes{announcements: map[types.NamespacedName]*v1alpha1.Announcement{client.ObjectKeyFromObject(known): now}}
	case *corev1.Namespace:
		now, _ := after.(*corev1.Namespace)
		return &changes{namespaces: map[string]*corev1.Namespace{known.GetName(): now}}
	case *v1alpha1.BGPSession:
		now, _ := after.(*v1alpha1.BGPSession)
		return &changes{sessions: map[string]*v1alpha1.BGPSession{known.GetName(): now}}
	}
	return &changes{nodes: true}
}
