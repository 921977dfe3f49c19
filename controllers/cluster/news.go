// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"maps"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
)

// changes are the changes since the last survey.
type changes struct {
	// peers: a BGPPeer was created, changed or deleted; objects: an Announcement or a Namespace was; nodes: a Node or a pod of the
	// node role was.
	peers, objects, nodes bool
	// gone: some BGPPeer, Announcement or BGPSession was deleted.
	gone bool
	// written are the BGPPeers and Announcements whose spec or status was written.
	written map[request]bool
	// sessions are the BGPSessions that changed, by name, nil where one is gone.
	sessions map[string]*v1alpha1.BGPSession
}

// add adds later changes.
func (c *changes) add(later *changes) {
	c.peers, c.objects = c.peers || later.peers, c.objects || later.objects
	c.nodes, c.gone = c.nodes || later.nodes, c.gone || later.gone
	if c.written == nil {
		c.written, c.sessions = map[request]bool{}, map[string]*v1alpha1.BGPSession{}
	}
	maps.Copy(c.written, later.written)
	maps.Copy(c.sessions, later.sessions)
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

// watch notes each event and asks for a survey. what returns the changes of an event, given the object before, which is nil for a
// creation, and after, which is nil for a deletion.
func (n *news) watch(what func(before, after client.Object) *changes) handler.TypedEventHandler[client.Object, request] {
	type queue = workqueue.TypedRateLimitingInterface[request]
	add := func(q queue, before, after client.Object) {
		n.tell(what(before, after))
		enqueue(q, request{kind: everything}, surveyPriority, coalesce)
	}
	return handler.TypedFuncs[client.Object, request]{
		CreateFunc:  func(_ context.Context, e event.CreateEvent, q queue) { add(q, nil, e.Object) },
		UpdateFunc:  func(_ context.Context, e event.UpdateEvent, q queue) { add(q, e.ObjectOld, e.ObjectNew) },
		DeleteFunc:  func(_ context.Context, e event.DeleteEvent, q queue) { add(q, e.Object, nil) },
		GenericFunc: func(_ context.Context, e event.GenericEvent, q queue) { add(q, e.Object, e.Object) },
	}
}

// written is a change of a BGPPeer or an Announcement. A change of the status alone concerns nothing but that status.
func written(k kind) func(before, after client.Object) *changes {
	return func(before, after client.Object) *changes {
		object := after
		if after == nil {
			object = before
		}
		spec := before == nil || after == nil ||
			kube.SpecChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after})
		return &changes{
			peers: spec && k == peer, objects: spec, gone: after == nil,
			written: map[request]bool{requestFor(k, object): true},
		}
	}
}

// sessionChanged is a change of a BGPSession.
func sessionChanged(before, after client.Object) *changes {
	if after == nil {
		return &changes{gone: true, sessions: map[string]*v1alpha1.BGPSession{before.GetName(): nil}}
	}
	session, ok := after.(*v1alpha1.BGPSession)
	if !ok {
		return &changes{}
	}
	return &changes{sessions: map[string]*v1alpha1.BGPSession{session.Name: session}}
}

func objectsChanged(_, _ client.Object) *changes { return &changes{objects: true} }

func nodesChanged(_, _ client.Object) *changes { return &changes{nodes: true} }
