// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package dataset_test

import (
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bench/dataset"
)

func samples() []*dataset.Data {
	return []*dataset.Data{
		dataset.HostRoutes("10.0.0.0", 5000),
		dataset.Networks6("2001:db8:8000::", 3001),
		dataset.Mixed(20_000, 100),
	}
}

func TestRoutesAreDistinct(t *testing.T) {
	counts := []int{5000, 3001, 20_000}
	for i, d := range samples() {
		seen := map[netip.Prefix]bool{}
		for p := range d.Routes() {
			if p != p.Masked() || seen[p] {
				t.Fatalf("%s: %s has host bits, or is there twice", d.Title, p)
			}
			seen[p] = true
		}
		if len(seen) != counts[i] || d.Count() != counts[i] {
			t.Errorf("%s: %d prefixes, Count says %d", d.Title, len(seen), d.Count())
		}
	}
}

func TestOneRangeForASlash12(t *testing.T) {
	d := dataset.HostRoutes("10.0.0.0", 1<<20)
	want := dataset.Range{Prefix: netip.MustParsePrefix("10.0.0.0/12"), Length: 32}
	if len(d.Sets) != 1 || len(d.Sets[0].Ranges) != 1 || d.Sets[0].Ranges[0] != want {
		t.Errorf("%+v, want %+v alone", d.Sets, want)
	}
}

func TestSameEveryTime(t *testing.T) {
	if a, b := dataset.Mixed(1000, 10).Digest(), dataset.Mixed(1000, 10).Digest(); a != b {
		t.Errorf("digests %x and %x", a, b)
	}
}

// TestMessages reads the floor's messages with the speaker's own decoder, and holds them to the bound.
func TestMessages(t *testing.T) {
	for _, d := range samples() {
		nextHop := netip.MustParseAddr("192.0.2.1")
		if d.Is6() {
			nextHop = netip.MustParseAddr("2001:db8::1")
		}
		octets, messages := d.Messages(nextHop), 0
		var routes []netip.Prefix
		for ; len(octets) > 0; messages++ {
			length := int(octets[16])<<8 | int(octets[17])
			if length > 4096 {
				t.Fatalf("%s: a message of %d octets", d.Title, length)
			}
			routes = append(routes, parse(t, octets[19:length])...)
			octets = octets[length:]
		}
		if len(routes) != d.Count() || messages > d.MessageBound() {
			t.Errorf("%s: %d routes of %d in %d messages, bound %d", d.Title, len(routes), d.Count(), messages, d.MessageBound())
		}
		for p := range d.Routes() {
			if p != routes[0] {
				t.Fatalf("%s: %s, want %s", d.Title, routes[0], p)
			}
			routes = routes[1:]
		}
	}
}

// parse returns what an UPDATE announces.
func parse(t *testing.T, body []byte) []netip.Prefix {
	t.Helper()
	var update wire.Update
	families := []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	if err := wire.ParseUpdate(body, wire.UpdateOptions{AS4: true, EBGP: true, Families: families}, &update); err != nil {
		t.Fatal(err)
	}
	family, nlri := wire.IPv4Unicast, update.NLRI
	if update.MPReach != nil {
		family, nlri = wire.IPv6Unicast, update.MPReach.NLRI
	}
	var prefixes []netip.Prefix
	for p := range wire.Prefixes(family, nlri) {
		prefixes = append(prefixes, p)
	}
	return prefixes
}
