// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

// newHeldCluster is a cluster of three nodes whose speakers hold the version before an edit that cannot be used; each roll-up of
// the cluster belongs to a leader that began after the edit.
func newHeldCluster(t *testing.T, edit func(*cluster)) *cluster {
	c := newCluster(t, 3)
	c.objects.reader = &compile.Reader{}
	c.addAnnouncement("web", "203.0.113.0/24")
	all := []string{"node-1", "node-2", "node-3"}
	c.report(all)
	edit(c)
	c.report(all)
	c.objects.reader = nil
	return c
}

// badPeer is an edit of tor-a that cannot be used.
func badPeer(c *cluster) {
	c.peer("tor-a").Generation = 2
	c.peer("tor-a").Spec.Address = "nonsense"
}

// badAnnouncement is an edit of web that cannot be used.
func badAnnouncement(c *cluster) {
	c.announcement("web").Generation = 2
	c.announcement("web").Spec.Prefixes = []string{"nonsense"}
}

// TestNewLeaderDeniesNoPeerThatNodesHold: for a BGPPeer whose last valid version it never read, a leader repeats the sessions' reports,
// and says neither True nor False on whether announcements go out.
func TestNewLeaderDeniesNoPeerThatNodesHold(t *testing.T) {
	edits := map[string]struct {
		edit     func(*cluster)
		accepted string
	}{
		"invalid": {edit: badPeer, accepted: "False Invalid"},
		"unsupported": {accepted: "False Unsupported", edit: func(c *cluster) {
			c.peer("tor-a").Generation = 2
			c.peer("tor-a").Spec.ApplyMode = new(v1alpha1.ApplyMode("AtMidnight"))
		}},
	}
	for name, test := range edits {
		t.Run(name, func(t *testing.T) {
			c := newHeldCluster(t, test.edit)
			delete(c.speakers, "node-3")
			peer := c.rollup().Peer(c.peer("tor-a"), now)
			const runs = "generation 1, which this leader did not see, in force at 3, node-1 among them"
			wantMessage(t, wantCondition(t, peer.Conditions, v1alpha1.ConditionAccepted, test.accepted), runs)
			wantCondition(t, peer.Conditions, v1alpha1.ConditionReady, test.accepted)
			established := wantCondition(t, peer.Conditions, v1alpha1.ConditionEstablished, "Unknown Pending")
			wantMessage(t, established, runs)
			if established.ObservedGeneration != 2 {
				t.Errorf("Established speaks of generation %d, want 2, the only one that is known", established.ObservedGeneration)
			}
			wantMessage(t, wantCondition(t, peer.Conditions, v1alpha1.ConditionUpToDate, test.accepted), runs)
			if want := (v1alpha1.PeerSessions{Desired: 3, Established: 2, Unavailable: 1, Summary: "2/3"}); *peer.Sessions != want {
				t.Errorf("sessions %+v, want %+v", *peer.Sessions, want)
			}
			web, _ := c.rollup().Announcement(c.announcement("web"), nil, now)
			wantCondition(t, web.Conditions, v1alpha1.ConditionAccepted, "True Accepted")
			for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionAdvertised, v1alpha1.ConditionComplete} {
				wantMessage(t, wantCondition(t, web.Conditions, kind, "Unknown Pending"),
					"2 on a generation of the BGPPeer that this leader did not see, tor-a/node-1 among them")
			}
			if want := (v1alpha1.AnnouncementSessions{Eligible: 3, Unavailable: 1, Summary: "0/3"}); *web.Sessions != want {
				t.Errorf("sessions %+v, want %+v", *web.Sessions, want)
			}
		})
	}
}

// TestAnnouncementsGoToHeldPeersAsTheySelect: a BGPPeer of which nodes hold an unread version concerns the announcements that select it
// by its name or by its present labels, on the selected nodes. A session that is down sends nothing under any version.
func TestAnnouncementsGoToHeldPeersAsTheySelect(t *testing.T) {
	labelled := func(key, value string) func(*v1alpha1.Announcement) {
		return func(a *v1alpha1.Announcement) {
			a.Spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{key: v1alpha1.LabelValue(value)}}
		}
	}
	tests := []struct {
		name, want string
		change     func(*v1alpha1.Announcement)
	}{
		{name: "its name", want: "Unknown Pending", change: func(a *v1alpha1.Announcement) { a.Spec.Peers = []string{"tor-a"} }},
		{name: "another name", want: "False NoSession", change: func(a *v1alpha1.Announcement) { a.Spec.Peers = []string{"tor-b"} }},
		{name: "its labels", want: "Unknown Pending", change: labelled("rack", "a")},
		{name: "other labels", want: "False NoSession", change: labelled("rack", "b")},
		{name: "a node whose session is down", want: "False SessionDown", change: func(a *v1alpha1.Announcement) {
			a.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-2"}}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newHeldCluster(t, func(c *cluster) {
				badPeer(c)
				c.peer("tor-a").Labels = map[string]string{"rack": "a"}
				c.addAnnouncement("db", "198.51.100.0/24", test.change)
			})
			c.objects.reader = &compile.Reader{}
			for i := range c.sessions["tor-a.node-2"].Status.Conditions {
				c.sessions["tor-a.node-2"].Status.Conditions[i].Status = metav1.ConditionFalse
			}
			got, _ := c.rollup().Announcement(c.announcement("db"), nil, now)
			wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, test.want)
		})
	}
}

