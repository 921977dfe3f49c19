// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

func TestChanges(t *testing.T) {
	med := func(m uint32) rib.Attributes { return rib.Attributes{MED: &m} }
	a := announcement("a", none, "10.0.0.0/24", "10.0.1.0/24")
	for _, test := range []struct {
		name          string
		before, after []*rib.Announcement
		want          []string
	}{
		{"added", nil, []*rib.Announcement{a}, []string{"announce 10.0.0.0/24 10.0.1.0/24"}},
		{"removed", []*rib.Announcement{a}, nil, []string{"withdraw 10.0.0.0/24 10.0.1.0/24"}},
		{"same value", []*rib.Announcement{a}, []*rib.Announcement{a}, nil},
		{
			"equal value", []*rib.Announcement{a},
			[]*rib.Announcement{announcement("a", none, "10.0.0.0/24", "10.0.1.0/24")}, nil,
		},
		{
			"prefixes reordered", []*rib.Announcement{a},
			[]*rib.Announcement{announcement("a", none, "10.0.1.0/24", "10.0.0.0/24")}, nil,
		},
		{
			"prefix added", []*rib.Announcement{a},
			[]*rib.Announcement{announcement("a", none, "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")},
			[]string{"announce 10.0.2.0/24"},
		},
		{
			"prefix removed", []*rib.Announcement{a},
			[]*rib.Announcement{announcement("a", none, "10.0.1.0/24")}, []string{"withdraw 10.0.0.0/24"},
		},
		{
			"attribute changed", []*rib.Announcement{a},
			[]*rib.Announcement{announcement("a", med(5), "10.0.0.0/24", "10.0.1.0/24")},
			[]string{"announce 10.0.0.0/24 10.0.1.0/24"},
		},
		{
			"withdrawals first", []*rib.Announcement{a},
			[]*rib.Announcement{announcement("a", med(5), "10.0.1.0/24", "10.0.2.0/24")},
			[]string{"withdraw 10.0.0.0/24", "announce 10.0.1.0/24 10.0.2.0/24"},
		},
		{
			"sets in order of appearance, prefixes sorted", nil,
			[]*rib.Announcement{
				announcement("x", med(9), "10.9.0.0/16", "10.1.0.0/16", "10.1.0.0/24"),
				announcement("y", med(1), "9.0.0.0/8"),
				announcement("z", med(9), "10.0.0.0/16"),
			},
			[]string{"announce 10.0.0.0/16 10.1.0.0/16 10.1.0.0/24 10.9.0.0/16", "announce 9.0.0.0/8"},
		},
		{
			"listed twice", nil,
			[]*rib.Announcement{announcement("a", none, "10.0.0.0/24", "10.0.0.0/23 24", "10.0.0.0/24")},
			[]string{"announce 10.0.0.0/24 10.0.1.0/24"},
		},
		{
			"split", []*rib.Announcement{announcement("a", none, "10.0.0.0/22 24")},
			[]*rib.Announcement{announcement("a", none, "10.0.0.0/22 23")},
			[]string{
				"announce 10.0.0.0/23 10.0.2.0/23", "withdraw 10.0.0.0/24 10.0.1.0/24 10.0.2.0/24 10.0.3.0/24",
			},
		},
		{
			"owner changed, not the route", []*rib.Announcement{a},
			[]*rib.Announcement{announcement("b", none, "10.0.0.0/24", "10.0.1.0/24")}, nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := rib.New()
			update(table, export(1, test.before...))
			p := attach(t, table, "tor", external())
			p.lines()
			update(table, export(2, test.after...))
			p.expect(test.want...)
			if r := p.out.Report(); r.Token != 2 || len(r.Withheld) != 0 {
				t.Errorf("report %+v, want token 2 and nothing withheld", r)
			}
		})
	}
}

