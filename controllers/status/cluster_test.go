// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

func uid(namespace, name string) types.UID { return types.UID("uid-" + namespace + "-" + name) }

// cluster is a world of objects, nodes and speakers: each node compiles the objects that it sees and reports, as in a real cluster.
type cluster struct {
	t        testing.TB
	objects  objects
	nodes    []compile.NodeFacts
	sessions map[string]*v1alpha1.BGPSession
	speakers map[string]bool
	lost     map[string]bool
	summed   *status.Rollup
	// kept is the catalog of asChanged.
	kept *compile.Catalog
}

// objects are the objects that people wrote.
type objects struct {
	Peers         []v1alpha1.BGPPeer
	Announcements []v1alpha1.Announcement
	// operatorNamespace needs no grant.
	operatorNamespace string
	// reader, if there is one, remembers the last valid versions.
	reader *compile.Reader
	// clock is what the clock on the wall says, the zero Time where it does not matter.
	clock time.Time
}

func (o *objects) read() compile.Inputs {
	reader := o.reader
	if reader == nil {
		reader = &compile.Reader{}
	}
	inputs := reader.ReadAll(o.Peers, o.Announcements)
	inputs.Now = o.clock
	return inputs
}

// catalog is made from the objects alone.
func (o *objects) catalog() *compile.Catalog {
	catalog, inputs := compile.NewCatalog(o.operatorNamespace, false), o.read()
	catalog.Update(&inputs)
	return catalog
}

// newCluster has nodes node-1 to node-n, and one peer tor-a.
func newCluster(t testing.TB, nodes int) *cluster {
	c := &cluster{t: t, sessions: map[string]*v1alpha1.BGPSession{}, speakers: map[string]bool{}}
	for i := range nodes {
		name := "node-" + string(rune('1'+i))
		c.nodes = append(c.nodes, compile.NodeFacts{Name: name, Labels: map[string]string{"name": name}})
		c.speakers[name] = true
	}
	c.objects.operatorNamespace = "platform"
	c.addPeer("tor-a", "192.0.2.1")
	return c
}

func (c *cluster) addPeer(name, address string, change ...func(*v1alpha1.BGPPeer)) {
	p := v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: uid("", name), Generation: 1},
		Spec:       v1alpha1.BGPPeerSpec{Address: address, LocalASN: new(int64(64512)), PeerASN: new(int64(64500))},
	}
	for _, f := range change {
		f(&p)
	}
	c.objects.Peers = append(c.objects.Peers, p)
}

func (c *cluster) addAnnouncement(name, prefix string, change ...func(*v1alpha1.Announcement)) {
	a := v1alpha1.Announcement{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "platform", Name: name, UID: uid("platform", name), Generation: 1,
			CreationTimestamp: metav1.NewTime(now.Add(time.Duration(len(c.objects.Announcements)) * time.Second)),
		},
		Spec: v1alpha1.AnnouncementSpec{Prefixes: []string{prefix}},
	}
	for _, f := range change {
		f(&a)
	}
	c.objects.Announcements = append(c.objects.Announcements, a)
}

func (c *cluster) peer(name string) *v1alpha1.BGPPeer {
	for i := range c.objects.Peers {
		if c.objects.Peers[i].Name == name {
			return &c.objects.Peers[i]
		}
	}
	c.t.Fatalf("no peer %s", name)
	return nil
}

func (c *cluster) announcement(name string) *v1alpha1.Announcement {
	for i := range c.objects.Announcements {
		if c.objects.Announcements[i].Name == name {
			return &c.objects.Announcements[i]
		}
	}
	c.t.Fatalf("no announcement %s", name)
	return nil
}

// report lets nodes compile the present objects, and write the status of each of their sessions: all Established, except as
// change alters a session's snapshot.
func (c *cluster) report(nodes []string, change ...func(*speaker.PeerSnapshot)) {
	c.t.Helper()
	for _, node := range c.nodes {
		for _, name := range nodes {
			if name == node.Name {
				c.reportNode(node, change)
			}
		}
	}
}

