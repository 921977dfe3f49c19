// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

// world is everything at one moment, as the caches have it. None of it is copied, and none is changed.
type world struct {
	peers         []v1alpha1.BGPPeer
	announcements []v1alpha1.Announcement
	sessions      []v1alpha1.BGPSession
	// nodes are those that the node role is to run on, and exist is every node that there is.
	nodes   []compile.NodeFacts
	exist   map[string]bool
	catalog *compile.Catalog
	rollup  *status.Rollup
}

func (r *Reconciler) read(ctx context.Context) (*world, error) {
	var (
		peers         v1alpha1.BGPPeerList
		announcements v1alpha1.AnnouncementList
		sessions      v1alpha1.BGPSessionList
		nodes         corev1.NodeList
		namespaces    corev1.NamespaceList
	)
	for _, list := range []client.ObjectList{&peers, &announcements, &sessions, &nodes, &namespaces} {
		if err := r.client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("list %T: %w", list, err)
		}
	}
	speakers, err := r.speakers(ctx)
	if err != nil {
		return nil, err
	}
	w := &world{peers: peers.Items, announcements: announcements.Items, sessions: sessions.Items}
	w.addNodes(nodes.Items, r.options.NodeSelector)
	labelsOf := make(map[string]map[string]string, len(namespaces.Items))
	for i := range namespaces.Items {
		labelsOf[namespaces.Items[i].Name] = namespaces.Items[i].Labels
	}
	// What each node goes on with where the newest version is not supported; the statuses are still of the newest.
	objects := r.reader.Read(w.peers, w.announcements)
	objects.Namespaces, objects.OperatorNamespace = labelsOf, r.options.Namespace
	w.catalog = compile.NewCatalog(objects)
	w.rollup = status.NewRollup(status.Cluster{
		Catalog: w.catalog, Nodes: w.nodes, Sessions: w.sessions, Speakers: speakers, History: r.history,
	})
	r.history = w.rollup.History()
	return w, nil
}

func (w *world) addNodes(nodes []corev1.Node, selector labels.Selector) {
	w.exist = make(map[string]bool, len(nodes))
	for i := range nodes {
		w.exist[nodes[i].Name] = true
		if selector == nil || selector.Matches(labels.Set(nodes[i].Labels)) {
			w.nodes = append(w.nodes, compile.FactsOf(&nodes[i]))
		}
	}
}

// speakers are the nodes with a speaker, nil where nobody knows.
func (r *Reconciler) speakers(ctx context.Context) (map[string]bool, error) {
	if !r.options.SpeakerPods {
		return nil, nil
	}
	var pods corev1.PodList
	if err := r.client.List(ctx, &pods, client.InNamespace(r.options.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list speaker pods: %w", err)
	}
	nodes := map[string]bool{}
	for i := range pods.Items {
		if speaks(&pods.Items[i]) {
			nodes[pods.Items[i].Spec.NodeName] = true
		}
	}
	if r.options.LocalNode != "" {
		nodes[r.options.LocalNode] = true
	}
	return nodes, nil
}
