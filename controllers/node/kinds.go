// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/controllers/kube"
)

// kind is a kind of objects that the configuration of a node is made from. A new one is a row of kinds and its read function,
// beside its type in the API, its line of RBAC in doc.go, and its test.
type kind struct {
	// kind is the Kind of keys, and name the plural, for errors.
	kind, name string
	// object is an empty one, and list an empty list of them.
	object client.Object
	list   func() client.ObjectList
	// cached says which objects of the kind a node keeps, and how much of them.
	cached cache.ByObject
	// changed passes the events that may change the configuration.
	changed predicate.Predicate
	// read puts into an input what an object contributes; exists is false where there is none any more. The object is not changed.
	read func(r *compile.Reader, object client.Object, exists bool, into *engine.Input)
}

// kinds are all kinds that a node watches in caches. The Secrets are the keyring's.
func kinds(nodeName string) []kind {
	return []kind{
		{
			kind: compile.KindNode, name: "Nodes", object: &corev1.Node{}, list: func() client.ObjectList { return &corev1.NodeList{} },
			cached:  cache.ByObject{Field: fields.OneTermEqualSelector("metadata.name", nodeName), Transform: kube.StripNode()},
			changed: kube.NodeChanged(), read: readNode,
		},
		{
			kind: compile.KindNamespace, name: "Namespaces", object: &corev1.Namespace{}, list: func() client.ObjectList { return &corev1.NamespaceList{} },
			cached:  cache.ByObject{Transform: kube.StripNamespace()},
			changed: kube.LabelsChanged(), read: readNamespace,
		},
		{
			kind: compile.KindBGPPeer, name: "BGPPeers", object: &v1alpha1.BGPPeer{}, list: func() client.ObjectList { return &v1alpha1.BGPPeerList{} },
			cached:  cache.ByObject{Transform: kube.StripStatus()},
			changed: kube.SpecChanged(), read: readPeer,
		},
		{
			kind: compile.KindAnnouncement, name: "Announcements", object: &v1alpha1.Announcement{}, list: func() client.ObjectList { return &v1alpha1.AnnouncementList{} },
			cached:  cache.ByObject{Transform: kube.StripStatus()},
			changed: kube.SpecChanged(), read: readAnnouncement,
		},
	}
}

func readNode(_ *compile.Reader, object client.Object, exists bool, into *engine.Input) {
	into.Node, into.NodeGone = nil, true
	if node, ok := object.(*corev1.Node); ok && exists {
		into.Node, into.NodeGone = node, false
	}
}

func readNamespace(_ *compile.Reader, object client.Object, exists bool, into *engine.Input) {
	into.Namespaces[object.GetName()] = compile.Namespace{Exists: exists, Labels: object.GetLabels()}
}

func readPeer(r *compile.Reader, object client.Object, exists bool, into *engine.Input) {
	name := object.GetName()
	if peer, ok := object.(*v1alpha1.BGPPeer); ok && exists {
		into.Peers[name] = r.Peer(peer)
		return
	}
	r.ForgetPeer(name)
	into.Peers[name] = compile.Reading[compile.Peer]{}
}

func readAnnouncement(r *compile.Reader, object client.Object, exists bool, into *engine.Input) {
	name := client.ObjectKeyFromObject(object).String()
	if announcement, ok := object.(*v1alpha1.Announcement); ok && exists {
		into.Announcements[name] = r.Announcement(announcement)
		return
	}
	r.ForgetAnnouncement(name)
	into.Announcements[name] = compile.Reading[compile.Announcement]{}
}

// cached reads the objects of the caches of a manager. The engine alone uses it.
type cached struct {
	kinds  []kind
	caches client.Reader
	reader *compile.Reader
}

var _ engine.Source = (*cached)(nil)

// ReadAll implements engine.Source, without copying.
func (s *cached) ReadAll(ctx context.Context, into *engine.Input) error {
	into.NodeGone = true // unless it is found
	for i := range s.kinds {
		k := &s.kinds[i]
		list := k.list()
		if err := s.caches.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error { // no item fails
			if object, ok := item.(client.Object); ok {
				k.read(s.reader, object, true, into)
			}
			return nil
		})
	}
	s.reader.ForgetOthers(&into.Inputs) // those that went while there was no manager
	return nil
}

// Read implements engine.Source.
func (s *cached) Read(ctx context.Context, key engine.Key, into *engine.Input) error {
	i := slices.IndexFunc(s.kinds, func(k kind) bool { return k.kind == key.Kind })
	k := &s.kinds[i]
	object, ok := k.object.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%T is no object", k.object)
	}
	err := s.caches.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: key.Name}, object)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("%s: %w", k.name, err)
	}
	object.SetNamespace(key.Namespace)
	object.SetName(key.Name)
	k.read(s.reader, object, err == nil, into)
	return nil
}

// events touches the objects of a kind that something happens to.
func (a *Agent) events(k *kind) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	touch := func(object client.Object) {
		a.engine.Touch(engine.Key{Kind: k.kind, Namespace: object.GetNamespace(), Name: object.GetName()})
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, _ queue) { touch(e.Object) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ queue) { touch(e.ObjectNew) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, _ queue) { touch(e.Object) },
	}
}