func TestDefaultsChange(t *testing.T) {
	table := rib.New()
	list := []*rib.Announcement{announcement("a", none, "10.0.0.0/24")}
	p := attach(t, table, "tor", external())
	update(table, map[string]rib.Export{"tor": {Announcements: rib.NewList(list...)}})
	p.expect("announce 10.0.0.0/24", end4, end6)
	update(table, map[string]rib.Export{"tor": {
		Announcements: rib.NewList(list...), Defaults: rib.Attributes{MED: ptr(uint32(7))},
	}})
	p.expect("announce 10.0.0.0/24")
	if got := p.routes[netip.MustParsePrefix("10.0.0.0/24")].med; got != 7 {
		t.Errorf("MED %d, want the new default 7", got)
	}
}

func TestUndoneBeforeItWasSent(t *testing.T) {
	table := rib.New()
	a := announcement("a", none, "10.0.0.0/24")
	changed := announcement("a", rib.Attributes{MED: ptr(uint32(5))}, "10.0.0.0/24")
	p := attach(t, table, "tor", external())
	p.lines()

	update(table, export(1, a))
	update(table, export(2))
	p.expect()
	update(table, export(3, a))
	update(table, export(4))
	update(table, export(5, a))
	p.expect("announce 10.0.0.0/24")
	update(table, export(6))
	update(table, export(7, a))
	p.expect()
	update(table, export(8, changed))
	update(table, export(9))
	update(table, export(10, announcement("a", none, "10.0.0.0/24")))
	p.expect()
	if got := p.out.Report().Token; got != 10 {
		t.Errorf("token %v, want 10", got)
	}
}

func TestUndoneWhilePlanned(t *testing.T) {
	table := rib.New()
	keep := announcement("keep", none, "10.0.0.0/24")
	// So many that one batch of one message leaves most of them due.
	many := announcement("many", rib.Attributes{MED: ptr(uint32(1))}, "10.128.0.0/20 32")
	p := attach(t, table, "tor", external())
	update(table, export(1, keep))
	p.lines()
	update(table, export(2, keep, many))
	p.step(1)
	update(table, export(3, keep))
	sent := len(p.routes) - 1
	if sent < 800 || sent > 820 {
		t.Fatalf("%d routes in one message, want as many as fit", sent)
	}
	p.drain()
	if !slices.Equal(p.prefixes(), []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}) {
		t.Errorf("peer holds %d routes, want the one that stayed", len(p.routes))
	}
}

func TestChangeWhileBatchInFlight(t *testing.T) {
	table := rib.New()
	a := announcement("a", none, "10.0.0.0/24")
	p := attach(t, table, "tor", external())
	p.lines()
	update(table, export(1, a))
	p.out.Report()
	batch := p.out.Next(nil, 4096)
	update(table, export(2)) // the announcement is on its way: it must be withdrawn
	p.receive(batch)
	if p.out.Drained() {
		t.Error("drained with a batch in flight")
	}
	p.out.Written()
	if got := p.out.Report().Token; got != 1 {
		t.Errorf("token %v after export 1 was written, want 1", got)
	}
	p.log = nil
	p.expect("withdraw 10.0.0.0/24")

	update(table, export(3, a))
	p.drain()
	update(table, export(4))
	batch = p.out.Next(nil, 4096)
	update(table, export(5, a)) // the withdrawal is on its way: it must be announced
	p.receive(batch)
	p.out.Written()
	p.log = nil
	p.expect("announce 10.0.0.0/24")
}

func TestPeersApart(t *testing.T) {
	table := rib.New()
	prefix := "10.0.0.0/24"
	a := announcement("a", rib.Attributes{MED: ptr(uint32(1))}, prefix)
	b := announcement("b", rib.Attributes{MED: ptr(uint32(2))}, prefix)
	left, right := attach(t, table, "left", external()), attach(t, table, "right", external())
	update(table, map[string]rib.Export{
		"left":  {Announcements: rib.NewList(a)},
		"right": {Announcements: rib.NewList(b)},
	})
	left.drain()
	right.drain()
	key := netip.MustParsePrefix(prefix)
	if l, r := left.routes[key].med, right.routes[key].med; l != 1 || r != 2 {
		t.Errorf("MEDs %d and %d, want 1 and 2: one prefix at two peers is no conflict", l, r)
	}
	if w := slices.Concat(left.out.Report().Withheld, right.out.Report().Withheld); len(w) != 0 {
		t.Errorf("withheld %+v, want nothing", w)
	}
	update(table, map[string]rib.Export{"right": {Announcements: rib.NewList(b)}})
	left.log, right.log = nil, nil
	left.expect("withdraw 10.0.0.0/24")
	right.expect()
}

