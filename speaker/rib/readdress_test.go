// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// TestReaddress: where the node's address changes that is next hop self, the routes that name it are replaced, and nothing else is
// sent; with the first address they appear, with the last they go.
func TestReaddress(t *testing.T) {
	table := rib.New()
	list := []*rib.Announcement{
		announcement("self", none, "2001:db8:1::/48", "10.0.0.0/24"),
		announcement("named", rib.Attributes{NextHop6: addr("2001:db8::77")}, "2001:db8:2::/48"),
	}
	self := netip.MustParsePrefix("2001:db8:1::/48")
	at := func(six string) {
		node := &rib.NodeAddresses{Four: addr("192.0.2.2")}
		node.Six, _ = netip.ParseAddr(six)
		table.Update(rib.NewList(list...), map[string]rib.Export{"tor": {Announcements: rib.NewList(list...), Node: node, Token: six}})
	}
	at("2001:db8::2")
	// The session over IPv6 has its own address as next hop of IPv6, and shares all else with the other one.
	over6 := external()
	over6.LocalAddress, over6.PeerAddress = addr("2001:db8:f::2"), addr("2001:db8:f::1")
	p, q := attach(t, table, "tor", external()), attach(t, table, "tor", over6)
	p.lines()
	q.lines()
	want := func(nextHop string, lines ...string) {
		t.Helper()
		p.expect(lines...)
		q.expect()
		if got := p.routes[self].nextHop; got.IsValid() != (nextHop != "") || got.IsValid() && got != addr(nextHop) {
			t.Errorf("next hop %v, want %s", got, nextHop)
		}
		withheld := p.out.Report().Withheld
		if none := nextHop != ""; none != (len(withheld) == 0) || !none && withheld[0].Reason != rib.ReasonNoNextHop {
			t.Errorf("withheld %+v", withheld)
		}
	}
	at("2001:db8::3")
	want("2001:db8::3", "announce 2001:db8:1::/48")
	at("2001:db8::3")
	want("2001:db8::3")
	at("")
	p.drain() // what names another next hop may be sent again
	p.log = nil
	want("")
	at("2001:db8::2")
	p.drain()
	p.log = nil
	want("2001:db8::2")

	// One that has something to read has the old address in it.
	list = append(list, announcement("more", none, "2001:db8:3::/48"))
	at("2001:db8::2")
	at("2001:db8::4")
	p.drain()
	q.drain()
	for prefix, r := range p.routes {
		if named := prefix == list[1].Prefixes.First(); prefix.Addr().Is6() && !named && r.nextHop != addr("2001:db8::4") {
			t.Errorf("%v via %v", prefix, r.nextHop)
		}
	}
	if s := table.Stats(); len(p.routes) != 4 || s.Marks > 0 {
		t.Errorf("%v, %+v", p.prefixes(), s)
	}
}
