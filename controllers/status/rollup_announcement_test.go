// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// withhold makes a session keep back an announcement for a reason of its own.
func withhold(name string, reason rib.Reason) func(*speaker.PeerSnapshot) {
	return func(s *speaker.PeerSnapshot) {
		s.Routes.Withheld = append(s.Routes.Withheld, rib.Withheld{
			Announcement: &rib.Announcement{ID: "platform/" + name}, Reason: reason, Prefixes: 1, Winner: winnerOf(reason),
		})
	}
}

func winnerOf(reason rib.Reason) string {
	if reason != rib.ReasonConflict {
		return ""
	}
	return "platform/older"
}

func TestAnnouncementStatus(t *testing.T) {
	everywhere := []string{"node-1", "node-2", "node-3"}
	conflict := withhold("web", rib.ReasonConflict)
	down3 := v1alpha1.Verdict{Reason: "SessionDown", Sessions: 1, Example: "tor-a/node-3"}
	const out, whole, ready = "True Advertised", "True Complete", "True Ready"
	tests := []struct {
		name       string
		change     func(*cluster)
		accepted   string
		advertised string
		complete   string
		ready      string
		sessions   v1alpha1.AnnouncementSessions // without their summary
		verdicts   []v1alpha1.Verdict
		text       string // a part of the message of Advertised
	}{
		{
			name: "everywhere", change: func(c *cluster) { c.report(everywhere) },
			advertised: out, complete: whole, ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 3}, text: "written to 3 of 3 sessions",
		},
		{
			name: "nothing reported", change: func(*cluster) {},
			advertised: "Unknown Pending", complete: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3}, text: "tor-a/node-1",
		},
		{
			name: "a node has not reported this generation", change: func(c *cluster) {
				c.report(everywhere)
				c.announcement("web").Generation++
				c.report([]string{"node-1", "node-3"})
			},
			advertised: "True Partial", complete: "Unknown Pending", ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 2},
			text:     "written to 2 of 3 sessions: 1 not reported on this generation yet, tor-a/node-2 among them",
		},
		{
			name: "no node has reported this generation", change: func(c *cluster) {
				c.report(everywhere)
				c.announcement("web").Generation++
			},
			advertised: "Unknown Pending", complete: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3},
		},
		{
			name: "established, nothing written yet", change: func(c *cluster) {
				c.report(everywhere)
				c.report([]string{"node-2"}, func(s *speaker.PeerSnapshot) { s.Routes.Token = nil })
			},
			advertised: "True Partial", complete: "Unknown Pending", ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 2},
		},
		{
			name: "created, no status yet", change: func(c *cluster) {
				c.report(everywhere)
				c.sessions["tor-a.node-2"].Status = v1alpha1.BGPSessionStatus{}
			},
			advertised: "True Partial", complete: "Unknown Pending", ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 2},
		},
		{
			name: "a newer spec of the peer ends every session", change: func(c *cluster) {
				c.report(everywhere)
				c.peer("tor-a").Generation++
				c.peer("tor-a").Spec.LocalASN = new(int64(64999))
			},
			advertised: "Unknown Pending", complete: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3},
		},
		{
			name: "a session is down", change: func(c *cluster) {
				c.report(everywhere)
				c.report([]string{"node-3"}, isDown)
			},
			advertised: "True Partial", complete: "False SessionDown", ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 2}, verdicts: []v1alpha1.Verdict{down3},
			text: "written to 2 of 3 sessions: SessionDown at 1, tor-a/node-3 among them",
		},
		{
			name: "every session is down", change: func(c *cluster) { c.report(everywhere, isDown) },
			advertised: "False SessionDown", complete: "False SessionDown", ready: "False SessionDown",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3}, verdicts: []v1alpha1.Verdict{{Reason: "SessionDown", Sessions: 3, Example: "tor-a/node-1"}},
		},
		{
			name: "no speaker runs on a node", change: func(c *cluster) {
				c.report(everywhere)
				delete(c.speakers, "node-3")
			},
			advertised: out, complete: "False Unavailable", ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 2, Unavailable: 1}, text: "1 unavailable",
		},
		{
			name: "no speaker ever ran on a node, and a session is down", change: func(c *cluster) {
				c.report([]string{"node-1"})
				c.report([]string{"node-3"}, isDown)
				delete(c.speakers, "node-2")
			},
			advertised: "True Partial", complete: "False SessionDown", ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 1, Unavailable: 1}, verdicts: []v1alpha1.Verdict{down3},
		},
		{
			name: "no speaker runs", change: func(c *cluster) { c.report(everywhere); c.speakers = map[string]bool{} },
			advertised: "Unknown Unavailable", complete: "False Unavailable", ready: "Unknown Unavailable",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Unavailable: 3},
		},
		{
			name: "one of two prefixes has no next hop", change: func(c *cluster) {
				c.announcement("web").Spec.Prefixes = []string{"203.0.113.0/24", "2001:db8:1::/48"}
				c.report(everywhere, withhold("web", rib.ReasonNoNextHop))
			},
			advertised: "True Partial", complete: "False NoNextHop", ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 3},
			verdicts: []v1alpha1.Verdict{{Reason: "NoNextHop", Sessions: 3, Example: "tor-a/node-1"}},
			text:     "written to 3 of 3 sessions, 1 of 2 prefixes: NoNextHop at 3, tor-a/node-1 among them",
		},
		{
			name: "one of two prefixes is in conflict", change: func(c *cluster) {
				c.announcement("web").Spec.Prefixes = []string{"203.0.113.0/24", "2001:db8:1::/48"}
				c.report(everywhere)
				c.report([]string{"node-2"}, conflict)
			},
			advertised: "True Partial", complete: "False Conflict", ready: "False Conflict",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 3},
			verdicts: []v1alpha1.Verdict{{Reason: "Conflict", Sessions: 1, Example: "tor-a/node-2", Winner: "platform/older"}},
		},
		{
			name: "in conflict everywhere", change: func(c *cluster) { c.report(everywhere, conflict) },
			advertised: "False Conflict", complete: "False Conflict", ready: "False Conflict",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3},
			verdicts: []v1alpha1.Verdict{{Reason: "Conflict", Sessions: 3, Example: "tor-a/node-1", Winner: "platform/older"}},
			text:     "Conflict at 3, tor-a/node-1 among them, where platform/older has the prefix",
		},
		{
			name: "the most frequent reason", change: func(c *cluster) {
				c.report([]string{"node-1"}, conflict)
				c.report([]string{"node-2", "node-3"}, withhold("web", rib.ReasonNoNextHop))
			},
			advertised: "False NoNextHop", complete: "False NoNextHop", ready: "False NoNextHop",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3},
			verdicts: []v1alpha1.Verdict{
				{Reason: "NoNextHop", Sessions: 2, Example: "tor-a/node-2"}, {Reason: "Conflict", Sessions: 1, Example: "tor-a/node-1", Winner: "platform/older"},
			},
		},
		{
			name: "of two as frequent the first in the documented order", change: func(c *cluster) {
				c.report(everywhere)
				c.report([]string{"node-1"}, isDown)
				c.report([]string{"node-2"}, conflict)
			},
			advertised: "True Partial", complete: "False Conflict", ready: "False Conflict",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 1},
			verdicts: []v1alpha1.Verdict{
				{Reason: "Conflict", Sessions: 1, Example: "tor-a/node-2", Winner: "platform/older"}, {Reason: "SessionDown", Sessions: 1, Example: "tor-a/node-1"},
			},
		},
		{
			name: "a session says nothing, another is down", change: func(c *cluster) {
				c.report([]string{"node-1"})
				c.report([]string{"node-3"}, isDown)
			},
			advertised: "True Partial", complete: "False SessionDown", ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, Advertised: 1}, verdicts: []v1alpha1.Verdict{down3},
		},
		{
			name: "most sessions say nothing, one is down", change: func(c *cluster) { c.report([]string{"node-3"}, isDown) },
			advertised: "Unknown Pending", complete: "False SessionDown", ready: "Unknown Pending",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3}, verdicts: []v1alpha1.Verdict{down3},
		},
		{
			name: "to be down, and it is", change: func(c *cluster) {
				c.announcement("web").Spec.AdminState = new(v1alpha1.AdminStateDown)
				c.report([]string{"node-1", "node-2"})
				c.report([]string{"node-3"}, isDown)
			},
			advertised: "False AdminDown", complete: "True AdminDown", ready: "True AdminDown",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, NotDue: 3},
			verdicts: []v1alpha1.Verdict{{Reason: "AdminDown", Sessions: 3, Example: "tor-a/node-1"}},
		},
		{
			name: "down, and nobody hears of a node", change: func(c *cluster) {
				c.report(everywhere)
				c.announcement("web").Generation++
				c.announcement("web").Spec.AdminState = new(v1alpha1.AdminStateDown)
				c.report([]string{"node-1", "node-2"})
				delete(c.speakers, "node-3")
			},
			advertised: "False AdminDown", complete: "False Unavailable", ready: "Unknown Unavailable",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, NotDue: 2, Unavailable: 1},
			verdicts: []v1alpha1.Verdict{{Reason: "AdminDown", Sessions: 2, Example: "tor-a/node-1"}},
		},
		{
			name: "to be down, and not yet", change: func(c *cluster) {
				c.report(everywhere)
				c.announcement("web").Generation++
				c.announcement("web").Spec.AdminState = new(v1alpha1.AdminStateDown)
				c.report([]string{"node-1"})
			},
			advertised: "Unknown Pending", complete: "Unknown Pending", ready: "Unknown Pending",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3, NotDue: 1},
			verdicts: []v1alpha1.Verdict{{Reason: "AdminDown", Sessions: 1, Example: "tor-a/node-1"}},
		},
		{
			name: "refused by compile", change: func(c *cluster) {
				c.announcement("web").Spec.Prefixes = []string{"0.0.0.0/0"}
				c.report(everywhere)
			},
			advertised: "False InfrastructureRefused", complete: "False InfrastructureRefused", ready: "False InfrastructureRefused",
			sessions: v1alpha1.AnnouncementSessions{Eligible: 3},
			verdicts: []v1alpha1.Verdict{{Reason: "InfrastructureRefused", Sessions: 3, Example: "tor-a/node-1"}},
		},
		{
			name: "selected nodes alone", change: func(c *cluster) {
				c.announcement("web").Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-2"}}
				c.report(everywhere)
			},
			advertised: out, complete: whole, ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 1, Advertised: 1},
		},
		{
			name: "no node selected", change: func(c *cluster) {
				c.announcement("web").Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-9"}}
				c.report(everywhere)
			},
			advertised: "False NoSession", complete: "False NoSession", ready: "False NoSession", text: "spec.nodeSelector",
		},
		{
			name: "no peer selected", change: func(c *cluster) {
				c.announcement("web").Spec.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"side": "left"}}
				c.report(everywhere)
			},
			advertised: "False NoSession", complete: "False NoSession", ready: "False NoSession", text: "spec.peerSelector",
		},
		{
			name: "no grant", change: func(c *cluster) { c.objects.operatorNamespace = "elsewhere"; c.report(everywhere) },
			advertised: "False NoSession", complete: "False NoSession", ready: "False NoSession", text: "grants the namespace platform",
		},
		{
			name: "not valid", change: func(c *cluster) { c.announcement("web").Spec.Prefixes[0] = "203.0.113.1/24"; c.report(everywhere) },
			accepted: "False Invalid", advertised: "False Invalid", complete: "False Invalid", ready: "False Invalid", text: "spec.prefixes[0]",
		},
		{
			name: "too large", change: func(c *cluster) {
				c.announcement("web").Spec.Prefixes[0] = "0.0.0.0/1"
				c.announcement("web").Spec.Deaggregate = &v1alpha1.Deaggregate{IPv4: new(int32(32))}
			},
			accepted: "False TooLarge", advertised: "False TooLarge", complete: "False TooLarge", ready: "False TooLarge",
		},
		{
			name: "two peers", change: func(c *cluster) { c.addPeer("tor-b", "192.0.2.2"); c.report(everywhere) },
			advertised: out, complete: whole, ready: ready,
			sessions: v1alpha1.AnnouncementSessions{Eligible: 6, Advertised: 6},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t, 3)
			c.addAnnouncement("web", "203.0.113.0/24")
			c.addAnnouncement("other", "198.51.100.0/24")
			test.change(c)
			object := c.announcement("web")
			got, _ := c.rollup().Announcement(object, nil, now)
			if len(got.Conditions) != 4 {
				t.Fatalf("conditions %+v, want four", got.Conditions)
			}
			accepted := test.accepted
			if accepted == "" {
				accepted = "True Accepted"
			}
			wantCondition(t, got.Conditions, v1alpha1.ConditionAccepted, accepted)
			wantMessage(t, wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, test.advertised), test.text)
			wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, test.complete)
			wantCondition(t, got.Conditions, v1alpha1.ConditionReady, test.ready)
			want := test.sessions
			want.Summary = fmt.Sprintf("%d/%d", want.Advertised, want.Eligible)
			if got.Sessions == nil || *got.Sessions != want {
				t.Errorf("sessions %+v, want %+v", got.Sessions, want)
			}
			if !reflect.DeepEqual(got.Verdicts, test.verdicts) {
				t.Errorf("verdicts %+v, want %+v", got.Verdicts, test.verdicts)
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

// TestMissingPeerIsTold: one of two names in spec.peers is a BGPPeer, so the announcement goes out; the status shows the other name, a slip.
func TestMissingPeerIsTold(t *testing.T) {
	c := newCluster(t, 1)
	c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) { a.Spec.Peers = []string{"tor-a", "tor-x"} })
	got, _ := c.rollup().Announcement(c.announcement("web"), nil, now)
	wantMessage(t, wantCondition(t, got.Conditions, v1alpha1.ConditionAccepted, "True Accepted"), "no BGPPeer in use is named tor-x")
}

