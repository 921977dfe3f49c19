// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// TestMemory holds 2^18 routes to a number of octets each: what is configured, what the table keeps of it, and what a
// session adds that was told all. When they went, so has their memory.
func TestMemory(t *testing.T) {
	const routes = 1 << 18
	measure := func(t *testing.T, what string, most float64, do func()) {
		t.Helper()
		before := heap()
		do()
		got := float64(int64(heap())-int64(before)) / routes
		if t.Logf("%s: %.2f octets a route", what, got); got > most {
			t.Errorf("%s: more than %v", what, most)
		}
	}
	var many []*rib.Announcement
	// 5 octets a prefix, and 450 for each announcement of 100 prefixes.
	measure(t, "configured", 10.2, func() { many = mixed(routes, routes/100) })
	for _, test := range []struct {
		name           string
		announcements  []*rib.Announcement
		table, session float64 // octets a route at most
	}{
		{"one range", []*rib.Announcement{announcement("a", none, "10.0.0.0/14 32")}, 23, 0.5}, // 16 an entry, 5 of index
		{"100 in each announcement", many, 25, 3.5},
		{"each prefix twice", twice(many[:len(many)/2]), 27, 3.5}, // a link for half of the entries
	} {
		t.Run(test.name, func(t *testing.T) {
			buffer := make([]byte, 0, 1<<17)
			table, exports := rib.New(), export(1, test.announcements...)
			list := exports["tor"].Announcements
			before := heap()
			measure(t, "table", test.table, func() { table.Update(list, exports) })
			out := table.Attach("tor", external())
			measure(t, "session", test.session, func() { write(out, buffer) })
			table.Update(nil, export(2))
			write(out, buffer)
			table.Update(nil, export(3))
			if left := int64(heap()) - int64(before); left > 2<<20 {
				t.Errorf("%d octets for no route", left)
			}
			runtime.KeepAlive(exports)
		})
	}
	runtime.KeepAlive(many)
}

// twice returns announcements with each of others of the same prefixes.
func twice(list []*rib.Announcement) []*rib.Announcement {
	all := slices.Clone(list)
	for _, a := range list {
		all = append(all, &rib.Announcement{ID: a.ID + " again", Name: a.Name, Age: 1, Prefixes: rib.NewPrefixes(slices.Collect(a.Prefixes.All())...)})
	}
	return all
}

// TestMarksOfManyViews: what waits for sessions that are all sent something else is bounded for all of them together.
func TestMarksOfManyViews(t *testing.T) {
	const peers, marks = 64, 1 << 12
	table := rib.New()
	table.SetLimits(rib.Limits{Lag: 4 << 20, Record: 64 << 10, Ring: 1 << 10, Scan: 1 << 10, Walk: 2 << 20, Marks: marks, Graves: 1 << 20})
	update := func(list ...*rib.Announcement) {
		exports := map[string]rib.Export{}
		for i := range peers {
			exports[fmt.Sprint(i)] = rib.Export{Announcements: rib.NewList(list...), Defaults: rib.Attributes{MED: ptr(uint32(i))}}
		}
		table.Update(rib.NewList(list...), exports)
	}
	update()
	var all []*peer
	for i := range peers {
		all = append(all, attach(t, table, fmt.Sprint(i), external()))
		all[i].drain()
	}
	a := announcement("a", none, "10.0.0.0/20 32")
	for n, list := range [][]*rib.Announcement{{a}, {}} {
		update(list...)
		if s := table.Stats(); s.Marks > marks+2*peers || s.Views != 2*peers {
			t.Errorf("%d marks in %d views", s.Marks, s.Views)
		}
		for _, p := range all {
			if p.drain(); len(p.routes) != (1-n)*4096 {
				t.Fatalf("%d routes, want %d", len(p.routes), (1-n)*4096)
			}
		}
	}
}
