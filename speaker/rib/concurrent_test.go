// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"math/rand/v2"
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
			update(table, export(i, announcement("a", rib.Attributes{MED: ptr(uint32(i))}, "10.0.0.0/22 32")))
		}
	})
	for _, call := range []func(){
		func() { p.out.Refresh(wire.IPv4Unicast, false) },
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

// TestStorm changes the exports as fast as it can, beside sessions that come, read at random and go.
func TestStorm(t *testing.T) {
	table := rib.New()
	table.SetLimits(rib.Limits{Lag: 300, Record: 200, Ring: 8, Scan: 5, Walk: 100, Marks: 1 << 20, Graves: 1 << 20})
	var updates, all sync.WaitGroup
	stop := make(chan struct{})
	final, nodeParams := map[string]rib.Export{}, external()
	last := []*rib.Announcement{announcement("z", rib.Attributes{MED: ptr(uint32(9))}, "10.0.0.0/26 32", "2001:db8::/122 128")}
	for _, n := range peerNames {
		// Random exports may have named other addresses of the node, or none.
		final[n] = rib.Export{Announcements: rib.NewList(last...), Node: &rib.NodeAddresses{Four: nodeParams.NodeAddress4, Six: nodeParams.NodeAddress6}, Token: "last"}
	}
	updates.Go(func() {
		h := newHistory(t, rand.New(rand.NewPCG(3, 3)))
		h.table = table
		for range 3000 {
			h.update()
			h.log = nil
		}
		table.Update(rib.NewList(last...), final)
		close(stop)
	})
	for w := range 6 {
		all.Go(func() {
			rnd := rand.New(rand.NewPCG(4, uint64(w)))
			for done := false; !done; {
				p := attach(t, table, peerNames[rnd.IntN(3)], external())
				p.lenient = true
				n := rnd.IntN(200)
				ended := false
				side := sync.WaitGroup{}
				side.Go(func() {
					for range 20 {
						p.out.Refresh(wire.IPv4Unicast, false)
						p.out.Routes(func(r rib.Route) bool { return r.Attributes != nil && r.Announcement != nil })
						p.out.Report()
						p.out.Drained()
					}
				})
				if rnd.IntN(5) == 0 {
					ended = true
					side.Go(func() { p.out.WithdrawAll() })
				}
				for range n {
					p.step(1 + rnd.IntN(300))
				}
				select {
				case <-stop:
					done = true
				default:
				}
				side.Wait()
				if done {
					p.drain()
					want := 128
					if ended {
						want = 0
					}
					if len(p.routes) != want || p.ends[wire.IPv4Unicast] != 1 {
						t.Errorf("%d routes, want %d", len(p.routes), want)
					}
				}
				p.out.Detach()
			}
		})
	}
	updates.Wait()
	all.Wait()
	table.Update(nil, nil)
	if s := table.Stats(); s.Entries+s.Sources+s.Graves+s.Views+s.Profiles > 0 {
		t.Errorf("%+v", s)
	}
}
