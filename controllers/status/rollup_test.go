// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"maps"
	"reflect"
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

// cluster is a world of objects, nodes and speakers: each node compiles what it sees and reports it, as in a real one.
type cluster struct {
	t        testing.TB
	objects  objects
	nodes    []compile.NodeFacts
	sessions map[string]*v1alpha1.BGPSession
	speakers map[string]bool
	lost     map[string]bool
	summed   *status.Rollup
}

// objects are what people wrote.
type objects struct {
	Peers         []v1alpha1.BGPPeer
	Announcements []v1alpha1.Announcement
	// operatorNamespace needs no grant.
	operatorNamespace string
	// reader, where there is one, remembers what was valid before.
	reader *compile.Reader
}

func (o *objects) read() compile.Objects {
	reader := o.reader
	if reader == nil {
		reader = &compile.Reader{}
	}
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
		reporting := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReporting)
		object.Status = status.Session(status.SessionInput{
			Snapshot: snapshot, Peer: s.Peer.Version(), Generation: object.Generation, Previous: object.Status.Conditions, Now: now,
		})
		if reporting != nil {
			object.Status.Conditions = append(object.Status.Conditions, *reporting) // another manager's
		}
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
	if c.summed == nil {
		c.summed = status.NewRollup()
	}
	c.summed.Read(c.asRead(), sessions)
	return c.summed
}

// asRead is the cluster as the roll-up reads it. Nothing of it is what it was before.
func (c *cluster) asRead() status.Cluster {
	return status.Cluster{
		Catalog: compile.NewCatalog(c.objects.read()), Nodes: slices.Clone(c.nodes), Speakers: maps.Clone(c.speakers), Lost: maps.Clone(c.lost),
	}
}

func isDown(s *speaker.PeerSnapshot) {
	*s = down(func(d *speaker.PeerSnapshot) {
		d.Name = s.Name
		d.LastError = &speaker.SessionError{Time: now, Text: "connection refused"}
	})
}

// away is a status that says of a session that nobody reports it, as the roll-up writes it.
func away(s *v1alpha1.BGPSession) {
	s.Status.State = v1alpha1.SessionUnknown
	for i := range s.Status.Conditions {
		if c := &s.Status.Conditions[i]; c.Type == v1alpha1.ConditionEstablished {
			c.Status, c.Reason = metav1.ConditionUnknown, v1alpha1.ReasonNotReporting
		}
	}
}

