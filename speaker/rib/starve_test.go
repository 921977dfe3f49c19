// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// constantly are changes that come faster than a limited rate lets them through, by name. The change with a number is what is announced
// beside routes that stay.
var constantly = map[string]func(n int) []*rib.Announcement{
	"a route changes": func(n int) []*rib.Announcement {
		a := announcement("z", rib.Attributes{MED: ptr(uint32(n))}, "10.0.0.0/24")
		a.Age = 1 // the last
		return []*rib.Announcement{a}
	},
	"the first route changes": func(n int) []*rib.Announcement {
		return []*rib.Announcement{announcement("-", rib.Attributes{MED: ptr(uint32(n))}, "10.0.0.0/24")}
	},
	"a route comes and goes": func(n int) []*rib.Announcement {
		return []*rib.Announcement{announcement("-", none, "10.0.0.0/24")}[:n%2]
	},
	manyRoutes: func(n int) []*rib.Announcement {
		return []*rib.Announcement{announcement("-", none, fmt.Sprintf("10.1.%d.0/24", n%256))}
	},
}

// manyRoutes takes two UPDATEs for each change, so at a low rate there is always something due.
const manyRoutes = "routes come and go"

// TestEndsUnderConstantChange: End-of-RIB goes out soon, and not before the routes that stay. Where all that is due fits the rate, the
// report and a refresh (RFC 7313 §4) do not wait either.
func TestEndsUnderConstantChange(t *testing.T) {
	for name, change := range constantly {
		for _, rate := range []int{1, 2, 5} {
			t.Run(fmt.Sprint(name, ", rate ", rate), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { endsUnderChange(t, change, rate, name == manyRoutes) })
			})
		}
	}
}

func endsUnderChange(t *testing.T, change func(int) []*rib.Announcement, rate int, behind bool) {
	var stay []*rib.Announcement // each a message of its own
	for i := range 3 {
		stay = append(stay, announcement(fmt.Sprint(i), rib.Attributes{MED: ptr(uint32(1000 + i))}, fmt.Sprintf("10.2.%d.0/24", i)))
	}
	table, n := rib.New(), 0
	next := func() {
		export := rib.Export{Announcements: rib.NewList(slices.Concat(change(n), stay)...), RatePerSecond: rate, Token: n}
		if err := table.Update(export.Announcements, map[string]rib.Export{"tor": export}); err != nil {
			t.Fatal(err)
		}
		n++
	}
	next()
	p := attach(t, table, "tor", external())
	defer p.out.Detach()
	p.lenient = true
	until := func(what string, done func() bool) {
		t.Helper()
		for began := time.Now(); !done(); next() {
			if time.Since(began) > 20*time.Second {
				t.Fatalf("no %s after %v", what, time.Since(began))
			}
			time.Sleep(100 * time.Millisecond)
			p.drain()
		}
	}
	holds := func(when string) {
		t.Helper()
		for i, a := range stay {
			if r, ok := p.routes[a.Prefixes.First()]; !ok || r.med != uint32(1000+i) {
				t.Errorf("%s: the peer holds %v", when, p.prefixes())
			}
		}
	}
	until("End-of-RIB", func() bool { return p.ends[wire.IPv4Unicast] == 1 })
	holds("End-of-RIB")
	if behind {
		return
	}
	until("report", func() bool { return p.out.Report().Token != nil })
	p.out.Refresh(wire.IPv4Unicast, true)
	for _, kind := range []string{"refresh 1 ipv4-unicast", "refresh 2 ipv4-unicast"} {
		until(kind, func() bool { return slices.ContainsFunc(p.log, func(m message) bool { return m.kind == kind }) })
	}
	holds("EoRR") // at which the peer dropped what it was not sent again
}
