// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// deletions is a client that has the BGPPeers and Nodes of these names, and notes deletions.
type deletions struct {
	client.Client
	exist   []string
	deleted []string
}

func (d *deletions) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	if !slices.Contains(d.exist, key.Name) {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	return nil
}

func (d *deletions) Delete(_ context.Context, object client.Object, _ ...client.DeleteOption) error {
	d.deleted = append(d.deleted, object.GetName())
	return nil
}

// TestOnlyALeftOverIsDeleted: a survey may see a BGPSession before its BGPPeer or its Node. By the time of the deletion the cache may
// have them, or only the API server.
func TestOnlyALeftOverIsDeleted(t *testing.T) {
	withoutPeer := func(w *world) { clear(w.peers) }
	withoutNode := func(w *world) { w.addNodes(nil, w.fleet) }
	deselected := func(w *world) {
		w.peer().Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-2"}}
	}
	for _, test := range []struct {
		name          string
		survey        func(*world)
		cache, server []string
		deleted       bool
	}{
		{"the peer came", withoutPeer, []string{"tor-a", "node-1"}, nil, false},
		{"the node came", withoutNode, []string{"tor-a", "node-1"}, nil, false},
		{"the cache has no peer yet", withoutPeer, []string{"node-1"}, []string{"tor-a", "node-1"}, false},
		{"the cache has no node yet", withoutNode, []string{"tor-a"}, []string{"tor-a", "node-1"}, false},
		{"the peer is gone", withoutPeer, []string{"node-1"}, []string{"node-1"}, true},
		{"the node is gone", withoutNode, []string{"tor-a"}, []string{"tor-a"}, true},
		{"the peer does not select the node", deselected, []string{"tor-a", "node-1"}, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := oneOfEach(nil, node("node-1", "linux"))
			left := w.sessions["tor-a.node-1"]
			test.survey(w)
			w.rollUp(map[string]bool{})
			cache, server := &deletions{exist: test.cache}, &deletions{exist: test.server}
			r := newReconciler(cache, server, Options{})
			found := r.compare(w, &changes{nodes: true}, now)[requestFor(session, left)]
			if found == nil || found.conditions != nil {
				t.Fatalf("due: %+v, want a deletion", found)
			}
			if err := found.do(t.Context()); err != nil || (len(cache.deleted) > 0) != test.deleted {
				t.Errorf("deleted: %v, %v, want %v", cache.deleted, err, test.deleted)
			}
		})
	}
}