func TestPeerStatus(t *testing.T) {
	both := []string{"node-1", "node-2"}
	all := []string{"node-1", "node-2", "node-3"}
	const accepted, upToDate = "True Accepted", "True UpToDate"
	tests := []struct {
		name        string
		change      func(*cluster)
		accepted    string
		established string
		upToDate    string
		ready       string
		sessions    v1alpha1.PeerSessions // without their summary
		refusals    []v1alpha1.NodeRefusal
		text        string // a part of the message of Established
	}{
		{
			name: "all", change: func(c *cluster) { c.report(all) },
			accepted: accepted, established: "True Established", upToDate: upToDate, ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 3}, text: "3 of 3 sessions are Established",
		},
		{
			name: "one is down", change: func(c *cluster) { c.report(both); c.report([]string{"node-3"}, isDown) },
			accepted: accepted, established: "True Partial", upToDate: upToDate, ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 2}, text: "ConnectionFailed at 1, node-3 among them: connection refused",
		},
		{
			name: "all are down", change: func(c *cluster) { c.report(all, isDown) },
			accepted: accepted, established: "False ConnectionFailed", upToDate: upToDate, ready: "False ConnectionFailed",
			sessions: v1alpha1.PeerSessions{Desired: 3}, text: "ConnectionFailed at 3, node-1 among them",
		},
		{
			name: "down for several reasons", change: func(c *cluster) {
				c.report([]string{"node-1"}, func(s *speaker.PeerSnapshot) {
					*s = down()
					s.Blocked = "SecretNotFound: Secret herald/tor-a does not exist"
				})
				c.report([]string{"node-2", "node-3"}, isDown)
			},
			accepted: accepted, established: "False ConnectionFailed", upToDate: upToDate, ready: "False ConnectionFailed",
			sessions: v1alpha1.PeerSessions{Desired: 3}, text: "ConnectionFailed at 2, node-2 among them: connection refused; SecretNotFound at 1, node-1",
		},
		{
			name: "nothing reported", change: func(*cluster) {},
			accepted: accepted, established: "Unknown Pending", upToDate: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.PeerSessions{Desired: 3}, text: "3 not reported on the newest spec yet, node-1 among them",
		},
		{
			name: "most say nothing", change: func(c *cluster) { c.report([]string{"node-2"}, isDown) },
			accepted: accepted, established: "Unknown Pending", upToDate: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.PeerSessions{Desired: 3},
		},
		{
			name: "one says nothing", change: func(c *cluster) { c.report(both, isDown) },
			accepted: accepted, established: "False ConnectionFailed", upToDate: "Unknown Pending", ready: "False ConnectionFailed",
			sessions: v1alpha1.PeerSessions{Desired: 3},
		},
		{
			name: "no node selected", change: func(c *cluster) {
				c.peer("tor-a").Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": "a"}}
			},
			accepted: accepted, established: "Unknown NoNodes", upToDate: "Unknown NoNodes", ready: "Unknown NoNodes",
		},
		{
			name: "no speaker runs on one", change: func(c *cluster) { c.report(all); delete(c.speakers, "node-1") },
			accepted: accepted, established: "True Established", upToDate: upToDate, ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 2, Unavailable: 1}, text: "1 unavailable (lost, or without a speaker), node-1 among them",
		},
		{
			name: "one is lost", change: func(c *cluster) { c.report(all); c.lost = map[string]bool{"node-2": true} },
			accepted: accepted, established: "True Established", upToDate: upToDate, ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 2, Unavailable: 1}, text: "node-2 among them",
		},
		{
			name: "no speaker runs", change: func(c *cluster) { c.report(all); c.speakers = map[string]bool{} },
			accepted: accepted, established: "Unknown Unavailable", upToDate: "Unknown Unavailable", ready: "Unknown Unavailable",
			sessions: v1alpha1.PeerSessions{Desired: 3, Unavailable: 3},
		},
		{
			name: "a speaker is back and has not reported", change: func(c *cluster) { c.report(all); away(c.sessions["tor-a.node-1"]) },
			accepted: accepted, established: "True Partial", upToDate: upToDate, ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 2}, text: "1 not reported on the newest spec yet, node-1",
		},
		{
			name: "a deferred change", change: func(c *cluster) {
				c.report(all)
				c.report([]string{"node-2"}, func(s *speaker.PeerSnapshot) { s.PendingReset = []string{"families"} })
			},
			accepted: accepted, established: "True Established", upToDate: "False PendingReset", ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 3},
		},
		{
			name: "a newer spec that ends no session", change: func(c *cluster) {
				c.report(all)
				c.peer("tor-a").Generation++
				c.peer("tor-a").Spec.Description = new("rack A, left")
				c.report([]string{"node-1"})
			},
			accepted: accepted, established: "True Established", upToDate: "Unknown Pending", ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 3},
		},
		{
			name: "a newer spec that ends every session", change: func(c *cluster) {
				c.report(all)
				c.peer("tor-a").Generation++
				c.peer("tor-a").Spec.LocalASN = new(int64(64999))
			},
			accepted: accepted, established: "Unknown Pending", upToDate: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.PeerSessions{Desired: 3},
		},
		{
			name: "a newer spec that ends every session, and one is back", change: func(c *cluster) {
				c.report(all)
				c.peer("tor-a").Generation++
				c.peer("tor-a").Spec.LocalASN = new(int64(64999))
				c.report([]string{"node-1"})
			},
			accepted: accepted, established: "True Partial", upToDate: "Unknown Pending", ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 1},
		},
		{
			name: "another object of the same name and generation", change: func(c *cluster) {
				c.report(all)
				c.peer("tor-a").UID = "uid-of-its-successor"
			},
			accepted: accepted, established: "Unknown Pending", upToDate: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.PeerSessions{Desired: 3},
		},
		{
			name: "a speaker that does not say which peer it runs for", change: func(c *cluster) {
				c.report(all)
				c.sessions["tor-a.node-2"].Status.Peer = nil
			},
			accepted: accepted, established: "True Partial", upToDate: "Unknown Pending", ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 2},
		},
		{
			name: "to be down, and it is", change: func(c *cluster) {
				c.peer("tor-a").Spec.AdminState = new(v1alpha1.AdminStateDown)
				c.report(all, func(s *speaker.PeerSnapshot) { *s = down(); s.AdminDown = true })
			},
			accepted: accepted, established: "False AdminDown", upToDate: upToDate, ready: "True AdminDown",
			sessions: v1alpha1.PeerSessions{Desired: 3},
		},
		{
			name: "to be down, and not yet", change: func(c *cluster) {
				c.report(all)
				c.peer("tor-a").Generation++
				c.peer("tor-a").Spec.AdminState = new(v1alpha1.AdminStateDown)
				c.report(both, func(s *speaker.PeerSnapshot) { *s = down(); s.AdminDown = true })
			},
			accepted: accepted, established: "False AdminDown", upToDate: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.PeerSessions{Desired: 3},
		},
		{
			name: "not valid", change: func(c *cluster) { c.peer("tor-a").Spec.Port = new(int32(0)) },
			accepted: "False Invalid", established: "False Invalid", upToDate: "False Invalid", ready: "False Invalid",
		},
		{
			name: "in conflict", change: func(c *cluster) {
				c.addPeer("tor-0", "192.0.2.1", func(p *v1alpha1.BGPPeer) { p.CreationTimestamp = metav1.Time{} })
				c.peer("tor-a").CreationTimestamp = metav1.NewTime(now)
			},
			accepted: "False Conflict", established: "False Conflict", upToDate: "Unknown NoNodes", ready: "False Conflict",
			sessions: v1alpha1.PeerSessions{Desired: 3}, refusals: []v1alpha1.NodeRefusal{{Reason: "Conflict", Nodes: 3, Example: "node-1"}}, text: "tor-0",
		},
		{
			name: "in conflict on one node", change: func(c *cluster) {
				c.addPeer("tor-0", "192.0.2.1", func(p *v1alpha1.BGPPeer) {
					p.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-2"}}
				})
				c.peer("tor-a").CreationTimestamp = metav1.NewTime(now)
				c.report([]string{"node-1", "node-3"})
			},
			accepted: accepted, established: "True Partial", upToDate: upToDate, ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 2}, refusals: []v1alpha1.NodeRefusal{{Reason: "Conflict", Nodes: 1, Example: "node-2"}},
			text: "Conflict at 1, node-2 among them",
		},
		{
			name: "no ASN", change: func(c *cluster) { c.peer("tor-a").Spec.LocalASN = nil },
			accepted: accepted, established: "False NoLocalASN", upToDate: "Unknown NoNodes", ready: "False NoLocalASN",
			sessions: v1alpha1.PeerSessions{Desired: 3}, refusals: []v1alpha1.NodeRefusal{{Reason: "NoLocalASN", Nodes: 3, Example: "node-1"}}, text: "spec.localASN",
		},
		{
			name: "no ASN on one node", change: func(c *cluster) {
				c.peer("tor-a").Spec.LocalASN = nil
				for i := range 2 {
					c.nodes[i].Annotations = map[string]string{v1alpha1.AnnotationASN: "64512"}
				}
				c.report(both)
			},
			accepted: accepted, established: "True Partial", upToDate: upToDate, ready: "True Ready",
			sessions: v1alpha1.PeerSessions{Desired: 3, Established: 2}, refusals: []v1alpha1.NodeRefusal{{Reason: "NoLocalASN", Nodes: 1, Example: "node-3"}},
			text: "NoLocalASN at 1, node-3 among them",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t, 3)
			test.change(c)
			object := c.peer("tor-a")
			got := c.rollup().Peer(object, now)
			if len(got.Conditions) != 4 {
				t.Fatalf("conditions %+v, want four", got.Conditions)
			}
			wantCondition(t, got.Conditions, v1alpha1.ConditionAccepted, test.accepted)
			wantMessage(t, wantCondition(t, got.Conditions, v1alpha1.ConditionEstablished, test.established), test.text)
			wantCondition(t, got.Conditions, v1alpha1.ConditionUpToDate, test.upToDate)
			wantCondition(t, got.Conditions, v1alpha1.ConditionReady, test.ready)
			want := test.sessions
			want.Summary = fmt.Sprintf("%d/%d", want.Established, want.Desired)
			if got.Sessions == nil || *got.Sessions != want {
				t.Errorf("sessions %+v, want %+v", got.Sessions, want)
			}
			if !reflect.DeepEqual(got.Refusals, test.refusals) {
				t.Errorf("refusals %+v, want %+v", got.Refusals, test.refusals)
			}
			if got.ObservedGeneration != object.Generation {
				t.Errorf("generation %d, want %d", got.ObservedGeneration, object.Generation)
			}
			for _, condition := range got.Conditions {
				if condition.ObservedGeneration != object.Generation {
					t.Errorf("condition %+v, want generation %d", condition, object.Generation)
				}
			}
		})
	}
}

