// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/harness"
)

// wantNegotiated waits until Herald reports that both ends have a capability.
func (l *lab) wantNegotiated(capability v1alpha1.Capability) {
	l.Helper()
	l.herald.wantSession(l.T, "tor-a", "negotiated "+string(capability), func(s *v1alpha1.BGPSession) bool {
		return s.Status.Negotiated != nil && slices.Contains(s.Status.Negotiated.Capabilities, capability)
	})
}

// testAddPath: the daemon's table has two Announcements of one prefix side by side (RFC 7911); then one of them is deleted.
func testAddPath(t *testing.T, daemon harness.Daemon) {
	path := func(id int) string {
		name, prefixes := fmt.Sprintf("path-%d", id), web4.String()+", "+web6.String()
		return announcement(name, prefixes, fmt.Sprintf("med: %d", 10*id), fmt.Sprintf("pathID: %d", id))
	}
	l := newLab(t, daemon, setup{
		spec: []string{"capabilities: {addPath: [{afi: IPv4, safi: Unicast, mode: Send}, {afi: IPv6, safi: Unicast, mode: Send}]}"},
		manifests: map[string]string{
			"one.yaml": path(1), "two.yaml": path(2), "dns.yaml": announcement("dns", "198.51.100.0/24", ""),
		},
	})
	l.start()
	l.wantNegotiated(v1alpha1.CapabilityAddPath)
	want := func(prefix netip.Prefix, id uint32) harness.Route {
		route := l.plain(prefix)
		route.MED = new(10 * id)
		if !slices.Contains([]string{"BIRD", "GoBGP"}, l.peer.Name()) { // which show no identifier
			route.PathID = id
		}
		return route
	}
	for _, prefix := range []netip.Prefix{web4, web6} {
		l.wantRoutes(prefix, want(prefix, 1), want(prefix, 2))
	}
	before := l.session()
	l.herald.remove(t, "one.yaml")
	for _, prefix := range []netip.Prefix{web4, web6} {
		l.wantRoutes(prefix, want(prefix, 2))
	}
	l.herald.write(t, "one.yaml", path(1))
	for _, prefix := range []netip.Prefix{web4, web6} {
		l.wantRoutes(prefix, want(prefix, 1), want(prefix, 2))
	}
	l.wantSameSession(before)
}

// testExtendedMessages: 2,048 prefixes with the same attributes go in fewer messages than messages of 4,096 octets would
// allow (RFC 8654), as the capture shows.
func testExtendedMessages(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		watched: true, spec: []string{"capabilities: {extendedMessage: true}"},
		manifests: map[string]string{"many.yaml": announcement("many", "10.0.0.0/13", "", "deaggregate: {ipv4: 24}")},
	})
	l.start()
	l.wantNegotiated(v1alpha1.CapabilityExtendedMessage)
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	for _, prefix := range []string{"10.0.0.0/24", "10.3.128.0/24", "10.7.255.0/24"} {
		l.wantRoute(prefixOf(prefix), l.plain(prefixOf(prefix)))
	}
	longest := 0
	for _, message := range l.wire.Messages(l.topo.Node.IPv4) {
		if message.Type() == wire.TypeUpdate {
			longest = max(longest, len(message.Message))
		}
	}
	if longest <= wire.MaxMessageLen {
		t.Errorf("the longest UPDATE on the wire had %d octets, want more than %d", longest, wire.MaxMessageLen)
	}
}

// testExtendedNextHop announces IPv4 prefixes with an IPv6 next hop (RFC 8950), over a session without IPv4.
func testExtendedNextHop(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{overIPv6: true, spec: []string{"capabilities: {extendedNextHop: true}"}})
	l.herald.write(t, webManifest, web(fmt.Sprintf("nextHop: {ipv4: %q}", l.topo.Node.IPv6)))
	l.start()
	l.wantNegotiated(v1alpha1.CapabilityExtendedNextHop)
	want := l.plain(web4)
	want.NextHop = l.topo.Node.IPv6
	l.wantRoute(web4, want)
	l.wantRoute(web6, l.plain(web6))
}

// testEnhancedRefresh checks that a refresh sends the routes again between BoRR and EoRR (RFC 7313 §4), and that they stay.
func testEnhancedRefresh(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{watched: true})
	l.start()
	l.wantNegotiated(v1alpha1.CapabilityEnhancedRouteRefresh)
	l.wantWeb()
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	before, sent := l.session(), len(l.wire.Messages(l.topo.Node.IPv4))
	for _, family := range []harness.Family{harness.IPv4, harness.IPv6} {
		if err := l.peer.Refresh(t.Context(), family); err != nil {
			t.Fatal(err)
		}
	}
	for _, afi := range []byte{1, 2} {
		harness.Eventually(t, patience, fmt.Sprintf("BoRR, an UPDATE and EoRR of AFI %d", afi), func() error {
			return refreshed(l.wire.Messages(l.topo.Node.IPv4)[sent:], afi)
		})
	}
	l.wantWeb()
	l.wantSameSession(before)
}

// refreshed looks for the begin of a route refresh, an UPDATE after it and its end. The subtype of a ROUTE-REFRESH is the
// octet between AFI and SAFI (RFC 7313 §3.2).
func refreshed(messages []harness.Captured, afi byte) error {
	marks := map[byte]int{}
	updates := 0
	for i, message := range messages {
		switch body := message.Body(); message.Type() {
		case wire.TypeRouteRefresh:
			if body[1] == afi {
				marks[body[2]] = i
			}
		case wire.TypeUpdate:
			if _, began := marks[1]; began && marks[2] == 0 {
				updates++
			}
		}
	}
	begin, began := marks[1]
	end, ended := marks[2]
	if !began || !ended || end < begin || updates == 0 {
		return fmt.Errorf("subtypes at %v, %d UPDATEs between them", marks, updates)
	}
	return nil
}

