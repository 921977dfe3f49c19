// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// numbered returns announcements of one prefix each.
func numbered(from, n int) []*rib.Announcement {
	var list []*rib.Announcement
	for i := from; i < from+n; i++ {
		list = append(list, announcement(fmt.Sprint(i), none, fmt.Sprintf("10.%d.%d.0/24", i>>8, i&255)))
	}
	return list
}

// TestTooManyAnnouncements: an update with more announcements than a table takes changes nothing.
func TestTooManyAnnouncements(t *testing.T) {
	table := rib.New()
	table.SetLimits(rib.Limits{Lag: 4 << 20, Record: 64 << 10, Ring: 1 << 10, Scan: 1 << 10, Walk: 2 << 20, Marks: 1 << 10, Graves: 1 << 20, Sources: 20})
	p := attach(t, table, "tor", external())
	ten := numbered(0, 10)
	if err := table.Update(rib.NewList(ten...), export(1, ten...)); err != nil {
		t.Fatal(err)
	}
	p.lines()
	eleven := numbered(20, 11)
	if err := table.Update(rib.NewList(eleven...), export(2, eleven...)); !errors.Is(err, rib.ErrTooManyAnnouncements) {
		t.Errorf("11 announcements: %v", err)
	}
	p.expect()
	if got := p.out.Report().Token; got != 1 {
		t.Errorf("token %v after an update that was refused", got)
	}
}

// TestNumbersOfSourcesThatWent: sessions that were not told of them hold up numbers only as long as there are others.
func TestNumbersOfSourcesThatWent(t *testing.T) {
	table := rib.New()
	table.SetLimits(rib.Limits{Lag: 4 << 20, Record: 64 << 10, Ring: 1 << 10, Scan: 1 << 10, Walk: 2 << 20, Marks: 1 << 10, Graves: 1 << 20, Sources: 20})
	p, slow := attach(t, table, "tor", external()), attach(t, table, "tor", external())
	for i := range 5 {
		list := numbered(10*i, 10)
		if err := table.Update(rib.NewList(list...), export(i, list...)); err != nil {
			t.Fatal(err)
		}
		if p.drain(); len(p.routes) != 10 {
			t.Fatalf("%d routes, want 10", len(p.routes))
		}
		if i == 0 {
			slow.drain()
		}
		if got, want := poked(slow.out.Condemned()), i == 2; got != want {
			t.Errorf("replaced %d times: condemned %v", i, got)
		}
		if s := table.Stats(); s.Sources > 20 {
			t.Errorf("%d sources", s.Sources)
		}
	}
	if b := slow.out.Next(nil, 4096); len(b) > 0 || !slow.out.Drained() || poked(p.out.Condemned()) {
		t.Errorf("%d octets for a session that was condemned, drained %v", len(b), slow.out.Drained())
	}
	slow.out.Detach()
	if err := table.Check(); err != nil {
		t.Error(err)
	}
}
