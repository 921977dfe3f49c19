// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"bytes"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// withPath returns an announcement with a path identifier.
func withPath(id uint32, a *rib.Announcement) *rib.Announcement {
	a.PathID = id
	return a
}

func TestAddPath(t *testing.T) {
	table := rib.New()
	params := external()
	params.AddPath = []wire.Family{wire.IPv4Unicast}
	many, one := attach(t, table, "tor", params), attach(t, table, "tor", external())
	first := withPath(1, announcement("first", rib.Attributes{MED: ptr(uint32(1))}, "10.0.0.0/24"))
	second := withPath(2, announcement("second", rib.Attributes{MED: ptr(uint32(2))}, "10.0.0.0/24"))
	third := withPath(2, announcement("third", rib.Attributes{MED: ptr(uint32(3))}, "10.0.0.0/24"))
	update(table, export(1, first, second, third))
	many.drain()
	one.drain()
	path := func(id uint32) wire.Path { return wire.Path{ID: id, Prefix: first.Prefixes.First()} }
	if len(many.paths) != 2 || many.paths[path(1)].med != 1 || many.paths[path(2)].med != 2 {
		t.Errorf("with path identifiers the peer holds %v", many.paths)
	}
	if len(one.paths) != 1 || one.paths[path(0)].med != 1 {
		t.Errorf("without path identifiers the peer holds %v", one.paths)
	}
	if w := many.out.Report().Withheld; len(w) != 1 || w[0].Announcement != third || w[0].Winner != second.Name {
		t.Errorf("with path identifiers withheld %+v, want the third alone", w)
	}
	if w := one.out.Report().Withheld; len(w) != 2 {
		t.Errorf("without path identifiers withheld %+v, want the second and the third", w)
	}

	update(table, export(2, second, third)) // the first goes
	many.drain()
	one.drain()
	if len(many.paths) != 1 || one.paths[path(0)].med != 2 {
		t.Errorf("the peers hold %v and %v", many.paths, one.paths)
	}

	moved := withPath(7, announcement("second", rib.Attributes{MED: ptr(uint32(2))}, "10.0.0.0/24"))
	update(table, export(3, moved, third))
	many.drain()
	if len(many.paths) != 2 || many.paths[path(7)].med != 2 || many.paths[path(2)].med != 3 {
		t.Errorf("after a new path identifier the peer holds %v", many.paths)
	}
}

