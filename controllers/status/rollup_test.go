// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

func uid(namespace, name string) types.UID { return types.UID("uid-" + namespace + "-" + name) }

// cluster is a world of objects, nodes and speakers: each node compiles what it sees and reports it, as in a real one.
type cluster struct {
	t        testing.TB
	objects  objects
	nodes    []compile.NodeFacts
	sessions map[string]*v1alpha1.BGPSession
	speakers map[string]bool
}

// objects are what people wrote.
type objects struct {
	Peers         []v1alpha1.BGPPeer
	Announcements []v1alpha1.Announcement
	// operatorNamespace needs no grant.
	operatorNamespace string
}

func (o *objects) read() compile.Objects {
	var reader compile.Reader
	read := reader.Read(o.Peers, o.Announcements)
	read.OperatorNamespace = o.operatorNamespace
	return read
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

// report lets nodes compile what there is now, and write the status of each of their sessions: all Established, but for
// what change does to a session's snapshot.
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
	out := compile.Compile(compile.Input{Objects: c.objects.read(), Node: node}, nil)
	for i, s := range out.Sessions {
		snapshot := up(func(p *speaker.PeerSnapshot) {
			p.Name = s.Peer.Ref.Name
			p.PeerAddress = s.Peer.Address
			p.Routes = rib.Report{Token: out.Config.Peers[i].Export.Token}
		})
		for _, f := range change {
			f(&snapshot)
		}
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
		object.Status = status.Session(status.SessionInput{
			Snapshot: snapshot, Peer: s.Peer.Ref, Generation: object.Generation, Previous: object.Status.Conditions, Now: now,
		})
	}
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
	return status.NewRollup(status.Cluster{
		Catalog: compile.NewCatalog(c.objects.read()), Nodes: c.nodes, Sessions: sessions, Speakers: c.speakers,
	})
}

func isDown(s *speaker.PeerSnapshot) {
	*s = down(func(d *speaker.PeerSnapshot) {
		d.Name = s.Name
		d.LastError = &speaker.SessionError{Time: now, Text: "connection refused"}
	})
}

func TestPeerStatus(t *testing.T) {
	bothDown := func(c *cluster) { c.report([]string{"node-1", "node-2"}, isDown) }
	tests := []struct {
		name        string
		change      func(*cluster)
		accepted    string
		established string
		current     string
		summary     string
		text        string // a part of the message of Established
	}{
		{
			name: "all", change: func(c *cluster) { c.report([]string{"node-1", "node-2"}) },
			accepted: "True Accepted", established: "True Established", current: "True UpToDate", summary: "2/2",
		},
		{
			name: "one is down", change: func(c *cluster) { c.report([]string{"node-1"}); c.report([]string{"node-2"}, isDown) },
			accepted: "True Accepted", established: "False Partial", current: "True UpToDate", summary: "1/2",
			text: "node-2: ConnectionFailed: connection refused",
		},
		{
			name: "all are down", change: bothDown,
			accepted: "True Accepted", established: "False None", current: "True UpToDate", summary: "0/2", text: "node-1: ConnectionFailed",
		},
		{
			name: "nothing reported", change: func(*cluster) {},
			accepted: "True Accepted", established: "False None", current: "Unknown Pending", summary: "0/2", text: "node-1: it has not reported yet",
		},
		{
			name: "no node selected", change: func(c *cluster) {
				c.peer("tor-a").Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": "a"}}
			},
			accepted: "True Accepted", established: "Unknown NoNodes", current: "Unknown NoNodes", summary: "0/0",
		},
		{
			name: "no speaker runs", change: func(c *cluster) {
				c.report([]string{"node-1", "node-2"})
				delete(c.speakers, "node-1")
			},
			accepted: "True Accepted", established: "False Partial", current: "Unknown Pending", summary: "1/2", text: "node-1: no speaker pod",
		},
		{
			name: "a deferred change", change: func(c *cluster) {
				c.report([]string{"node-1", "node-2"})
				c.report([]string{"node-2"}, func(s *speaker.PeerSnapshot) { s.PendingReset = []string{"families"} })
			},
			accepted: "True Accepted", established: "True Established", current: "False PendingReset", summary: "2/2",
		},
		{
			name: "an older spec", change: func(c *cluster) {
				c.report([]string{"node-1", "node-2"})
				c.peer("tor-a").Generation++
				c.report([]string{"node-1"})
			},
			accepted: "True Accepted", established: "True Established", current: "Unknown Pending", summary: "2/2",
		},
		{
			name: "another object of the same name and generation", change: func(c *cluster) {
				c.report([]string{"node-1", "node-2"})
				c.peer("tor-a").UID = "uid-of-its-successor"
				c.report([]string{"node-1"})
			},
			accepted: "True Accepted", established: "True Established", current: "Unknown Pending", summary: "2/2",
		},
		{
			name: "a speaker that does not say which peer it runs for", change: func(c *cluster) {
				c.report([]string{"node-1", "node-2"})
				c.sessions["tor-a.node-2"].Status.Peer = nil
			},
			accepted: "True Accepted", established: "True Established", current: "Unknown Pending", summary: "2/2",
		},
		{
			name: "not valid", change: func(c *cluster) { c.peer("tor-a").Spec.Port = new(int32(0)) },
			accepted: "False Invalid", established: "False Invalid", current: "False Invalid", summary: "0/0",
		},
		{
			name: "in conflict", change: func(c *cluster) {
				c.addPeer("tor-0", "192.0.2.1", func(p *v1alpha1.BGPPeer) { p.CreationTimestamp = metav1.Time{} })
				c.peer("tor-a").CreationTimestamp = metav1.NewTime(now)
			},
			accepted: "False Conflict", established: "False Conflict", current: "Unknown NoNodes", summary: "0/2", text: "tor-0",
		},
		{
			name: "no ASN", change: func(c *cluster) { c.peer("tor-a").Spec.LocalASN = nil },
			accepted: "True Accepted", established: "False NoLocalASN", current: "Unknown NoNodes", summary: "0/2", text: "spec.localASN",
		},
		{
			name: "no ASN on one node", change: func(c *cluster) {
				c.peer("tor-a").Spec.LocalASN = nil
				c.nodes[0].Annotations = map[string]string{v1alpha1.AnnotationASN: "64512"}
				c.report([]string{"node-1"})
			},
			accepted: "True Accepted", established: "False Partial", current: "True UpToDate", summary: "1/2", text: "node-2: NoLocalASN",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t, 2)
			test.change(c)
			object := c.peer("tor-a")
			got := c.rollup().Peer(object, now)
			if len(got.Conditions) != 3 {
				t.Fatalf("conditions %+v, want three", got.Conditions)
			}
			wantCondition(t, got.Conditions, v1alpha1.ConditionAccepted, test.accepted)
			wantMessage(t, wantCondition(t, got.Conditions, v1alpha1.ConditionEstablished, test.established), test.text)
			wantCondition(t, got.Conditions, v1alpha1.ConditionUpToDate, test.current)
			if got.Sessions == nil || got.Sessions.Summary != test.summary {
				t.Errorf("sessions %+v, want %s", got.Sessions, test.summary)
			}
			for _, condition := range got.Conditions {
				if condition.ObservedGeneration != object.Generation {
					t.Errorf("condition %+v, want generation %d", condition, object.Generation)
				}
			}
		})
	}
}