// testRole pairs a provider with its customer (RFC 9234): the daemon's table shows our ASN as ONLY_TO_CUSTOMER.
func testRole(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{routerRole: harness.Customer, spec: []string{"capabilities: {role: Provider, roleMode: Strict}"}})
	l.start()
	l.wantNegotiated(v1alpha1.CapabilityRole)
	for _, prefix := range []netip.Prefix{web4, web6} {
		want := l.plain(prefix)
		want.OTC = heraldASN
		l.wantRoute(prefix, want)
	}
}

// testRoleMismatch: two providers do not match, and both ends report 2/11; a provider is sent no ONLY_TO_CUSTOMER.
func testRoleMismatch(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{routerRole: harness.Provider, spec: []string{"capabilities: {role: Provider}"}})
	l.startPeer()
	l.herald.start(t)
	l.herald.wantSession(t, "tor-a", "2/11, Role Mismatch", func(s *v1alpha1.BGPSession) bool {
		e := s.Status.LastError
		return !established(s) && e != nil && e.Code != nil && *e.Code == int32(wire.CodeOpen) &&
			e.Subcode != nil && *e.Subcode == int32(wire.OpenRoleMismatch)
	})
	l.wantPeer("a role mismatch", func(s harness.Session) bool {
		return !s.Established && strings.Contains(strings.ToLower(s.LastError), "role mismatch")
	})
	l.herald.write(t, "peer.yaml", l.peerManifest(l.topo.Router.IPv4, "capabilities: {role: Customer}"))
	l.wantEstablished()
	l.wantWeb()
}

// testHostName: the daemon shows the name in our OPEN.
func testHostName(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{spec: []string{"capabilities: {fqdn: {hostName: edge-1, domainName: example.com}}"}})
	l.start()
	l.wantPeer("the name edge-1", func(s harness.Session) bool { return s.HostName == "edge-1" })
	l.wantWeb()
}

// testSoftwareVersion: the daemon shows the software version in our OPEN, or at least accepts it.
func testSoftwareVersion(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{spec: []string{"capabilities: {softwareVersion: true}"}})
	l.start()
	l.wantPeer("the version", func(s harness.Session) bool { return strings.HasPrefix(s.SoftwareVersion, "Herald/") })
	l.wantWeb()
}

// testTwoOctetASNs: a session without 4-octet ASNs carries them in AS4_PATH and AS4_AGGREGATOR, which the daemon puts
// together again (RFC 6793 §4.2.3).
func testTwoOctetASNs(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		spec: []string{"capabilities: {fourOctetASN: false}"},
		manifests: map[string]string{
			webManifest: web("asPath: [4200000010, 65010], aggregator: {asn: 4200000010, address: 192.0.2.9}"),
		},
	})
	l.start()
	for _, prefix := range []netip.Prefix{web4, web6} {
		want := l.plain(prefix)
		want.ASPath = []uint32{heraldASN, 4200000010, 65010}
		want.Aggregator = "4200000010 192.0.2.9"
		if l.peer.Name() == "ExaBGP" {
			want.Aggregator = "64086 192.0.2.9" // it reads the ASN of AS4_AGGREGATOR, fa56ea0a, as one of two octets
		}
		l.wantRoute(prefix, want)
	}
}

// testRate counts UPDATEs with routes on the wire: in any time T at most rate × T + rate of them, and all routes come.
func testRate(t *testing.T, daemon harness.Daemon) {
	const rate, count = 4, 14
	l := newLab(t, daemon, setup{watched: true, spec: []string{fmt.Sprintf("updates: {ratePerSecond: %d}", rate)}})
	var manifests strings.Builder
	for i := range count {
		manifests.WriteString(announcement(fmt.Sprintf("rate-%d", i), fmt.Sprintf("10.0.%d.0/24", i), fmt.Sprintf("med: %d", i+1)))
	}
	l.herald.write(t, webManifest, manifests.String())
	l.start()
	for i := range count {
		prefix := prefixOf(fmt.Sprintf("10.0.%d.0/24", i))
		want := l.plain(prefix)
		want.MED = new(uint32(i + 1))
		l.wantRoute(prefix, want)
	}
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	var sent []time.Time
	for _, message := range l.wire.Messages(l.topo.Node.IPv4) {
		if message.Type() == wire.TypeUpdate && !isEndOfRIB(message.Body()) { // End-of-RIB does not wait
			sent = append(sent, message.Time)
		}
	}
	if err := withinRate(sent, rate); err != nil || len(sent) < count {
		t.Error(errors.Join(err, fmt.Errorf("%d UPDATEs, at %v", len(sent), sent)))
	}
}

func isEndOfRIB(body []byte) bool {
	return slices.ContainsFunc([]wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}, func(f wire.Family) bool {
		return bytes.Equal(body, wire.AppendEndOfRIB(nil, f)[wire.HeaderLen:])
	})
}

// withinRate counts events in every window. The kernel's time stamp of a packet is a little later than the sending of the packet.
func withinRate(events []time.Time, rate float64) error {
	const late = 20 * time.Millisecond
	for first := range events {
		for last := first; last < len(events); last++ {
			window := events[last].Sub(events[first]) + late
			if count := float64(last - first + 1); count > rate*window.Seconds()+rate {
				return fmt.Errorf("%v UPDATEs within %v, at %v a second", count, window, rate)
			}
		}
	}
	return nil
}