// TestPathsOfOneID: announcements of one ID with different path identifiers are sent beside each other, and leave each other alone.
func TestPathsOfOneID(t *testing.T) {
	table := rib.New()
	params := external()
	params.AddPath = []wire.Family{wire.IPv4Unicast}
	p := attach(t, table, "tor", params)
	path := func(id, med uint32) *rib.Announcement {
		return withPath(id, announcement("a", rib.Attributes{MED: &med}, "10.0.0.0/24"))
	}
	for _, step := range [][]*rib.Announcement{{path(1, 1), path(2, 2)}, {path(1, 1), path(2, 3)}, {path(2, 3)}, {path(3, 4), path(2, 3)}} {
		if err := table.Update(rib.NewList(step...), export(1, step...)); err != nil {
			t.Fatal(err)
		}
		p.drain()
		if len(p.paths) != len(step) {
			t.Errorf("the peer holds %v, want %d paths", p.paths, len(step))
		}
		for _, a := range step {
			if held := p.paths[wire.Path{ID: a.PathID, Prefix: a.Prefixes.First()}]; held.med != *a.Attributes.MED {
				t.Errorf("path %d has MED %d, want %d", a.PathID, held.med, *a.Attributes.MED)
			}
		}
		if err := table.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestEnhancedRefresh(t *testing.T) {
	table := rib.New()
	a, z := announcement("a", none, "10.0.0.0/24"), announcement("z", rib.Attributes{MED: ptr(uint32(1))}, "10.0.2.0/24")
	p := attach(t, table, "tor", external())
	update(table, export(1, a, z))
	p.lines()
	p.out.Refresh(wire.IPv4Unicast, true)
	p.expect("refresh 1 ipv4-unicast", "announce 10.0.0.0/24", "announce 10.0.2.0/24", "refresh 2 ipv4-unicast")

	p.out.Refresh(wire.IPv4Unicast, true)
	batch := p.out.Next(nil, 40) // BoRR and the first route
	b, other := announcement("b", none, "10.0.1.0/24"), announcement("z", rib.Attributes{MED: ptr(uint32(2))}, "10.0.2.0/24")
	update(table, export(2, b, other)) // a route that changes before it is sent again is told before EoRR, as it is now
	p.receive(batch)
	p.out.Written()
	p.expect("refresh 1 ipv4-unicast", "announce 10.0.0.0/24", "withdraw 10.0.0.0/24", "announce 10.0.1.0/24", "announce 10.0.2.0/24",
		"refresh 2 ipv4-unicast")

	p.out.Refresh(wire.IPv4Unicast, true)
	p.step(40)
	batch = p.out.Next(nil, 1) // the second route, which was the last
	update(table, export(3, a))
	p.receive(batch)
	p.out.Written()
	p.expect("refresh 1 ipv4-unicast", "announce 10.0.1.0/24", "announce 10.0.2.0/24", "refresh 2 ipv4-unicast",
		"withdraw 10.0.1.0/24 10.0.2.0/24", "announce 10.0.0.0/24")

	p.out.Refresh(wire.IPv6Unicast, true) // empty
	p.expect("refresh 1 ipv6-unicast", "refresh 2 ipv6-unicast")
}

func TestOnlyToCustomer(t *testing.T) {
	table := rib.New()
	plain := announcement("plain", none, "10.0.0.0/24")
	marked := announcement("marked", rib.Attributes{Raw: []wire.RawAttribute{{
		Type: wire.AttrOTC, Flags: wire.FlagOptional | wire.FlagTransitive, Value: []byte{0, 0, 0, 9},
	}}}, "10.0.1.0/24")
	update(table, export(1, plain, marked))
	customer, provider := external(), external()
	customer.OTC = 64512
	provider.WithholdOTC = true
	down, up := attach(t, table, "tor", customer), attach(t, table, "tor", provider)
	down.drain()
	up.drain()
	if got := down.routes[plain.Prefixes.First()].attributes; got != "origin IGP, path [64512], otc 64512" {
		t.Errorf("to a customer: %s", got)
	}
	if got := down.routes[marked.Prefixes.First()].attributes; got != "origin IGP, path [64512], otc 9" {
		t.Errorf("with the author's own, to a customer: %s", got) // which stays as it is
	}
	if w := up.out.Report().Withheld; len(up.routes) != 1 || len(w) != 1 || w[0].Reason != rib.ReasonOnlyToCustomer {
		t.Errorf("to a provider: %v, withheld %+v", up.routes, w)
	}
}

// TestReflectorAttributesStay: what a route reflector says does not leave the AS, raw or not (RFC 4456 §8).
func TestReflectorAttributesStay(t *testing.T) {
	table := rib.New()
	id := addr("192.0.2.3")
	update(table, export(1, announcement("a", rib.Attributes{
		OriginatorID: id, Raw: []wire.RawAttribute{{Type: wire.AttrClusterList, Flags: wire.FlagOptional, Value: []byte{1, 2, 3, 4}}},
	}, "10.0.0.0/24")))
	for name, params := range map[string]rib.Params{"external": external(), "internal": internal()} {
		p := attach(t, table, "tor", params)
		batch := p.out.Next(nil, 1)
		if has := bytes.Contains(batch, []byte{1, 2, 3, 4}) && bytes.Contains(batch, id.AsSlice()); has == params.External {
			t.Errorf("%s: %x", name, batch)
		}
	}
}

func TestExtendedNextHop(t *testing.T) {
	table := rib.New()
	self := announcement("self", none, "10.0.0.0/24")
	explicit := announcement("explicit", rib.Attributes{NextHop4: addr("2001:db8::9")}, "10.0.1.0/24")
	update(table, export(1, self, explicit))
	params := external()
	params.LocalAddress, params.PeerAddress, params.NodeAddress4 = addr("2001:db8::2"), addr("2001:db8::1"), addr("192.0.2.2")
	plain := attach(t, table, "tor", params)
	params.ExtendedNextHop = true
	extended := attach(t, table, "tor", params)
	plain.drain()
	extended.drain()
	if got := plain.routes[self.Prefixes.First()].nextHop; got != params.NodeAddress4 || len(plain.routes) != 1 {
		t.Errorf("without RFC 8950: %v", plain.routes)
	}
	if got := extended.routes[self.Prefixes.First()].nextHop; got != params.LocalAddress || len(extended.routes) != 2 {
		t.Errorf("with RFC 8950: %v", extended.routes)
	}
}
