// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
)

// an explicit next hop that equals ANOTHER peer's address.
func TestNextHopOfAnotherPeer(t *testing.T) {
	table := rib.New()
	a := announcement("a", none, "10.0.0.0/24")
	b := announcement("b", rib.Attributes{NextHop4: addr("192.0.2.1")}, "10.0.1.0/24")
	px := external() // peer 192.0.2.1
	py := external()
	py.PeerAddress = addr("192.0.2.9")
	table.Update(rib.NewList(a, b), map[string]rib.Export{"x": {Announcements: rib.NewList(a)}, "y": {Announcements: rib.NewList(b)}})
	x := attach(t, table, "x", px)
	y := attach(t, table, "y", py)
	x.drain()
	y.drain()
	if len(y.routes) != 1 {
		t.Errorf("y holds %v, withheld %+v", y.routes, y.out.Report().Withheld)
	}
}

// a walk in several gathers, and the announcement's name changes (or a prefix is added).
func TestRenameInWalk(t *testing.T) {
	const routes = 1 << 12
	table := rib.New()
	table.SetLimits(rib.Limits{Lag: 8 << 10, Record: 1 << 10, Ring: 32, Scan: 32, Walk: 2 << 10, Marks: 1 << 10, Graves: 1 << 10})
	a := announcement("a", none, "10.0.0.0/20 32")
	update(table, export(1, a))
	p := attach(t, table, "tor", external())
	p.step(1)
	if n := len(p.routes); n == 0 || n > routes/2 {
		t.Errorf("the walk is at %d of %d, want it to need more gathers", n, routes)
	}
	c := *a
	c.Name = "renamed"
	update(table, export(2, &c))
	p.drain()
	if len(p.routes) != routes || p.out.Report().Announced[0].Routes != routes {
		t.Errorf("peer holds %d of %d, report %+v", len(p.routes), routes, p.out.Report())
	}
}

// tombstone and source leak: a session moves in the update that removes.
func TestTombstonesOfMovedSession(t *testing.T) {
	table := rib.New()
	for i := range 100 {
		a := announcement(fmt.Sprint("a", i), none, "10.0.0.0/24")
		b := announcement("b", none, "10.0.1.0/24")
		all := []*rib.Announcement{a, b}
		p1, p2, p3 := attach(t, table, "x", external()), attach(t, table, "y", external()), attach(t, table, "y", external())
		table.Update(rib.NewList(all...), map[string]rib.Export{"x": {Announcements: rib.NewList(all...)}, "y": {Announcements: rib.NewList(all...)}})
		for _, p := range []*peer{p1, p2, p3} {
			p.drain()
		}
		table.Update(rib.NewList(b), map[string]rib.Export{"y": {Announcements: rib.NewList(b)}})
		for _, p := range []*peer{p1, p2, p3} {
			p.drain()
			p.out.Detach()
		}
	}
	table.Update(nil, nil)
	if s := table.Stats(); s.Entries > 0 || s.Sources > 0 {
		t.Errorf("%+v", s)
	}
}

// no move at all: two of one prefix, reordered while one loses it.
func TestTombstonesOfReorder(t *testing.T) {
	table := rib.New()
	n := 0
	p := attach(t, table, "tor", external())
	for i := range 100 {
		a := announcement(fmt.Sprint("a", i), none, "10.0.0.0/24")
		b, c := announcement("b", none, "10.0.0.0/24"), announcement("c", none, "10.9.0.0/24")
		update(table, export(1, b, c, a))
		p.drain()
		update(table, export(1, c, b))
		p.drain()
		n++
	}
	table.Update(nil, nil)
	p.drain()
	table.Update(nil, nil)
	if s := table.Stats(); s.Entries > 0 || s.Sources > 0 {
		t.Errorf("%+v", s)
	}
}