// TestOtherPeersAnswerBesideAHeldOne: an announcement that another BGPPeer was sent is Advertised, but whether it is Complete is unknown.
func TestOtherPeersAnswerBesideAHeldOne(t *testing.T) {
	c := newHeldCluster(t, func(c *cluster) {
		c.addPeer("tor-b", "192.0.2.2")
		badPeer(c)
	})
	got, _ := c.rollup().Announcement(c.announcement("web"), nil, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "True Partial")
	wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "Unknown Pending")
	if got.Sessions.Summary != "3/6" {
		t.Errorf("sessions %s, want 3/6", got.Sessions.Summary)
	}
}

// TestNewLeaderDeniesNoAnnouncementThatNodesHold: digests show that nodes have an announcement that the leader never read.
func TestNewLeaderDeniesNoAnnouncementThatNodesHold(t *testing.T) {
	tests := []struct {
		name, want string
		change     func(*cluster)
	}{
		{name: "held", want: "Unknown Pending", change: badAnnouncement},
		{name: "held, with a BGPPeer that is held too", want: "Unknown Pending", change: func(c *cluster) { badAnnouncement(c); badPeer(c) }},
		{name: "held, beside another one", want: "Unknown Pending", change: func(c *cluster) {
			badAnnouncement(c)
			c.addAnnouncement("db", "198.51.100.0/24")
		}},
		{name: "there is no older generation", want: "False Invalid", change: func(c *cluster) {
			badAnnouncement(c)
			c.announcement("web").Generation, c.announcement("web").UID = 1, "another"
		}},
		{name: "no node has an older one", want: "False Invalid", change: func(c *cluster) {
			c.objects.reader = &compile.Reader{}
			badAnnouncement(c)
		}},
		{name: "no node has an older one, but others", want: "False Invalid", change: func(c *cluster) {
			c.objects.reader = &compile.Reader{}
			badAnnouncement(c)
			c.addAnnouncement("db", "198.51.100.0/24")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newHeldCluster(t, test.change)
			got, _ := c.rollup().Announcement(c.announcement("web"), nil, now)
			wantCondition(t, got.Conditions, v1alpha1.ConditionAccepted, "False Invalid")
			wantCondition(t, got.Conditions, v1alpha1.ConditionReady, "False Invalid")
			wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, test.want)
			wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, test.want)
		})
	}
}

// TestSessionsOfAHeldPeerAreNotLeftOver: the last report of a node on a version that the roll-up never read is kept while its BGPPeer
// and its node exist.
func TestSessionsOfAHeldPeerAreNotLeftOver(t *testing.T) {
	c := newHeldCluster(t, badPeer)
	delete(c.speakers, "node-1")
	one := c.sessions["tor-a.node-1"]
	leftOver := func(want bool, when string) {
		t.Helper()
		if got := c.rollup().LeftOver(one); got != want {
			t.Errorf("%s: left over %v, want %v", when, got, want)
		}
	}
	leftOver(false, "an invalid edit")
	nodes := c.nodes
	c.nodes = nodes[1:]
	leftOver(true, "the node is gone")
	c.nodes = nodes
	c.peer("tor-a").UID = "another"
	leftOver(true, "another BGPPeer of that name, that is invalid")
	c.peer("tor-a").UID = uid("", "tor-a")
	c.peer("tor-a").DeletionTimestamp = new(metav1.NewTime(now))
	leftOver(true, "the BGPPeer is being deleted")
	c.objects.Peers = nil
	leftOver(true, "the BGPPeer is gone")
}

// TestAnnouncementsAreTouchedByHeldPeers: the sessions of a held version touch only the announcements that they concern.
func TestAnnouncementsAreTouchedByHeldPeers(t *testing.T) {
	c := newHeldCluster(t, func(c *cluster) {
		badPeer(c)
		c.addAnnouncement("db", "198.51.100.0/24", func(a *v1alpha1.Announcement) { a.Spec.Peers = []string{"tor-b"} })
		c.announcement("web").Generation = 2
		c.announcement("web").Spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": "a"}}
	})
	// There is one reader, so that an announcement that is not edited stays the same object; the reader never saw a valid BGPPeer.
	c.objects.reader = &compile.Reader{}
	nodes := c.nodes
	one, two := c.sessions["tor-a.node-1"], c.sessions["tor-a.node-2"]
	list := func(sessions ...*v1alpha1.BGPSession) []*v1alpha1.BGPSession { return sessions }
	nothing := func() {}
	r := status.NewRollup()
	for _, step := range []struct {
		name          string
		edit          func()
		changed, gone []*v1alpha1.BGPSession
		want, all     bool
	}{
		{name: "the first survey", edit: nothing, want: true, all: true},
		{name: "a session with a BGPPeer that it does not select", edit: nothing, changed: list(one)},
		{name: "the BGPPeer has another label", edit: func() { c.peer("tor-a").Labels = map[string]string{"rack": "a"} }, want: true},
		{name: "nothing", edit: nothing},
		{name: "a session more", edit: nothing, changed: list(two), want: true},
		{name: "the same again", edit: nothing, changed: list(two)},
		{name: "a session less", edit: nothing, gone: list(two), want: true},
		{name: "the last session less", edit: nothing, gone: list(one), want: true},
		{name: "the first session", edit: nothing, changed: list(one), want: true},
		{name: "its speaker stops", edit: func() { delete(c.speakers, "node-1") }, want: true},
		{name: "the BGPPeer is gone", edit: func() { c.objects.Peers = nil }, want: true},
	} {
		step.edit()
		cluster := c.asChanged()
		cluster.Nodes = nodes
		r.Update(cluster, step.changed, step.gone)
		if got := r.TouchedAnnouncement("platform/web", nil); got != step.want {
			t.Errorf("%s: touched %v, want %v", step.name, got, step.want)
		}
		if got := r.TouchedAnnouncement("platform/db", nil); got != step.all {
			t.Errorf("%s: an announcement for another peer is touched: %v", step.name, got)
		}
	}
}
