// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
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
	// again is when to look once more though nothing changes, zero for never.
	again time.Duration
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
	fleet, err := r.fleet(ctx, nodes.Items, sessions.Items, time.Now())
	if err != nil {
		return nil, err
	}
	w := &world{peers: peers.Items, announcements: announcements.Items, sessions: sessions.Items}
	w.again = fleet.again
	w.addNodes(nodes.Items, fleet)
	labelsOf := make(map[string]map[string]string, len(namespaces.Items))
	for i := range namespaces.Items {
		labelsOf[namespaces.Items[i].Name] = namespaces.Items[i].Labels
	}
	// What each node goes on with where the newest version is not supported; the statuses are still of the newest.
	objects := r.reader.Read(w.peers, w.announcements)
	objects.Namespaces, objects.OperatorNamespace = labelsOf, r.options.Namespace
	w.catalog = compile.NewCatalog(objects)
	w.rollup = status.NewRollup(status.Cluster{
		Catalog: w.catalog, Nodes: w.nodes, Sessions: w.sessions, Speakers: fleet.running, Lost: fleet.lost, History: r.history,
	})
	r.history = w.rollup.History()
	return w, nil
}

func (w *world) addNodes(nodes []corev1.Node, fleet *fleet) {
	w.exist = make(map[string]bool, len(nodes))
	for i := range nodes {
		w.exist[nodes[i].Name] = true
		if fleet.placed == nil || fleet.placed[nodes[i].Name] {
			w.nodes = append(w.nodes, compile.FactsOf(&nodes[i]))
		}
	}
}
