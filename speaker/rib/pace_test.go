// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
)

// TestPace: at most r x T + r UPDATEs in any window T, withdrawals first, and nobody else waits.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 10
		table := rib.New()
		var list []*rib.Announcement
		for i := range 100 { // each a message of its own
			list = append(list, announcement(fmt.Sprint(i), rib.Attributes{MED: ptr(uint32(i))}, fmt.Sprintf("10.0.%d.0/24", i)))
		}
		exports := func(list []*rib.Announcement) map[string]rib.Export {
			return map[string]rib.Export{
				"slow": {Announcements: rib.NewList(list...), RatePerSecond: rate, Token: len(list)}, "fast": {Announcements: rib.NewList(list...), Token: len(list)},
			}
		}
		table.Update(rib.NewList(list...), exports(list))
		slow, fast := attach(t, table, "slow", external()), attach(t, table, "fast", external())
		defer slow.out.Detach()
		slow.lenient = true // what goes before it was announced may be withdrawn
		fast.drain()
		if len(fast.routes) != 100 {
			t.Errorf("the other peer holds %d routes, want all at once", len(fast.routes))
		}

		var times []time.Time
		cut := false
		read := func() {
			for !slow.out.Drained() {
				<-slow.out.Ready()
				before := len(slow.log)
				slow.drain()
				for _, m := range slow.log[before:] {
					if !strings.HasPrefix(m.kind, "end-of-rib") { // which does not wait
						times = append(times, time.Now())
					}
				}
				if len(times) >= 50 && !cut {
					cut = true
					table.Update(rib.NewList(list[:99]...), exports(list[:99])) // 10.0.99.0/24 was not sent yet
				}
			}
		}
		read()
		slow.log = nil
		table.Update(rib.NewList(list[1:]...), exports(list[1:])) // 10.0.0.0/24 goes, 10.0.99.0/24 comes back
		read()
		if len(slow.log) != 2 || slow.log[0].kind != "withdraw" {
			t.Errorf("messages %v, want the withdrawal first", slow.log)
		}
		if len(slow.routes) != 99 {
			t.Errorf("%d routes, want 99", len(slow.routes))
		}
		for i := range times {
			for j := i; j < len(times); j++ {
				window := times[j].Sub(times[i]).Seconds()
				if n := j - i + 1; float64(n) > rate*window+rate+1e-3 {
					t.Fatalf("%d UPDATEs in %v s", n, window)
				}
			}
		}
	})
}

// TestCondemned: a peer that reads nothing while routes go does not hold their tombstones for ever.
func TestCondemned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := rib.New()
		table.SetLimits(rib.Limits{Lag: 1 << 10, Record: 1 << 10, Ring: 8, Scan: 8, Walk: 1 << 10, Marks: 1, Graves: 10, Patience: time.Minute})
		a := announcement("a", none, "10.0.0.0/24 32")
		table.Update(rib.NewList(a), export(1, a))
		stuck, fine := attach(t, table, "tor", external()), attach(t, table, "tor", external())
		stuck.drain()
		fine.drain()
		table.Update(nil, nil)
		fine.drain()
		if poked(stuck.out.Condemned()) {
			t.Error("condemned at once")
		}
		time.Sleep(time.Minute)
		table.Update(nil, nil)
		if !poked(stuck.out.Condemned()) || poked(fine.out.Condemned()) {
			t.Error("the session that reads nothing is not condemned, or the other one is")
		}
		stuck.out.Detach()
		if s := table.Stats(); s.Entries > 0 {
			t.Errorf("%d entries are left", s.Entries)
		}
	})
}

// follow reads what a session whose rate is limited is sent, until all is written or a time is over.
func (p *peer) follow(limit time.Duration) {
	over := time.After(limit)
	for !p.out.Drained() {
		select {
		case <-p.out.Ready():
			p.drain()
		case <-over:
			return
		}
	}
}

