// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/herald-bgp/herald/test/harness"
)

// testSamples applies config/samples unchanged: the router has the address that the samples name.
func testSamples(t *testing.T, daemon harness.Daemon) {
	samples, err := filepath.Glob(filepath.Join("..", "..", "config", "samples", "*_*.yaml"))
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	l := newLab(t, daemon, setup{manifests: map[string]string{}})
	l.herald.remove(t, "peer.yaml")
	for _, sample := range samples {
		content, err := os.ReadFile(sample)
		if err != nil {
			t.Fatal(err)
		}
		l.herald.write(t, filepath.Base(sample), string(content))
	}
	l.start()
	for _, prefix := range []netip.Prefix{web4, web6} {
		want := l.plain(prefix)
		want.MED = new(uint32(50))
		want.Communities = []string{"64512:100", "65535:65281"}
		want.LargeCommunities = []string{"64512:1:100"}
		l.wantRoute(prefix, want)
	}
	for _, half := range []string{"198.51.100.0/25", "198.51.100.128/25"} {
		prefix := netip.MustParsePrefix(half)
		want := l.plain(prefix)
		want.ASPath = []uint32{heraldASN, heraldASN, heraldASN}
		want.Communities = []string{"64512:200"}
		l.wantRoute(prefix, want)
	}
	l.wantNoRoute(netip.MustParsePrefix("198.51.100.0/24"))
}

// everyAttribute holds every attribute of the API except those with a test of their own: nextHop, raw, and the attributes of
// reflected routes.
const everyAttribute = `origin: EGP, asPath: [65010, 4200000010], prepend: 2, med: 4294967295, localPref: 250,
    communities: ["64512:100", NO_EXPORT, "64512:65535", "1:1"],
    largeCommunities: ["64512:1:100", "4200000000:4294967295:0"],
    extendedCommunities: ["rt:64512:100", "soo:64512:200"],
    aggregator: {asn: 4200000010, address: 192.0.2.9}, atomicAggregate: true`

func wantEveryAttribute(route harness.Route) harness.Route {
	route.Origin = "EGP"
	route.MED = new(uint32(4294967295))
	route.Communities = []string{"1:1", "64512:100", "64512:65535", "65535:65281"}
	route.LargeCommunities = []string{"64512:1:100", "4200000000:4294967295:0"}
	route.ExtendedCommunities = []string{"rt:64512:100", "soo:64512:200"}
	route.Aggregator, route.AtomicAggregate = "4200000010 192.0.2.9", true
	return route
}

func testAttributesExternal(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{manifests: map[string]string{
		webManifest: web(everyAttribute),
		"hop.yaml": announcement("hop", "198.51.100.128/25, 2001:db8:2::/48",
			`nextHop: {ipv4: 192.0.2.77, ipv6: "2001:db8:0:1::77"}, origin: Incomplete`),
	}})
	l.start()
	for _, prefix := range []netip.Prefix{web4, web6} {
		want := wantEveryAttribute(l.plain(prefix))
		want.ASPath = []uint32{heraldASN, heraldASN, heraldASN, 65010, 4200000010}
		l.wantRoute(prefix, want)
	}
	for text, hop := range map[string]string{"198.51.100.128/25": "192.0.2.77", "2001:db8:2::/48": "2001:db8:0:1::77"} {
		prefix := netip.MustParsePrefix(text)
		want := l.plain(prefix)
		want.Origin, want.NextHop = "Incomplete", netip.MustParseAddr(hop)
		l.wantRoute(prefix, want)
	}
}

func testAttributesInternal(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		heraldASN: routerASN,
		manifests: map[string]string{webManifest: web(everyAttribute), "dns.yaml": announcement("dns", "198.51.100.0/24", "")},
	})
	l.start()
	for _, prefix := range []netip.Prefix{web4, web6} {
		want := wantEveryAttribute(l.plain(prefix))
		want.ASPath = []uint32{65010, 4200000010} // prepend is for external sessions
		want.LocalPref = new(uint32(250))
		l.wantRoute(prefix, want)
	}
	dns := netip.MustParsePrefix("198.51.100.0/24")
	l.wantRoute(dns, l.plain(dns)) // RFC 4271 §5.1.2: an empty AS_PATH
}

func testFourOctetASN(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		heraldASN: 4200000000, routerASN: 4200000001,
		manifests: map[string]string{webManifest: web("prepend: 1")},
	})
	l.start()
	for _, prefix := range []netip.Prefix{web4, web6} {
		want := l.plain(prefix)
		want.ASPath = []uint32{4200000000, 4200000000}
		l.wantRoute(prefix, want)
	}
}

// testReflected: the attributes of a route that a reflector passed on (RFC 4456 §8).
func testReflected(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{
		heraldASN: routerASN,
		manifests: map[string]string{webManifest: web("originatorID: 198.51.100.7, clusterList: [198.51.100.8, 198.51.100.9]")},
	})
	l.start()
	for _, prefix := range []netip.Prefix{web4, web6} {
		want := l.plain(prefix)
		want.OriginatorID = netip.MustParseAddr("198.51.100.7")
		want.ClusterList = []netip.Addr{netip.MustParseAddr("198.51.100.8"), netip.MustParseAddr("198.51.100.9")}
		l.wantRoute(prefix, want)
	}
}

// testRaw: an unknown attribute arrives as it was written.
func testRaw(t *testing.T, daemon harness.Daemon) {
	l := newLab(t, daemon, setup{manifests: map[string]string{
		webManifest: web(`raw: [{code: 213, value: "0000006400c8ff"}]`),
	}})
	l.start()
	for _, prefix := range []netip.Prefix{web4, web6} {
		want := l.plain(prefix)
		want.Unknown = map[uint8]string{213: "0000006400c8ff"}
		l.wantRoute(prefix, want)
	}
}