// the slots of a planned withdrawal are freed: 0.0.0.0/0 is withdrawn, which the peer should have.
func TestDefaultRouteStays(t *testing.T) {
	table := rib.New()
	d := announcement("d", none, "0.0.0.0/0")
	f := announcement("f", none, "10.0.0.0/17 32")
	x := announcement("x", none, "20.0.0.0/20 32")
	up := func(med *uint32, l ...*rib.Announcement) {
		table.Update(rib.NewList(l...), map[string]rib.Export{"a": {Announcements: rib.NewList(l...), Defaults: rib.Attributes{MED: med}}, "b": {Announcements: rib.NewList(l...)}})
	}
	up(nil, d, f, x)
	s1, s2, s3 := attach(t, table, "a", external()), attach(t, table, "b", external()), attach(t, table, "b", external())
	s1.lenient = true
	for _, s := range []*peer{s1, s2, s3} {
		s.drain()
	}
	up(nil, d, f) // x goes
	// Nobody has read that.
	up(ptr(uint32(7)), d, f) // s1 goes to another profile: told everything
	s1.log = nil
	for len(s1.log) == 0 || s1.log[len(s1.log)-1].kind != "withdraw" {
		if !s1.step(1) {
			t.Fatal("no withdrawal")
		}
	}
	t.Log(len(s1.log), "messages, then", len(s1.log[len(s1.log)-1].prefixes), "withdrawals")
	s2.drain()
	s3.drain()
	up(ptr(uint32(7)), d, f) // nothing changed: tombstones are reclaimed
	s1.drain()
	if _, ok := s1.routes[netip.MustParsePrefix("0.0.0.0/0")]; !ok || len(s1.routes) != 32769 {
		t.Errorf("s1 holds %d routes, default route: %v; report %+v", len(s1.routes), ok, s1.out.Report())
	}
}

// a stalled session and one prefix that flaps.
func TestFlapWhileStalled(t *testing.T) {
	table := rib.New()
	p := attach(t, table, "tor", external())
	a := announcement("a", none, "10.0.0.0/24")
	p.drain()
	for range 10000 {
		update(table, export(1, a))
		update(table, export(2))
	}
	if s := table.Stats(); s.Marks > 1000 || s.Graves > 1000 {
		t.Errorf("one prefix: %+v", s)
	}
}

// Next after Detach.
func TestNextAfterDetach(t *testing.T) {
	table := rib.New()
	update(table, export(1, announcement("a", none, "10.0.0.0/24")))
	p := attach(t, table, "tor", external())
	p.out.Detach()
	p.out.Next(nil, 1)
	if r := p.out.Report(); r.Token != nil {
		t.Errorf("report %+v drained %v, nothing was ever written", r, p.out.Drained())
	}
}

// one announcement with the peer's own address as next hop: everything again?
func TestNextHopIsPeer(t *testing.T) {
	table := rib.New()
	big := announcement("big", none, "10.0.0.0/17 32")
	pb := external()
	pb.PeerAddress = addr("192.0.2.9")
	p := attach(t, table, "tor", external())
	q, r := attach(t, table, "tor", pb), attach(t, table, "tor", pb)
	update(table, export(1, big))
	p.drain()
	q.drain()
	r.drain()
	p.log, q.log = nil, nil
	n := announcement("n", rib.Attributes{NextHop4: addr("192.0.2.1")}, "12.0.0.0/24")
	update(table, export(2, big, n))
	p.drain()
	q.drain()
	if len(p.log) != 0 || len(q.log) != 1 {
		t.Errorf("%d messages to the peer that is named, want none; %d to the other, want one", len(p.log), len(q.log))
	}
}

// records without octets.
func TestChangesWithoutMessage(t *testing.T) {
	table := rib.New()
	slow, fast := attach(t, table, "tor", external()), attach(t, table, "tor", external())
	a := announcement("a", rib.Attributes{LocalPref: ptr(uint32(1))}, "10.0.0.0/24")
	update(table, export(1, a))
	slow.drain()
	fast.drain()
	before := heap()
	for i := range 100000 {
		c := *a
		c.Attributes.LocalPref = ptr(uint32(i))
		update(table, export(1, &c))
		fast.drain()
	}
	if more := int64(heap()) - int64(before); more > 32<<20 {
		t.Errorf("100,000 changes without a message take %d octets", more)
	}
	slow.drain()
}

// the table grows while a scan goes on, and what the scan has looked at changes again.
func TestTableGrowsInScan(t *testing.T) {
	table := rib.New()
	table.SetLimits(rib.Limits{Lag: 4 << 20, Record: 64 << 10, Ring: 8, Scan: 32 << 10, Walk: 2 << 20, Marks: 1, Graves: 1 << 20, Patience: time.Hour})
	a := announcement("a", none, "10.0.0.0/20 32")
	update(table, export(1, a))
	p := attach(t, table, "tor", external())
	p.drain()
	med := func(n uint32) *rib.Announcement {
		return announcement("a", rib.Attributes{MED: ptr(n)}, "10.0.0.0/20 32")
	}
	update(table, export(2, med(2)))
	p.step(1)
	more := announcement("more", none, "11.0.0.0/18 32")
	update(table, export(3, med(3), more))
	p.drain()
	old := 0
	for prefix, r := range p.routes {
		if prefix.Addr().Less(addr("11.0.0.0")) && r.med != 3 {
			old++
		}
	}
	if len(p.routes) != 4096+16384 || old > 0 {
		t.Errorf("the peer holds %d routes, %d of them as they were", len(p.routes), old)
	}
}
