// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin_test

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

const (
	benchRoutes = 1_000_000
	benchSets   = 10_000
)

// benchUpdates are a million routes of a family over ten thousand attribute sets.
func benchUpdates(b *testing.B, f wire.Family) []*wire.Update {
	b.Helper()
	updates := make([]*wire.Update, 0, benchSets)
	for set := range benchSets {
		var nlri []byte
		for i := range benchRoutes / benchSets {
			v := uint32(set*(benchRoutes/benchSets) + i)
			var octets [16]byte
			if f == wire.IPv4Unicast {
				binary.BigEndian.PutUint32(octets[:], 1<<24|v)
				nlri = wire.AppendPrefix(nlri, netip.PrefixFrom(netip.AddrFrom4([4]byte(octets[:4])), 32))
			} else {
				octets[0], octets[1] = 0x20, 0x01
				binary.BigEndian.PutUint32(octets[2:], v)
				nlri = wire.AppendPrefix(nlri, netip.PrefixFrom(netip.AddrFrom16(octets), 48))
			}
		}
		a := path(64500, uint32(set+1), 64501)
		a.Communities = []wire.Community{wire.Community(set)}
		hop := hop4
		if f == wire.IPv6Unicast {
			hop = hop6
		}
		message := wire.AppendReach(nil, f, wire.NewAttributeBlock(a, wire.EncodeOptions{AS4: true}), []netip.Addr{hop}, nlri)
		u := new(wire.Update)
		if err := wire.ParseUpdate(message[wire.HeaderLen:], wire.UpdateOptions{AS4: true, EBGP: true, Families: both}, u); err != nil {
			b.Fatal(err)
		}
		updates = append(updates, u)
	}
	return updates
}

// BenchmarkTake fills a table with a million routes, and tells the memory that each takes.
func BenchmarkTake(b *testing.B) {
	for _, f := range both {
		b.Run(f.String(), func(b *testing.B) {
			updates := benchUpdates(b, f)
			var live uint64
			for b.Loop() {
				before := liveHeap(b)
				table := adjin.New(adjin.Policy{Keep: true, MaxPrefixes: 2 * benchRoutes})
				for _, u := range updates {
					if _, err := table.Take(u, false); err != nil {
						b.Fatal(err)
					}
				}
				live = liveHeap(b) - before
				runtime.KeepAlive(table)
			}
			b.ReportMetric(float64(live)/benchRoutes, "live-B/route")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRoutes, "ns/route")
		})
	}
}

func liveHeap(b *testing.B) uint64 {
	b.StopTimer()
	defer b.StartTimer()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
