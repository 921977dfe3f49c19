// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

// world holds all objects as the caches had them at the last survey. It neither copies nor changes them.
type world struct {
	peers         []v1alpha1.BGPPeer
	announcements []v1alpha1.Announcement
	// sessions are all BGPSessions, by name.
	sessions map[string]*v1alpha1.BGPSession
	// nodes are the nodes that the node role shall run on, and exist are all nodes.
	nodes   []compile.NodeFacts
	exist   map[string]bool
	fleet   *fleet
	catalog *compile.Catalog
	rollup  *status.Rollup
	// again is when to look at the nodes once more although nothing changes, zero for never.
	again time.Time
}

// read brings the world up to date.
func (r *Reconciler) read(ctx context.Context, c *changes) error {
	w := &r.world
	if c.nodes {
		sessions := maps.Clone(w.sessions)
		maps.Copy(sessions, c.sessions)
		if err := r.readNodes(ctx, sessions); err != nil {
			return err
		}
	}
	if c.objects || len(c.written) > 0 {
		if err := r.readObjects(ctx, c.objects); err != nil {
			return err
		}
	}
	var changed, gone []*v1alpha1.BGPSession
	for name, session := range c.sessions {
		switch before := w.sessions[name]; {
		case session != nil:
			if before != nil && before.UID != session.UID {
				gone = append(gone, before)
			}
			w.sessions[name] = session
			changed = append(changed, session)
		case before != nil:
			delete(w.sessions, name)
			gone = append(gone, before)
		}
	}
	w.rollup.Update(status.Cluster{Catalog: w.catalog, Nodes: w.nodes, Speakers: w.fleet.running, Lost: w.fleet.lost}, changed, gone)
	return nil
}

func (r *Reconciler) readObjects(ctx context.Context, specs bool) error {
	var (
		peers         v1alpha1.BGPPeerList
		announcements v1alpha1.AnnouncementList
		namespaces    corev1.NamespaceList
	)
	for _, list := range []client.ObjectList{&peers, &announcements, &namespaces} {
		if err := r.client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return fmt.Errorf("list %T: %w", list, err)
		}
	}
	w := &r.world
	w.peers, w.announcements = peers.Items, announcements.Items
	if !specs {
		return nil
	}
	labelsOf := make(map[string]map[string]string, len(namespaces.Items))
	for i := range namespaces.Items {
		labelsOf[namespaces.Items[i].Name] = namespaces.Items[i].Labels
	}
	// If a node cannot use the newest version of an object, it goes on with an older one; the statuses still belong to the newest.
	objects := r.reader.Read(w.peers, w.announcements)
	objects.Namespaces, objects.OperatorNamespace = labelsOf, r.options.Namespace
	w.catalog = compile.NewCatalog(objects)
	return nil
}

// readNodes reads where speakers shall run, and where they do. sessions are all BGPSessions.
func (r *Reconciler) readNodes(ctx context.Context, sessions map[string]*v1alpha1.BGPSession) error {
	var nodes corev1.NodeList
	if err := r.client.List(ctx, &nodes, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list %T: %w", &nodes, err)
	}
	now := time.Now()
	fleet, err := r.fleet(ctx, nodes.Items, sessions, now)
	if err != nil {
		return err
	}
	r.world.again = time.Time{}
	if fleet.again > 0 {
		r.world.again = now.Add(fleet.again)
	}
	r.world.addNodes(nodes.Items, fleet)
	return nil
}

func (w *world) addNodes(nodes []corev1.Node, fleet *fleet) {
	w.fleet = fleet
	before := make(map[string]compile.NodeFacts, len(w.nodes))
	for _, facts := range w.nodes {
		before[facts.Name] = facts
	}
	var facts []compile.NodeFacts
	w.exist = make(map[string]bool, len(nodes))
	for i := range nodes {
		w.exist[nodes[i].Name] = true
		if fleet.placed == nil || fleet.placed[nodes[i].Name] {
			facts = append(facts, compile.FactsOf(&nodes[i], before[nodes[i].Name]))
		}
	}
	if !reflect.DeepEqual(facts, w.nodes) { // what is the same slice is not looked at again
		w.nodes = facts
	}
}
