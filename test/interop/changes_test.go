// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/test/harness"
)

func testDelete(t *testing.T, daemon harness.Daemon) {
	dns := netip.MustParsePrefix("198.51.100.0/24")
	l := newLab(t, daemon, setup{manifests: map[string]string{
		webManifest: web(""), "dns.yaml": announcement("dns", dns.String(), ""),
	}})
	l.start()
	l.wantWeb()
	l.wantRoute(dns, l.plain(dns))
	before := l.session()
	l.herald.remove(t, webManifest)
	l.wantNoRoute(web4)
	l.wantNoRoute(web6)
	l.wantRoute(dns, l.plain(dns))
	l.wantSameSession(before)
}

// testChange checks that a route whose attributes change is never away. RFC 4271 §9: an implicit replacement.
func testChange(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{manifests: map[string]string{webManifest: web("med: 10, communities: [\"64512:1\"]")}})
	l.start()
	want := l.plain(web4)
	want.MED, want.Communities = new(uint32(10)), []string{"64512:1"}
	l.wantRoute(web4, want)
	before := l.session()
	l.throughout("the route is there", l.hasRoute(web4), func() {
		l.herald.write(t, webManifest, web("med: 20, communities: [\"64512:2\"]"))
		want.MED, want.Communities = new(uint32(20)), []string{"64512:2"}
		l.wantRoute(web4, want)
		l.herald.write(t, webManifest, web(""))
		l.wantRoute(web4, l.plain(web4))
		l.wantRoute(web6, l.plain(web6))
	})
	l.wantSameSession(before)
}

func testEndOfRIB(t *testing.T, daemon harness.Daemon) {
	// There is no IPv6 route, but the End-of-RIB of IPv6 comes nevertheless (RFC 4724 §4).
	l := newLab(t, daemon, setup{manifests: map[string]string{webManifest: announcement("web", web4.String(), "")}})
	l.start()
	l.wantRoute(web4, l.plain(web4))
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
}

func testRefresh(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{})
	l.start()
	l.wantWeb()
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	before := l.session()
	for _, family := range []harness.Family{harness.IPv4, harness.IPv6} {
		if err := l.peer.Refresh(t.Context(), family); err != nil {
			t.Fatal(err)
		}
	}
	l.wantPeer("both routes came again", func(s harness.Session) bool { return s.Routes >= before.Routes+2 })
	l.wantWeb()
	l.wantSameSession(before)
}

// wantReceived waits until Herald has counted a route of each family.
func (l *lab) wantReceived() {
	l.Helper()
	want := 2
	if l.peer.Name() == "OpenBGPD" {
		want = 1 // the other goes with the next hop :: or 0.0.0.0, so it is a withdrawal (RFC 7606 §7.3)
	}
	l.herald.wantMetric(l.T, "herald_routes_received_total", "tor-a", want)
}

// testReceivedRoutes: the daemon announces routes of its own. Herald counts them, and they change nothing.
func testReceivedRoutes(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{routerOriginates: true})
	l.start()
	l.wantWeb()
	l.wantReceived()
	before := l.session()
	l.herald.write(t, webManifest, web("med: 7"))
	want := l.plain(web4)
	want.MED = new(uint32(7))
	l.wantRoute(web4, want)
	l.wantSameSession(before)
}

func testPeerRestart(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{})
	l.start()
	l.wantWeb()
	pid := l.herald.PID()
	l.peer.Kill()
	l.startPeer()
	l.wantEstablished()
	l.wantWeb()
	l.wantPeer("End-of-RIB of both families", hasBothEndOfRIB)
	if l.herald.PID() != pid {
		t.Errorf("herald is another process")
	}
}
