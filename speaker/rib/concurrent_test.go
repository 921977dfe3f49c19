// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"sync"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// TestConcurrentUse has a writer that waits for Ready as a session does, while
// everything else is called from other goroutines.
func TestConcurrentUse(t *testing.T) {
	const updates = 200
	table := rib.New()
	p := attach(t, table, "tor", external())
	var others sync.WaitGroup
	others.Go(func() {
		for i := range updates {
			table.Update(export(i, announcement("a", rib.Attributes{MED: ptr(uint32(i))}, "10.0.0.0/22 32")))
		}
	})
	for _, call := range []func(){
		func() { p.out.Refresh(wire.IPv4Unicast) },
		func() { p.out.Report() },
		func() { p.out.Drained() },
		func() { p.out.Routes(func(r rib.Route) bool { return r.Attributes != nil }) },
		func() { table.Attach("other", internal()).Detach() },
	} {
		others.Go(func() {
			for range 100 {
				call()
			}
		})
	}

	deadline := time.After(time.Minute)
	for p.out.Report().Token != updates-1 || !p.out.Drained() {
		select {
		case <-p.out.Ready():
			p.drain()
		case <-deadline:
			t.Fatalf("report %+v: Ready was not poked", p.out.Report())
		}
	}
	others.Wait()
	p.drain() // refreshes that came later
	if len(p.routes) != 1024 || p.ends[wire.IPv4Unicast] != 1 || p.ends[wire.IPv6Unicast] != 1 {
		t.Errorf("%d routes, End-of-RIBs %v", len(p.routes), p.ends)
	}
	for prefix, r := range p.routes {
		if r.med != updates-1 {
			t.Fatalf("%v has MED %d, want that of the last export", prefix, r.med)
		}
	}
}