// TestOrderDoesNotDependOnChance sends the same routes twice.
func TestOrderDoesNotDependOnChance(t *testing.T) {
	var list []*rib.Announcement
	for i := range 100 {
		med := uint32(i * 7 % 5)
		list = append(list, announcement(fmt.Sprint(i), rib.Attributes{MED: &med}, fmt.Sprintf("10.%d.0.0/20 24", i)))
	}
	table := rib.New()
	update(table, export(1, list...))
	first := attach(t, table, "tor", external()).lines()
	attach(t, table, "tor", external()).expect(first...)
	if len(first) != 5+2 {
		t.Errorf("%d messages for 5 attribute sets and 2 families", len(first))
	}
}

// TestExportOfNothingAfterMissing: an export that named what the table does not have, and names nothing any more.
func TestExportOfNothingAfterMissing(t *testing.T) {
	table := rib.New()
	a, b := announcement("a", none, "10.0.0.0/24"), announcement("b", none, "10.0.1.0/24")
	table.Update(rib.NewList(a), export(1, a, b))
	p := attach(t, table, "tor", external())
	p.drain()
	if len(p.routes) != 1 {
		t.Errorf("the peer holds %v, want the one that the table has", p.prefixes())
	}
	table.Update(rib.NewList(a), export(1))
	p.drain()
	if len(p.routes) > 0 {
		t.Errorf("the peer holds %v", p.prefixes())
	}
}

// TestSameID: an update with two announcements of one ID changes nothing, and takes no number for good.
func TestSameID(t *testing.T) {
	table := rib.New()
	a, b, c := announcement("a", none, "10.0.0.0/24"), announcement("b", none, "10.0.1.0/24"), announcement("c", none, "10.0.2.0/24")
	if err := table.Update(rib.NewList(a, b), export(1, a, b)); err != nil {
		t.Fatal(err)
	}
	p := attach(t, table, "tor", external())
	p.expect("announce 10.0.0.0/24 10.0.1.0/24", end4, end6)
	older := func(a *rib.Announcement) *rib.Announcement {
		other := *a
		other.Age--
		return &other
	}
	for name, list := range map[string][]*rib.Announcement{
		"beside what stays": {a, older(a), b},
		"both new":          {a, c, older(c)},
		"both other values": {older(a), older(older(a)), c},
	} {
		err := table.Update(rib.NewList(list...), export(2, list...))
		if err == nil || !strings.Contains(err.Error(), "another announcement has the same") {
			t.Errorf("%s: %v", name, err)
		}
		p.expect()
		if s := table.Stats(); s.Sources != 2 || table.Updates() != 1 {
			t.Errorf("%s: %d sources after %d updates", name, s.Sources, table.Updates())
		}
		if err := table.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := table.Update(rib.NewList(older(a), c), export(3, older(a), c)); err != nil {
		t.Error(err)
	}
	p.expect("withdraw 10.0.1.0/24", "announce 10.0.2.0/24")
}

// TestExportNamesTwice: what an export names twice stays until it names it no more.
func TestExportNamesTwice(t *testing.T) {
	table := rib.New()
	a := announcement("a", none, "10.0.0.0/24")
	older := *a
	older.Age--
	table.Update(rib.NewList(a), export(1, a, &older))
	p := attach(t, table, "tor", external())
	p.drain()
	table.Update(rib.NewList(a), export(2, a))
	if p.drain(); len(p.routes) != 1 {
		t.Errorf("the peer holds %v, want one route", p.prefixes())
	}
	table.Update(nil, export(2, a))
	table.Update(nil, export(2))
	if p.drain(); len(p.routes) > 0 {
		t.Errorf("the peer holds %v, want nothing", p.prefixes())
	}
}
