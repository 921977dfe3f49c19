// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// TestMarksOfManyViews: what waits for sessions that are all sent something else is bounded for all of them together.
func TestMarksOfManyViews(t *testing.T) {
	const peers, marks = 64, 1 << 12
	table := rib.New()
	table.SetLimits(rib.Limits{Lag: 4 << 20, Record: 64 << 10, Ring: 1 << 10, Scan: 1 << 10, Walk: 2 << 20, Marks: marks, Graves: 1 << 20})
	update := func(list ...*rib.Announcement) {
		exports := map[string]rib.Export{}
		for i := range peers {
			exports[fmt.Sprint(i)] = rib.Export{Announcements: list, Defaults: rib.Attributes{MED: ptr(uint32(i))}}
		}
		table.Update(list, exports)
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