func (c *cluster) reportNode(node compile.NodeFacts, change []func(*speaker.PeerSnapshot)) {
	inputs := c.objects.read()
	inputs.Node = &node
	out := compile.NewCompiler(compile.Settings{NodeName: node.Name, OperatorNamespace: c.objects.operatorNamespace}).Update(&inputs)
	for i, s := range out.Sessions {
		snapshot := up(func(p *speaker.PeerSnapshot) {
			p.ID = s.ID()
			p.PeerAddress = s.Peer.Address
			p.Routes = rib.Report{Token: out.Config.Exports[i].Token}
		})
		for _, f := range change {
			f(&snapshot)
		}
		snapshot.Routes.Withheld = asSent(snapshot.Routes.Withheld, out.Config.Exports[i].Announcements)
		name := compile.SessionName(s.Peer.Ref.Name, node.Name)
		object := c.sessions[name]
		if object == nil {
			object = &v1alpha1.BGPSession{
				ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1},
				Spec: v1alpha1.BGPSessionSpec{
					PeerName: s.Peer.Ref.Name, NodeName: node.Name, Remote: s.Peer.Address.Addr().String(),
				},
			}
			c.sessions[name] = object
		}
		reporting := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReporting)
		object.Status = status.Session(status.SessionInput{
			Snapshot: snapshot, Peer: s.Peer.Version(), Generation: object.Generation, Previous: object.Status.Conditions, Now: now,
		})
		if reporting != nil {
			object.Status.Conditions = append(object.Status.Conditions, *reporting) // another manager's
		}
	}
}

// asSent is a list of what a session withholds with the announcements that it is sent, by ID; it withholds nothing else.
func asSent(withheld []rib.Withheld, sent *rib.List) []rib.Withheld {
	var list []rib.Withheld
	for a := range sent.All() {
		for _, w := range withheld {
			if w.Announcement.ID == a.ID {
				w.Announcement = a
				list = append(list, w)
			}
		}
	}
	return list
}

// copyReport lets a node report what another one did.
func (c *cluster) copyReport(from, to string) {
	for _, peer := range c.objects.Peers {
		object := c.sessions[compile.SessionName(peer.Name, from)].DeepCopy()
		object.Name, object.Spec.NodeName = compile.SessionName(peer.Name, to), to
		c.sessions[object.Name] = object
	}
}

func (c *cluster) rollup() *status.Rollup {
	var sessions []v1alpha1.BGPSession
	for _, s := range c.sessions {
		sessions = append(sessions, *s)
	}
	if c.summed == nil {
		c.summed = status.NewRollup()
	}
	c.summed.Read(c.asRead(), sessions)
	return c.summed
}

// asRead is the cluster as the roll-up reads it. It shares no memory with an earlier one.
func (c *cluster) asRead() status.Cluster {
	return status.Cluster{
		Catalog: c.objects.catalog(), Nodes: slices.Clone(c.nodes), Speakers: maps.Clone(c.speakers), Lost: maps.Clone(c.lost),
	}
}

// asChanged is the cluster as the roll-up reads it, with what changed in the objects since the last call.
func (c *cluster) asChanged() status.Cluster {
	cluster, inputs := c.asRead(), c.objects.read()
	if c.kept == nil {
		c.kept = compile.NewCatalog(c.objects.operatorNamespace, false)
	}
	c.kept.Complete(&inputs)
	cluster.Catalog, cluster.Changes = c.kept, c.kept.Update(&inputs)
	return cluster
}

func isDown(s *speaker.PeerSnapshot) {
	*s = down(func(d *speaker.PeerSnapshot) {
		d.ID = s.ID
		d.LastError = &speaker.SessionError{Time: now, Text: "connection refused"}
	})
}

// away is the status of a session that no speaker reports, as the roll-up writes it.
func away(s *v1alpha1.BGPSession) {
	s.Status.State = v1alpha1.SessionUnknown
	for i := range s.Status.Conditions {
		if c := &s.Status.Conditions[i]; c.Type == v1alpha1.ConditionEstablished {
			c.Status, c.Reason = metav1.ConditionUnknown, v1alpha1.ReasonNotReporting
		}
	}
}

func wantMessage(t *testing.T, c metav1.Condition, text string) {
	t.Helper()
	if !strings.Contains(c.Message, text) {
		t.Errorf("%s says %q, want %q in it", c.Type, c.Message, text)
	}
}
