// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
)

// kind is a kind of objects that the configuration of a node is made from. A new one is a row of kinds and its read function,
// beside its type in the API, its line of RBAC in doc.go, and its test.
type kind struct {
	// name is the plural, for errors.
	name string
	// object is an empty one.
	object client.Object
	// cached says which objects of the kind a node keeps, and how much of them.
	cached cache.ByObject
	// changed passes the events that may change the configuration.
	changed predicate.Predicate
	// read takes all objects of the kind from the caches, without copying: nothing that is read is changed.
	read func(context.Context, client.Reader, *objects) error
}

// objects are those of every kind that the caches hold.
type objects struct {
	// nodeName is the name of the node, which is nil while there is none.
	nodeName      string
	node          *corev1.Node
	peers         v1alpha1.BGPPeerList
	announcements v1alpha1.AnnouncementList
	namespaces    corev1.NamespaceList
}

// kinds are all kinds that a node watches in caches. The Secrets are the keyring's.
func kinds(nodeName string) []kind {
	return []kind{
		{
			name: "Nodes", object: &corev1.Node{}, changed: kube.NodeChanged(), read: readNode,
			cached: cache.ByObject{Field: fields.OneTermEqualSelector("metadata.name", nodeName), Transform: kube.StripNode()},
		},
		{
			name: "Namespaces", object: &corev1.Namespace{}, changed: kube.LabelsChanged(),
			cached: cache.ByObject{Transform: kube.StripNamespace()},
			read:   list(func(o *objects) client.ObjectList { return &o.namespaces }),
		},
		{
			name: "BGPPeers", object: &v1alpha1.BGPPeer{}, changed: kube.SpecChanged(),
			cached: cache.ByObject{Transform: kube.StripStatus()},
			read:   list(func(o *objects) client.ObjectList { return &o.peers }),
		},
		{
			name: "Announcements", object: &v1alpha1.Announcement{}, changed: kube.SpecChanged(),
			cached: cache.ByObject{Transform: kube.StripStatus()},
			read:   list(func(o *objects) client.ObjectList { return &o.announcements }),
		},
	}
}

// events passes on what happens to the objects of a kind. Whatever it is, all objects are read anew.
func (k *kind) events() handler.EventHandler { return enqueue(theConfig) }

func readNode(ctx context.Context, r client.Reader, into *objects) error {
	var node corev1.Node
	err := r.Get(ctx, client.ObjectKey{Name: into.nodeName}, &node)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	into.node = &node
	return nil
}

// list reads a kind into a list.
func list(of func(*objects) client.ObjectList) func(context.Context, client.Reader, *objects) error {
	return func(ctx context.Context, r client.Reader, into *objects) error {
		return r.List(ctx, of(into), client.UnsafeDisableDeepCopy)
	}
}
