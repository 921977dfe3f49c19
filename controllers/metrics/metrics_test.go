// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/herald-bgp/herald/controllers/metrics"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// snapshots are those of a speaker at one moment.
type snapshots []speaker.PeerSnapshot

func (s snapshots) Snapshot() []speaker.PeerSnapshot { return s }

func TestCollector(t *testing.T) {
	c := metrics.NewCollector(snapshots{
		{
			ID:    speaker.SessionID{Peer: "tor-a", Remote: netip.MustParseAddr("192.0.2.1")},
			State: speaker.StateEstablished,
			Flaps: 2,
			Routes: rib.Report{
				Announced: []rib.FamilyCount{{Family: wire.IPv4Unicast, Routes: 3}, {Family: wire.IPv6Unicast, Routes: 4}},
				Withheld: []rib.Withheld{
					{Reason: rib.ReasonGuardRefused, Prefixes: 2}, {Reason: rib.ReasonConflict, Prefixes: 8},
					{Reason: rib.ReasonGuardRefused, Prefixes: 1},
				},
			},
			Received: &adjin.Report{Families: []adjin.Count{
				{Family: wire.IPv4Unicast, Routes: 5, Stale: 2, Leaked: 1, Dropped: 9}, {Family: wire.IPv6Unicast, Routes: 6},
			}},
			Messages: speaker.MessageCounts{
				Sent:     map[wire.MessageType]uint64{wire.TypeUpdate: 5, wire.TypeKeepalive: 6},
				Received: map[wire.MessageType]uint64{wire.TypeNotification: 1},
			},
		},
		{ID: speaker.SessionID{Peer: "tor-b", Remote: netip.MustParseAddr("2001:db8::1"), VRF: "red"}, State: speaker.StateConnect},
	})
	problems, err := testutil.CollectAndLint(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	const want = `
# HELP herald_guard_refused_prefixes Prefixes that the guard keeps from the peer although they were decided to be sent: a defect of Herald.
# TYPE herald_guard_refused_prefixes gauge
herald_guard_refused_prefixes{peer="tor-a",remote="192.0.2.1",vrf=""} 3
herald_guard_refused_prefixes{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_messages_sent_total BGP messages sent to the peer.
# TYPE herald_messages_sent_total counter
herald_messages_sent_total{peer="tor-a",remote="192.0.2.1",vrf=""} 11
herald_messages_sent_total{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_notifications_received_total NOTIFICATION messages received from the peer.
# TYPE herald_notifications_received_total counter
herald_notifications_received_total{peer="tor-a",remote="192.0.2.1",vrf=""} 1
herald_notifications_received_total{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_routes_announced Routes that the peer now has from us, over all families.
# TYPE herald_routes_announced gauge
herald_routes_announced{peer="tor-a",remote="192.0.2.1",vrf=""} 7
herald_routes_announced{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_routes_kept Routes of the peer that are kept (receive.mode Report), over all families.
# TYPE herald_routes_kept gauge
herald_routes_kept{peer="tor-a",remote="192.0.2.1",vrf=""} 11
herald_routes_kept{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_routes_kept_ineligible Kept routes of the peer that ONLY_TO_CUSTOMER makes ineligible (RFC 9234).
# TYPE herald_routes_kept_ineligible gauge
herald_routes_kept_ineligible{peer="tor-a",remote="192.0.2.1",vrf=""} 1
herald_routes_kept_ineligible{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_routes_over_limit Routes of the peer that are dropped because of receive.maxPrefixes, up to as many as are kept.
# TYPE herald_routes_over_limit gauge
herald_routes_over_limit{peer="tor-a",remote="192.0.2.1",vrf=""} 9
herald_routes_over_limit{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_session_established 1 while the session with the peer is Established, else 0.
# TYPE herald_session_established gauge
herald_session_established{peer="tor-a",remote="192.0.2.1",vrf=""} 1
herald_session_established{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_session_flaps_total How often the session was lost after it was Established.
# TYPE herald_session_flaps_total counter
herald_session_flaps_total{peer="tor-a",remote="192.0.2.1",vrf=""} 2
herald_session_flaps_total{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
# HELP herald_updates_sent_total UPDATE messages sent to the peer.
# TYPE herald_updates_sent_total counter
herald_updates_sent_total{peer="tor-a",remote="192.0.2.1",vrf=""} 5
herald_updates_sent_total{peer="tor-b",remote="2001:db8::1",vrf="red"} 0
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "herald_guard_refused_prefixes", "herald_messages_sent_total",
		"herald_notifications_received_total", "herald_routes_announced", "herald_routes_kept",
		"herald_routes_kept_ineligible", "herald_routes_over_limit", "herald_session_established",
		"herald_session_flaps_total", "herald_updates_sent_total"); err != nil {
		t.Error(err)
	}
}

// TestSessionsOfOnePeer: one BGPPeer may have several sessions, and each has metrics of its own. A registry answers nothing at all once two
// metrics have the same labels.
func TestSessionsOfOnePeer(t *testing.T) {
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	sessions := snapshots{
		{ID: speaker.SessionID{Peer: "tor-a", Remote: one}, Flaps: 1},
		{ID: speaker.SessionID{Peer: "tor-a", Remote: two}, Flaps: 2},
		{ID: speaker.SessionID{Peer: "tor-a", Remote: two, VRF: "red"}, Flaps: 3},
		{ID: speaker.SessionID{Peer: "tor-b"}, Flaps: 4},
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics.NewCollector(sessions))
	const want = `
# HELP herald_session_flaps_total How often the session was lost after it was Established.
# TYPE herald_session_flaps_total counter
herald_session_flaps_total{peer="tor-a",remote="192.0.2.1",vrf=""} 1
herald_session_flaps_total{peer="tor-a",remote="192.0.2.2",vrf=""} 2
herald_session_flaps_total{peer="tor-a",remote="192.0.2.2",vrf="red"} 3
herald_session_flaps_total{peer="tor-b",remote="",vrf=""} 4
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "herald_session_flaps_total"); err != nil {
		t.Error(err)
	}
}

// TestMetricsAreDocumented: docs/metrics.md has a row for each metric, as the metric describes itself, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	endpoints := metrics.NewEndpointGauge()
	endpoints.WithLabelValues("health-address").Set(1)
	registry.MustRegister(metrics.NewCollector(snapshots{{ID: speaker.SessionID{Peer: "tor-a", Remote: netip.MustParseAddr("192.0.2.1")}}}), endpoints, metrics.NewDriftCounter(func() int64 { return 0 }))
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Fatalf("%d metrics: %v", len(families), err)
	}
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range families {
		want = append(want, fmt.Sprintf("| `%s` | %s | %s |", f.GetName(), strings.ToLower(f.GetType().String()), f.GetHelp()))
	}
	var got []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `herald_") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/metrics.md has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