// TestEditThatCannotBeUsed: the version before it stays in force, and the conditions say of which generation they speak.
func TestEditThatCannotBeUsed(t *testing.T) {
	c := newCluster(t, 3)
	c.objects.reader = &compile.Reader{}
	c.addAnnouncement("web", "203.0.113.0/24")
	c.report([]string{"node-1", "node-2"})
	delete(c.speakers, "node-3")
	c.rollup()
	peer, web := c.peer("tor-a"), c.announcement("web")
	peer.Generation, peer.Spec.Port = 2, new(int32(0))
	web.Generation, web.Spec.Prefixes = 2, []string{"203.0.113.1/24"}
	r := c.rollup()
	of := r.Peer(peer, now)
	said, _ := r.Announcement(web, nil, now)
	for _, test := range []struct {
		conditions []metav1.Condition
		kind, want string
		generation int64
		text       string
	}{
		{of.Conditions, v1alpha1.ConditionReady, "False Invalid", 2, "spec.port"},
		{of.Conditions, v1alpha1.ConditionAccepted, "False Invalid", 2, "generation 1 is in force at 2 of 3 nodes"},
		{of.Conditions, v1alpha1.ConditionEstablished, "True Established", 1, "2 of 3 sessions"},
		{of.Conditions, v1alpha1.ConditionUpToDate, "False Invalid", 2, "generation 1 is in force"},
		{said.Conditions, v1alpha1.ConditionReady, "False Invalid", 2, "spec.prefixes[0]"},
		{said.Conditions, v1alpha1.ConditionAccepted, "False Invalid", 2, "generation 1 is in force"},
		{said.Conditions, v1alpha1.ConditionAdvertised, "True Advertised", 1, "2 of 3 sessions"},
		{said.Conditions, v1alpha1.ConditionComplete, "False Unavailable", 1, ""},
	} {
		got := wantCondition(t, test.conditions, test.kind, test.want)
		wantMessage(t, got, test.text)
		if got.ObservedGeneration != test.generation {
			t.Errorf("%s is of generation %d, want %d", test.kind, got.ObservedGeneration, test.generation)
		}
	}
	if of.ObservedGeneration != 2 || said.ObservedGeneration != 2 {
		t.Errorf("the statuses are of generation %d and %d, want 2", of.ObservedGeneration, said.ObservedGeneration)
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

// TestReporting: what nobody reports is unknown, once; what the node says after that counts, and until it says something the
// roll-up goes on to hold what it wrote, for an apply without it would remove it.
func TestReporting(t *testing.T) {
	c := newCluster(t, 1)
	c.report([]string{"node-1"})
	session := c.sessions["tor-a.node-1"]
	const up, unknown = "True Established", "Unknown NotReporting"
	// write stores what the roll-up has to say, as an apply of it does.
	write := func(want ...string) {
		t.Helper()
		report := c.rollup().Reporting(session, session.Status.Conditions, now)
		var got []string
		for _, condition := range report.Conditions {
			got = append(got, fmt.Sprint(condition.Type, " ", condition.Status, " ", condition.Reason))
			meta.SetStatusCondition(&session.Status.Conditions, condition)
		}
		if report.State != "" {
			got = append(got, string(report.State))
			session.Status.State = report.State
		}
		if !slices.Equal(got, want) {
			t.Errorf("it writes %q, want %q", got, want)
		}
	}
	write("Reporting True Reporting")
	c.speakers = map[string]bool{}
	write("Reporting False NoSpeaker", "Established "+unknown, "Unknown")
	write("Reporting False NoSpeaker", "Established "+unknown, "Unknown")
	c.speakers["node-1"] = true
	write("Reporting True Reporting", "Established "+unknown, "Unknown")
	c.report([]string{"node-1"}) // takes it back
	write("Reporting True Reporting")
	c.lost = map[string]bool{"node-1": true}
	write("Reporting False NodeLost", "Established "+unknown, "Unknown")
	c.report([]string{"node-1"}) // it is heard before its kubelet is
	write("Reporting False NodeLost")
	wantCondition(t, session.Status.Conditions, v1alpha1.ConditionEstablished, up)
	c.lost = nil
	write("Reporting True Reporting")

	c.speakers = nil
	if got := c.rollup().Reporting(session, nil, now); got != nil {
		t.Errorf("it is not known where speakers run, but %+v", got)
	}
}

func wantMessage(t *testing.T, c metav1.Condition, text string) {
	t.Helper()
	if !strings.Contains(c.Message, text) {
		t.Errorf("%s says %q, want %q in it", c.Type, c.Message, text)
	}
}