func TestPeerLastErrorIsTheNewest(t *testing.T) {
	c := newCluster(t, 3)
	fail := func(after time.Duration, text string) func(*speaker.PeerSnapshot) {
		return func(s *speaker.PeerSnapshot) { s.LastError = &speaker.SessionError{Time: now.Add(after), Text: text} }
	}
	c.report([]string{"node-1"}, fail(time.Minute, "early"))
	c.report([]string{"node-2"}, fail(time.Hour, "late"))
	c.report([]string{"node-3"})
	got := c.rollup().Peer(c.peer("tor-a"), now).LastError
	if got == nil || got.Node != "node-2" || got.Message != "late" || !got.Time.Time.Equal(now.Add(time.Hour).Truncate(time.Second)) {
		t.Errorf("last error %+v", got)
	}
}

func TestLeftOver(t *testing.T) {
	c := newCluster(t, 2)
	c.report([]string{"node-1", "node-2"})
	one := *c.sessions["tor-a.node-1"]
	leftOver := func() bool { return c.rollup().LeftOver(&one) }
	if leftOver() {
		t.Error("a session that is wanted is left over")
	}
	c.peer("tor-a").Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-2"}}
	if leftOver() {
		t.Error("a session is left over though its own speaker runs, which deletes it")
	}
	delete(c.speakers, "node-1")
	if !leftOver() {
		t.Error("the node is deselected and runs no speaker: its session is not left over")
	}
	c.peer("tor-a").Spec.NodeSelector = nil
	if leftOver() {
		t.Error("the last report of a node that is selected is left over")
	}
	c.peer("tor-a").Spec.Address = "192.0.2.2"
	if !leftOver() {
		t.Error("a session with an address that the peer no longer has is not left over")
	}
	c.peer("tor-a").Spec.Address = "192.0.2.1"
	c.nodes = c.nodes[1:]
	if !leftOver() {
		t.Error("the node is gone: its session is not left over")
	}
	c.speakers = nil
	if leftOver() {
		t.Error("a session is left over though it is not known where speakers run")
	}
}

func TestReporting(t *testing.T) {
	c := newCluster(t, 2)
	c.report([]string{"node-1", "node-2"})
	delete(c.speakers, "node-2")
	r := c.rollup()
	for name, want := range map[string]string{"tor-a.node-1": "True Reporting", "tor-a.node-2": "False NoSpeaker"} {
		got := r.Reporting(c.sessions[name], now)
		if got == nil {
			t.Fatalf("no condition for %s", name)
		}
		wantCondition(t, []metav1.Condition{*got}, v1alpha1.ConditionReporting, want)
	}
	c.speakers = nil
	if got := c.rollup().Reporting(c.sessions["tor-a.node-1"], now); got != nil {
		t.Errorf("it is not known where speakers run, but %+v", got)
	}
}

func wantMessage(t *testing.T, c metav1.Condition, text string) {
	t.Helper()
	if !strings.Contains(c.Message, text) {
		t.Errorf("%s says %q, want %q in it", c.Type, c.Message, text)
	}
}