// TestManyWithdrawalsInPacedWalk: withdrawals that go ahead of a walk may take longer than the rate allows at once.
func TestManyWithdrawalsInPacedWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := rib.New()
		var list []*rib.Announcement
		for i := range 20 {
			list = append(list, announcement(fmt.Sprint(i), rib.Attributes{MED: ptr(uint32(i))}, fmt.Sprintf("10.%d.0.0/20 32", i)))
		}
		up := func(list []*rib.Announcement) {
			table.Update(rib.NewList(list...), map[string]rib.Export{"tor": {Announcements: rib.NewList(list...), RatePerSecond: 2, Token: len(list)}})
		}
		up(list)
		p := attach(t, table, "tor", external())
		defer p.out.Detach()
		p.lenient = true
		p.follow(5 * time.Second)
		up(list[1:]) // 5 messages of withdrawals
		p.follow(time.Hour)
		if !p.out.Drained() || len(p.routes) != 19*4096 {
			t.Errorf("after an hour the peer holds %d routes of %d, drained: %v", len(p.routes), 19*4096, p.out.Drained())
		}
	})
}

// TestWithdrawalInPacedScan: a withdrawal does not wait for the announcements that a scan found.
func TestWithdrawalInPacedScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := rib.New()
		var list []*rib.Announcement
		for i := range 200 {
			list = append(list, announcement(fmt.Sprint(i), rib.Attributes{MED: ptr(uint32(i))}, fmt.Sprintf("10.0.%d.0/24", i)))
		}
		up := func(list []*rib.Announcement) {
			table.Update(rib.NewList(list...), map[string]rib.Export{"tor": {Announcements: rib.NewList(list...), RatePerSecond: 2, Token: len(list)}})
		}
		up(list[:10])
		p := attach(t, table, "tor", external())
		defer p.out.Detach()
		p.lenient = true
		p.follow(2 * time.Second)
		up(list) // while the walk goes on: a scan finds it
		p.follow(20 * time.Second)
		if n := len(p.routes); n < 20 || n > 100 {
			t.Fatalf("%d routes, the scan should be under way", n)
		}
		up(list[1:])
		p.follow(2 * time.Second)
		if _, held := p.routes[netip.MustParsePrefix("10.0.0.0/24")]; held {
			t.Error("the withdrawal waits for the announcements of the scan")
		}
		p.follow(time.Hour)
		if !p.out.Drained() || len(p.routes) != 199 {
			t.Errorf("%d routes, want 199", len(p.routes))
		}
	})
}

// TestWithdrawalWaitsForItsCoverAlone: a withdrawal goes out soon after what covers it, whatever else changes at once.
func TestWithdrawalWaitsForItsCoverAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := rib.New()
		// Each is a message of its own. Some lie beside 10.0.0.0/8, before it and after it, and some in it.
		list := func(whole string, length int) (list []*rib.Announcement) {
			list = append(list, announcement("whole", none, whole))
			for i := range 60 {
				prefix := fmt.Sprintf("%d.0.%d.0/%d", 9+i%3, i, length)
				list = append(list, announcement(fmt.Sprint(i), rib.Attributes{MED: ptr(uint32(i))}, prefix))
			}
			return list
		}
		up := func(list []*rib.Announcement) {
			table.Update(rib.NewList(list...), map[string]rib.Export{"tor": {Announcements: rib.NewList(list...), RatePerSecond: 1}})
		}
		up(list("10.0.0.0/8", 25))
		p := attach(t, table, "tor", external())
		defer p.out.Detach()
		p.follow(time.Hour)
		p.log = nil
		up(list("10.9.9.9/32", 26))
		p.follow(time.Hour)
		whole := netip.MustParsePrefix("10.0.0.0/8")
		at := slices.IndexFunc(p.log, func(m message) bool { return m.kind == "withdraw" && slices.Contains(m.prefixes, whole) })
		if at < 0 || at > 8 {
			t.Errorf("10.0.0.0/8 is withdrawn by message %d of %d, want one of the first 9", at+1, len(p.log))
		}
		// 61 messages announce, and one for each 8 of them withdraws.
		if len(p.log) > 61+8 {
			t.Errorf("%d messages, want no more than 69", len(p.log))
		}
		if len(p.routes) != 61 {
			t.Errorf("the peer holds %d routes, want 61", len(p.routes))
		}
	})
}