func TestAnnouncementPrefixes(t *testing.T) {
	c := newCluster(t, 1)
	c.addAnnouncement("web", "10.0.0.0/12", func(a *v1alpha1.Announcement) {
		a.Spec.Deaggregate = &v1alpha1.Deaggregate{IPv4: new(int32(32))}
	})
	if got, _ := c.rollup().Announcement(c.announcement("web"), nil, now); got.Prefixes != 1<<20 {
		t.Errorf("%d prefixes, want %d", got.Prefixes, 1<<20)
	}
}

func TestRollupEmitsItsOwnConditionsAlone(t *testing.T) {
	c := newCluster(t, 1)
	c.addAnnouncement("web", "203.0.113.0/24")
	foreign := []metav1.Condition{{Type: "Foreign", Status: metav1.ConditionTrue, Reason: "Foreign"}}
	c.announcement("web").Status.Conditions = foreign
	c.peer("tor-a").Status.Conditions = foreign
	r := c.rollup()
	announcement, _ := r.Announcement(c.announcement("web"), nil, now)
	for _, list := range [][]metav1.Condition{announcement.Conditions, r.Peer(c.peer("tor-a"), now).Conditions} {
		if meta.FindStatusCondition(list, "Foreign") != nil {
			t.Errorf("a condition of somebody else is echoed: %+v", list)
		}
	}
}
