// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/harness"
)

func anyRoute(*harness.Route) error { return nil }

// expectVerdict waits until an announcement is not complete for that reason.
func (c *cluster) expectVerdict(t *testing.T, a *v1alpha1.Announcement, reason string) {
	t.Helper()
	said := c.expectAnnouncement(t, patience, a, want{v1alpha1.ConditionComplete, metav1.ConditionFalse, reason})
	if len(said.Status.Verdicts) != 1 || said.Status.Verdicts[0].Reason != reason {
		t.Errorf("verdicts of %s: %+v, want %s", a.Name, said.Status.Verdicts, reason)
	}
}

// TestGrants: a tenant announces what an entry covers and no more, and only as long as there is one. Everybody else's
// routes stay.
func TestGrants(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.startNode(t, node.Name, nil)
	c.startCluster(t)
	tor := newRouter(t, 31)
	c.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"team": "shop"}}})
	peer := tor.peer()
	peer.Spec.AllowedAnnouncements = &v1alpha1.AllowedAnnouncements{Tenants: []v1alpha1.Tenant{{
		Name: "shop",
		Namespaces: v1alpha1.TenantNamespaces{
			From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"team": "shop"}},
		},
		Prefixes: []v1alpha1.TenantPrefix{{CIDR: "203.0.113.0/24"}},
	}}}
	c.create(t, peer)
	ours := announcement(operatorNamespace, "ours", "198.51.100.0/25")
	c.create(t, ours)
	c.expectAnnouncement(t, patience, ours, advertised)
	mark := tor.mark(t)

	covered := announcement("shop", "covered", "203.0.113.0/24", "198.51.100.128/25")
	c.create(t, covered)
	c.expectVerdict(t, covered, v1alpha1.ReasonPrefixNotAllowed)
	c.expectAnnouncement(t, patience, covered, want{v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPrefixNotAllowed})
	tor.expectRoute(t, "203.0.113.0/24", anyRoute)
	tor.expectNoRoute(t, "198.51.100.128/25")

	greedy := announcement("shop", "greedy", "203.0.113.0/24")
	greedy.Spec.Attributes = &v1alpha1.PathAttributes{LocalPref: new(int64(500))}
	c.create(t, greedy)
	c.expectVerdict(t, greedy, v1alpha1.ReasonAttributeNotAllowed)
	everything := announcement(operatorNamespace, "everything", "0.0.0.0/0")
	c.create(t, everything)
	c.expectVerdict(t, everything, v1alpha1.ReasonInfrastructureRefused)
	tor.expectNoRoute(t, "0.0.0.0/0")
	tor.expectUpdates(t, mark, 1)

	mark = tor.mark(t)
	change(t, c, peer, func(p *v1alpha1.BGPPeer) { p.Spec.AllowedAnnouncements = nil })
	tor.expectNoRoute(t, "203.0.113.0/24")
	c.expectAnnouncement(t, patience, covered,
		want{v1alpha1.ConditionAdvertised, metav1.ConditionFalse, v1alpha1.ReasonNoSession})
	c.expectAnnouncement(t, patience, ours, advertised)
	tor.expectRoute(t, "198.51.100.0/25", anyRoute)
	tor.expectUpdates(t, mark, 1)
}

// TestFamilyNotNegotiated: to a neighbour that offers IPv4 alone the IPv4 prefixes go, and the announcement says why the
// others do not.
func TestFamilyNotNegotiated(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.startNode(t, node.Name, nil)
	c.startCluster(t)
	here, there := netip.MustParseAddr("127.0.32.3"), netip.MustParseAddr("127.0.32.2")
	back := netip.AddrPortFrom(there, freePort(t, there))
	neighbor := startNeighbor(t, back, speaker.Peer{
		Name: "herald", Address: netip.AddrPortFrom(here, back.Port()), LocalASN: routerASN, PeerASN: localASN,
		ConnectMode: speaker.ConnectPassive, Families: []wire.Family{wire.IPv4Unicast},
	})
	peer := (&router{name: "tor-32", asn: routerASN, address: back}).peer()
	peer.Spec.Transport = &v1alpha1.Transport{Source: &v1alpha1.TransportSource{Address: here.String()}}
	c.create(t, peer)
	dual := announcement(operatorNamespace, "dual", "203.0.113.0/24", "2001:db8:1::/48")
	c.create(t, dual)
	c.expectVerdict(t, dual, v1alpha1.ReasonFamilyNotNegotiated)
	c.expectAnnouncement(t, patience, dual, want{v1alpha1.ConditionAdvertised, metav1.ConditionTrue, v1alpha1.ReasonPartial})
	c.expectAnnouncement(t, patience, dual, objectReady)
	four := announcement(operatorNamespace, "four", "198.51.100.0/24")
	c.create(t, four)
	c.expectAnnouncement(t, patience, four, advertised)
	snapshot, _ := neighbor.Peer(speaker.SessionID{Peer: "herald", Remote: here})
	if got := snapshot.Messages.ReceivedReachable; got != 2 {
		t.Errorf("the neighbour received %d routes, want 203.0.113.0/24 and 198.51.100.0/24", got)
	}
}

// startNeighbor runs a speaker with one peer.
func startNeighbor(t *testing.T, listen netip.AddrPort, peer speaker.Peer) *speaker.Speaker {
	t.Helper()
	s := speaker.New(speaker.Options{Listen: []netip.AddrPort{listen}})
	if err := s.Apply(&speaker.Config{RouterID: netip.MustParseAddr("192.0.2.32"), Peers: []*speaker.Peer{&peer}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}
