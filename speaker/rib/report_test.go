// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

func TestReportWaitsForWritten(t *testing.T) {
	table := rib.New()
	a := announcement("a", none, "10.0.0.0/24", "10.0.1.0/24", "2001:db8::/32")
	update(table, export("first", a))
	p := attach(t, table, "tor", external())
	empty := []rib.FamilyCount{{Family: wire.IPv4Unicast}, {Family: wire.IPv6Unicast}}
	if r := p.out.Report(); r.Token != nil || !slices.Equal(r.Announced, empty) {
		t.Errorf("report %+v before the first message", r)
	}
	for batch := p.out.Next(nil, 1); len(batch) > 0; batch = p.out.Next(nil, 1) {
		if r := p.out.Report(); r.Token != nil || poked(p.out.Changed()) {
			t.Errorf("report %+v before all was written", r)
		}
		poked(p.out.Ready())
		p.receive(batch)
		p.out.Written()
		if more := poked(p.out.Ready()); more == p.out.Drained() {
			t.Errorf("Ready poked %v, drained %v", more, p.out.Drained())
		}
	}
	r := p.out.Report()
	want := []rib.FamilyCount{{Family: wire.IPv4Unicast, Routes: 2}, {Family: wire.IPv6Unicast, Routes: 1}}
	if r.Token != "first" || !slices.Equal(r.Announced, want) || !poked(p.out.Changed()) {
		t.Errorf("report %+v after all was written, or Changed not poked", r)
	}

	update(table, export("second", announcement("a", none, "10.0.0.0/24", "10.0.1.0/24", "2001:db8::/32")))
	if b := p.out.Next(nil, 4096); len(b) != 0 {
		t.Errorf("%d octets for a new token", len(b))
	}
	if r := p.out.Report(); r.Token != "second" || !poked(p.out.Changed()) {
		t.Errorf("report %+v for a new token, or Changed not poked", r)
	}
	update(table, export("second", a))
	if b := p.out.Next(nil, 4096); len(b) != 0 || poked(p.out.Changed()) {
		t.Errorf("%d octets for the same export, or Changed poked", len(b))
	}
}

func TestTokenNeedNotBeComparable(t *testing.T) {
	table := rib.New()
	p := attach(t, table, "tor", external())
	for i := range 2 {
		update(table, export([]int{i}))
		p.drain()
		if got := fmt.Sprint(p.out.Report().Token); got != fmt.Sprint([]int{i}) {
			t.Errorf("token %s, want [%d]", got, i)
		}
	}
}

func TestRoutes(t *testing.T) {
	table := rib.New()
	a := announcement("a", rib.Attributes{MED: ptr(uint32(5))}, "2001:db8::/32", "10.0.0.0/16", "10.0.0.0/23 24")
	b := announcement("b", none, "9.0.0.0/8")
	update(table, export(1, a, b))
	p := attach(t, table, "tor", external())
	p.drain()
	var got []string
	p.out.Routes(func(r rib.Route) bool {
		update(table, export(2)) // the table may change and the caller may block
		p.out.Report()
		got = append(got, fmt.Sprintf("%v %v %v %v %s",
			r.Family, r.NLRI.Prefix, r.NextHop, r.Announcement.ID, describe(r.Attributes)))
		return len(got) < 4
	})
	want := []string{
		"ipv4-unicast 9.0.0.0/8 192.0.2.2 b origin IGP, path [64512]",
		"ipv4-unicast 10.0.0.0/16 192.0.2.2 a origin IGP, path [64512], med 5",
		"ipv4-unicast 10.0.0.0/24 192.0.2.2 a origin IGP, path [64512], med 5",
		"ipv4-unicast 10.0.1.0/24 192.0.2.2 a origin IGP, path [64512], med 5",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("routes:\n%q\nwant\n%q", got, want)
	}
	p.drain()
	p.out.Routes(func(r rib.Route) bool { t.Errorf("%v after all went", r.NLRI.Prefix); return false })
}

func TestRouteNamesItsNewOwner(t *testing.T) {
	table := rib.New()
	p := attach(t, table, "tor", external())
	older, younger := announcement("older", none, "10.0.0.0/24"), announcement("younger", none, "10.0.0.0/24")
	update(table, export(1, older, younger))
	p.lines()
	update(table, export(2, younger))
	p.expect() // the attributes are the same
	p.out.Routes(func(r rib.Route) bool {
		if r.Announcement != younger {
			t.Errorf("route of %s, want younger", r.Announcement.ID)
		}
		return true
	})
}
