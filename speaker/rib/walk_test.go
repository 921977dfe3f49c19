// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

const (
	end4 = "end-of-rib ipv4-unicast"
	end6 = "end-of-rib ipv6-unicast"
)

func TestEndOfRIBForEachFamilyOnce(t *testing.T) {
	table := rib.New()
	p := attach(t, table, "tor", external())
	if !poked(p.out.Ready()) {
		t.Error("Attach did not poke Ready")
	}
	p.expect(end4, end6)
	update(table, export(1, announcement("a", none, "10.0.0.0/24")))
	if !poked(p.out.Ready()) {
		t.Error("Update did not poke Ready")
	}
	p.expect("announce 10.0.0.0/24")
	p.out.Refresh(wire.IPv4Unicast, false)
	p.expect("announce 10.0.0.0/24")
}

func TestFamiliesInOrder(t *testing.T) {
	table := rib.New()
	update(table, export(1, announcement("a", none, "10.0.0.0/24", "2001:db8::/32")))
	params := external()
	slices.Reverse(params.Families)
	attach(t, table, "tor", params).expect(
		"announce 2001:db8::/32", end6, "announce 10.0.0.0/24", end4)
}

func TestRefresh(t *testing.T) {
	table := rib.New()
	update(table, export(1, announcement("a", none, "10.0.0.0/24", "2001:db8::/32")))
	p := attach(t, table, "tor", external())
	p.lines()
	poked(p.out.Ready())
	p.out.Refresh(wire.IPv6Unicast, false)
	if !poked(p.out.Ready()) || p.out.Drained() {
		t.Error("Refresh did not poke Ready, or is no work to do")
	}
	p.expect("announce 2001:db8::/32")
	p.out.Refresh(wire.IPv4Unicast, false)
	p.out.Refresh(wire.IPv4Unicast, false)
	p.out.Refresh(wire.IPv4Unicast, false)
	p.expect("announce 10.0.0.0/24") // all that waited at once

	update(table, export(2, announcement("b", none, "10.0.1.0/24", "2001:db8::/32")))
	p.out.Refresh(wire.IPv4Unicast, false)
	p.expect("withdraw 10.0.0.0/24", "announce 10.0.1.0/24", "announce 10.0.1.0/24")
}

func TestRefreshUnderWay(t *testing.T) {
	table := rib.New()
	a := announcement("a", none, "10.0.0.0/20 32")
	update(table, export(1, a))
	p := attach(t, table, "tor", external())
	p.step(1)
	p.out.Refresh(wire.IPv4Unicast, false) // during the first walk: all is sent again after it
	p.drain()
	if p.ends[wire.IPv4Unicast] != 1 || len(p.routes) != 4096 {
		t.Fatalf("%d End-of-RIBs, %d routes", p.ends[wire.IPv4Unicast], len(p.routes))
	}
	messages := len(p.log) // both families' End-of-RIB and twice the routes
	p.out.Refresh(wire.IPv4Unicast, false)
	p.step(1)
	p.out.Refresh(wire.IPv4Unicast, false) // waits
	p.out.Refresh(wire.IPv4Unicast, false) // is the same
	p.drain()
	if got := len(p.log) - messages; got != messages-2 {
		t.Errorf("%d messages for two refreshes, want %d", got, messages-2)
	}

	p.out.Refresh(wire.IPv4Unicast, false)
	p.step(1)
	changed := announcement("a", rib.Attributes{MED: ptr(uint32(3))}, "10.0.0.0/24 32")
	update(table, export(2, changed))
	p.drain()
	for prefix, r := range p.routes {
		if r.med != 3 {
			t.Fatalf("%v has MED %d after a change during a refresh", prefix, r.med)
		}
	}
	if len(p.routes) != 256 {
		t.Errorf("peer holds %d routes, want 256", len(p.routes))
	}
}

func TestReadyWhileRefreshWaits(t *testing.T) {
	table := rib.New()
	update(table, export(1, announcement("a", none, "10.0.0.0/24")))
	p := attach(t, table, "tor", external())
	p.lines()
	p.out.Refresh(wire.IPv4Unicast, false)
	poked(p.out.Ready())
	batch := p.out.Next(nil, 4096) // all that the first refresh makes due
	p.out.Refresh(wire.IPv4Unicast, false)
	poked(p.out.Ready())
	p.receive(batch)
	p.out.Written()
	if !poked(p.out.Ready()) {
		t.Error("Ready not poked although a refresh waits")
	}
}

func TestWithdrawAll(t *testing.T) {
	table := rib.New()
	a := announcement("a", none, "10.0.0.0/24", "2001:db8::/32")
	update(table, export(1, a))
	p, other := attach(t, table, "tor", external()), attach(t, table, "tor", external())
	p.lines()
	other.lines()
	p.out.WithdrawAll()
	if p.out.Drained() {
		t.Error("drained before the withdrawals")
	}
	update(table, export(2, a, announcement("b", none, "10.0.1.0/24")))
	p.expect("withdraw 10.0.0.0/24", "withdraw 2001:db8::/32")
	if r := p.out.Report(); !p.out.Drained() || r.Token != nil || r.Announced[0].Routes != 0 {
		t.Errorf("drained %v, report %+v", p.out.Drained(), r)
	}
	other.expect("announce 10.0.1.0/24")
}

func TestDetach(t *testing.T) {
	table := rib.New()
	p := attach(t, table, "tor", external())
	p.drain()
	poked(p.out.Ready())
	p.out.Detach()
	update(table, export(1))
	if poked(p.out.Ready()) {
		t.Error("Ready poked after Detach")
	}
}

// TestFamiliesShareTheSession: the second family does not wait until the first has nothing to say.
func TestFamiliesShareTheSession(t *testing.T) {
	table := rib.New()
	p := attach(t, table, "tor", external())
	a := announcement("a", none, "10.0.0.0/24")
	six := announcement("six", none, "2001:db8::/32")
	update(table, export(0, a, six))
	p.drain()
	for i := range 20 { // IPv4 always has something
		update(table, export(i, announcement("a", rib.Attributes{MED: ptr(uint32(i))}, "10.0.0.0/24")))
		p.step(1)
	}
	if _, held := p.routes[netip.MustParsePrefix("2001:db8::/32")]; held {
		t.Error("the withdrawal of IPv6 waits for IPv4")
	}
}
