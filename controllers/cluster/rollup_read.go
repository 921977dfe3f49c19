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
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

// world holds all objects as the caches had them at the last survey. It neither copies nor changes them.
type world struct {
	// peers and sessions are all BGPPeers and BGPSessions, by name, and announcements all Announcements.
	peers         map[string]*v1alpha1.BGPPeer
	announcements map[types.NamespacedName]*v1alpha1.Announcement
	sessions      map[string]*v1alpha1.BGPSession
	// nodes are those that the node role is to run on, and exist is every node that there is.
	nodes []compile.NodeFacts
	exist map[string]bool
	fleet *fleet
	// catalog is what the objects say, and changes are what the last survey did to it.
	catalog *compile.Catalog
	changes compile.Changes
	// peersChanged: the last survey found another BGPPeer, or another spec of one.
	peersChanged bool
	rollup       *status.Rollup
	// again is when to look at the nodes once more though nothing changes, zero for never.
	again time.Time
}

func newWorld(operatorNamespace string) world {
	return world{
		peers:         map[string]*v1alpha1.BGPPeer{},
		announcements: map[types.NamespacedName]*v1alpha1.Announcement{},
		sessions:      map[string]*v1alpha1.BGPSession{},
		catalog:       compile.NewCatalog(operatorNamespace, false),
		rollup:        status.NewRollup(),
	}
}

// read brings the world up to date. It returns the objects that are gone.
func (r *Reconciler) read(ctx context.Context, c *changes) ([]client.Object, error) {
	w := &r.world
	if c.nodes {
		sessions := maps.Clone(w.sessions)
		maps.Copy(sessions, c.sessions)
		if err := r.readNodes(ctx, sessions); err != nil {
			return nil, err
		}
	}
	gone := w.readObjects(c, &r.reader)
	changed, goneSessions := w.readSessions(c.sessions)
	w.rollup.Update(status.Cluster{
		Catalog: w.catalog, Changes: w.changes, Nodes: w.nodes, Speakers: w.fleet.running, Lost: w.fleet.lost,
	}, changed, goneSessions)
	for _, session := range goneSessions {
		gone = append(gone, session)
	}
	return gone, nil
}

// readObjects takes over what people wrote. What each node goes on with where the newest version is not supported is in the catalog; the
// statuses are still of the newest.
func (w *world) readObjects(c *changes, reader *compile.Reader) (gone []client.Object) {
	inputs := compile.Inputs{
		Peers:         make(map[string]compile.Reading[compile.Peer], len(c.peers)),
		Announcements: make(map[string]compile.Reading[compile.Announcement], len(c.announcements)),
		Namespaces:    make(map[string]compile.Namespace, len(c.namespaces)),
		Now:           time.Now(),
	}
	w.peersChanged = false
	for name, object := range c.peers {
		before := replace(w.peers, name, object)
		gone = appendGone(gone, before, object)
		w.peersChanged = w.peersChanged || before == nil || object == nil || before.UID != object.UID ||
			before.Generation != object.Generation || before.DeletionTimestamp.IsZero() != object.DeletionTimestamp.IsZero()
		if object == nil {
			reader.ForgetPeer(name)
			inputs.Peers[name] = compile.Reading[compile.Peer]{}
		} else {
			inputs.Peers[name] = reader.Peer(object)
		}
	}
	for key, object := range c.announcements {
		gone = appendGone(gone, replace(w.announcements, key, object), object)
		name := key.String()
		if object == nil {
			reader.ForgetAnnouncement(name)
			inputs.Announcements[name] = compile.Reading[compile.Announcement]{}
		} else {
			inputs.Announcements[name] = reader.Announcement(object)
		}
	}
	for name, object := range c.namespaces {
		if object == nil {
			inputs.Namespaces[name] = compile.Namespace{}
		} else {
			inputs.Namespaces[name] = compile.Namespace{Exists: true, Labels: object.Labels}
		}
	}
	w.changes = w.catalog.Update(&inputs)
	return gone
}

// readSessions takes over BGPSessions, and returns those that are new or changed, and those that are gone.
func (w *world) readSessions(sessions map[string]*v1alpha1.BGPSession) (changed, gone []*v1alpha1.BGPSession) {
	for name, session := range sessions {
		before := replace(w.sessions, name, session)
		if before != nil && (session == nil || before.UID != session.UID) {
			gone = append(gone, before)
		}
		if session != nil {
			changed = append(changed, session)
		}
	}
	return changed, gone
}

// replace puts an object in the place of the one before, which it returns; nil is none.
func replace[K comparable, V any](known map[K]*V, key K, object *V) (before *V) {
	before = known[key]
	if object == nil {
		delete(known, key)
	} else {
		known[key] = object
	}
	return before
}

// appendGone appends an object if another one has its name now, or none.
func appendGone[O any, P interface {
	*O
	client.Object
}](gone []client.Object, before, after P) []client.Object {
	if before != nil && (after == nil || before.GetUID() != after.GetUID()) {
		return append(gone, before)
	}
	return gone
}

// everything is what the caches have, as it is for a first survey.
func (r *Reconciler) everything(ctx context.Context) (*changes, error) {
	var (
		peers         v1alpha1.BGPPeerList
		announcements v1alpha1.AnnouncementList
		namespaces    corev1.NamespaceList
		sessions      v1alpha1.BGPSessionList
	)
	for _, list := range []client.ObjectList{&peers, &announcements, &namespaces, &sessions} {
		if err := r.client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("list %T: %w", list, err)
		}
	}
	all := &changes{nodes: true}
	for i := range peers.Items {
		all.add(changed(nil, &peers.Items[i]))
	}
	for i := range announcements.Items {
		all.add(changed(nil, &announcements.Items[i]))
	}
	for i := range namespaces.Items {
		all.add(changed(nil, &namespaces.Items[i]))
	}
	for i := range sessions.Items {
		all.add(changed(nil, &sessions.Items[i]))
	}
	return all, nil
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
