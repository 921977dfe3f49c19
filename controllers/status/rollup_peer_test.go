// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

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
					s.Blocked = speaker.Blocked{Reason: speaker.BlockedKeyMissing, Text: "Secret herald/tor-a does not exist"}
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
				c.report([]string{"node-2"}, func(s *speaker.PeerSnapshot) { s.PendingReset = []speaker.Parameter{speaker.ParameterFamilies} })
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

// TestEditThatCannotBeUsed: the earlier version stays in force, and the conditions name the generation that they speak of.
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
