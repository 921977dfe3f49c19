// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// million returns announcements of a million prefixes: one range of host routes, or a mix over many sets.
func million(sets int) []*rib.Announcement {
	if sets == 1 {
		return []*rib.Announcement{announcement("a", none, "10.0.0.0/12 32")}
	}
	return mixed(1_000_000, sets)
}

// mixed returns announcements of prefixes of mixed lengths in random order, each in one of the sets at random.
func mixed(routes, sets int) []*rib.Announcement {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := map[netip.Prefix]bool{}
	list := make([]*rib.Announcement, sets)
	ofSet := make([][]rib.PrefixRange, sets)
	meds := make([]uint32, sets) // the race detector takes 16 octets for each object on its own, however small it is
	for i := range list {
		meds[i] = uint32(i)
		list[i] = announcement(fmt.Sprint(i), rib.Attributes{MED: &meds[i]})
	}
	for len(seen) < routes {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(rnd.IntN(223) + 1), byte(rnd.IntN(256)), byte(rnd.IntN(256)), 0}), 18+rnd.IntN(7)).Masked()
		if seen[p] {
			continue
		}
		seen[p] = true
		i := rnd.IntN(sets)
		ofSet[i] = append(ofSet[i], rib.PrefixRange{Prefix: p, Length: p.Bits()})
	}
	for i, a := range list {
		a.Prefixes = rib.NewPrefixes(ofSet[i]...)
	}
	return list
}

// heap is how many octets are live.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkMillion has a million routes: what they take, the first walk, and a change of k of them until its last message.
func BenchmarkMillion(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprint(n, " sets"), func(b *testing.B) {
			list := million(n)
			before := heap()
			table := rib.New()
			table.Update(rib.NewList(list...), export(0, list...))
			taken := heap() - before
			out := table.Attach("tor", external())
			buffer := make([]byte, 0, 1<<17)
			write(out, buffer)
			b.Run("memory", func(b *testing.B) {
				for b.Loop() {
					runtime.KeepAlive(table)
				}
				b.ReportMetric(float64(taken)/1e6, "B/route")
				b.ReportMetric(0, "ns/op")
			})
			b.Run("walk", func(b *testing.B) {
				for b.Loop() {
					late := table.Attach("tor", external())
					b.SetBytes(int64(write(late, buffer)))
					late.Detach()
				}
			})
			b.Run("first session of its kind", func(b *testing.B) {
				params := external()
				params.LocalASN++
				for b.Loop() { // for which each attribute set is encoded
					first := table.Attach("tor", params)
					b.SetBytes(int64(write(first, buffer)))
					first.Detach()
				}
			})
			for _, k := range []int{1, 1000, 10_000} {
				b.Run(fmt.Sprint("change of ", k), func(b *testing.B) {
					base := rib.NewList(list...)
					for i := 0; b.Loop(); i++ {
						edit := base.Edit()
						edit.Put(announcement("change", rib.Attributes{MED: ptr(uint32(i))}, ranges(k)...))
						changed := edit.List()
						table.Update(changed, map[string]rib.Export{"tor": {Announcements: changed, Token: i + 1}})
						if write(out, buffer) == 0 {
							b.Fatal("nothing was sent")
						}
					}
				})
				table.Update(rib.NewList(list...), export(-k, list...))
				write(out, buffer)
			}
		})
	}
}

// BenchmarkEdit takes ten prefixes out of an announcement of a million, and puts them back.
func BenchmarkEdit(b *testing.B) {
	var all []rib.PrefixRange
	for _, a := range million(10_000) {
		all = append(all, slices.Collect(a.Prefixes.All())...)
	}
	whole, part := announcement("a", none), announcement("a", none)
	whole.Prefixes = rib.NewPrefixes(all...)
	part.Prefixes = rib.NewPrefixes(slices.Delete(all, len(all)/2, len(all)/2+10)...)
	table := rib.New()
	update(table, export(0, whole))
	out := table.Attach("tor", external())
	buffer := make([]byte, 0, 1<<17)
	write(out, buffer)
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		update(table, export(i, []*rib.Announcement{whole, part}[i%2]))
		if write(out, buffer) == 0 {
			b.Fatal("nothing was sent")
		}
	}
}

// ranges are k prefixes that nothing else announces.
func ranges(k int) []string {
	var list []string
	for i := range k {
		list = append(list, fmt.Sprintf("240.%d.%d.0/24", i>>8, i&255))
	}
	return list
}
