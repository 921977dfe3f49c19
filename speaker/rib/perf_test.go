// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
)

func million(sets int) []*rib.Announcement {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := map[netip.Prefix]bool{}
	list := make([]*rib.Announcement, sets)
	ranges := make([][]rib.PrefixRange, sets)
	for i := range list {
		list[i] = announcement(fmt.Sprint(i), rib.Attributes{MED: ptr(uint32(i))})
	}
	for len(seen) < 1_000_000 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(rnd.IntN(223) + 1), byte(rnd.IntN(256)), byte(rnd.IntN(256)), 0}), 18+rnd.IntN(7)).Masked()
		if seen[p] {
			continue
		}
		seen[p] = true
		i := rnd.IntN(sets)
		ranges[i] = append(ranges[i], rib.PrefixRange{Prefix: p, Length: p.Bits()})
	}
	for i, a := range list {
		a.Prefixes = rib.NewPrefixes(ranges[i]...)
	}
	return list
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestMillion(t *testing.T) {
	for _, sets := range []int{1, 10000} {
		var list []*rib.Announcement
		if sets == 1 {
			list = []*rib.Announcement{announcement("a", none, "10.0.0.0/12 32")}
		} else {
			list = million(sets)
		}
		before := heap()
		table := rib.New()
		start := time.Now()
		table.Update(list, map[string]rib.Export{"tor": {Announcements: list, Token: 1}})
		t.Logf("%d sets: update %v, %d B a route", sets, time.Since(start), (heap()-before)/1_000_000)
		out := table.Attach("tor", external())
		start = time.Now()
		bytes, calls := 0, 0
		buf := make([]byte, 0, 128<<10)
		for {
			buf = out.Next(buf[:0], 64<<10)
			if len(buf) == 0 {
				break
			}
			bytes += len(buf)
			calls++
			out.Written()
		}
		t.Logf("%d sets: walk %v, %d octets, %v", sets, time.Since(start), bytes, out.Report().Announced)
		for _, k := range []int{1, 1000, 10000} {
			changed := append([]*rib.Announcement(nil), list...)
			if sets > 1 {
				for i := range max(k/100, 1) {
					c := *changed[i]
					c.Attributes.MED = ptr(uint32(1_000_000 + k + i))
					changed[i] = &c
				}
			}
			start = time.Now()
			table.Update(changed, map[string]rib.Export{"tor": {Announcements: changed, Token: k}})
			u := time.Since(start)
			n := 0
			for {
				buf = out.Next(buf[:0], 64<<10)
				if len(buf) == 0 {
					break
				}
				n += len(buf)
				out.Written()
			}
			t.Logf("%d sets: change of %d: update %v, all %v, %d octets", sets, k, u, time.Since(start), n)
			list = changed
		}
		runtime.KeepAlive(table)
	}
}
