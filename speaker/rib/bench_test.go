// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// write hands out all that is due and drops it.
func write(out *rib.Out, buffer []byte) (octets int) {
	for {
		batch := out.Next(buffer[:0], 1<<16)
		if len(batch) == 0 {
			return octets
		}
		octets += len(batch)
		out.Written()
	}
}

// BenchmarkFirstWalk resolves, packs and drops the routes of a new session.
func BenchmarkFirstWalk(b *testing.B) {
	for _, test := range []struct {
		name     string
		prefixes string
	}{{"100k IPv4", "10.0.0.0/15 32"}, {"100k IPv6", "2001:db8::/47 64"}} {
		b.Run(test.name, func(b *testing.B) {
			table := rib.New()
			update(table, export(1, announcement("a", none, test.prefixes)))
			buffer := make([]byte, 0, 1<<17)
			b.ReportAllocs()
			for b.Loop() {
				out := table.Attach("tor", external())
				b.SetBytes(int64(write(out, buffer)))
				out.Detach()
			}
		})
	}
	b.Run("100k IPv4, 10,000 sets", func(b *testing.B) {
		table := rib.New()
		update(table, export(1, sets(10000)...))
		buffer := make([]byte, 0, 1<<17)
		b.ReportAllocs()
		for b.Loop() {
			out := table.Attach("tor", external())
			b.SetBytes(int64(write(out, buffer)))
			out.Detach()
		}
	})
}

// sets returns n announcements of different attributes and ten prefixes each.
func sets(n int) []*rib.Announcement {
	list := make([]*rib.Announcement, n)
	for i := range list {
		var prefixes []string
		for j := range 10 {
			k := j*n + i // neighbours are in different sets
			prefixes = append(prefixes, fmt.Sprintf("10.%d.%d.%d/32", k>>16, k>>8&255, k&255))
		}
		list[i] = announcement(fmt.Sprint(i), rib.Attributes{MED: ptr(uint32(i))}, prefixes...)
		list[i].Age = int64(i)
	}
	return list
}

// BenchmarkOnePrefix adds and removes one prefix beside 100,000 others.
func BenchmarkOnePrefix(b *testing.B) {
	big, one := announcement("big", none, "10.0.0.0/15 32"), announcement("one", none, "192.0.2.0/24")
	table := rib.New()
	buffer := make([]byte, 0, 1<<17)
	update(table, export(1, big))
	out := table.Attach("tor", external())
	write(out, buffer)
	exports := []map[string]rib.Export{export(1, big), export(2, big, one)}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		table.Update(exports[i%2]["tor"].Announcements, exports[i%2])
		if write(out, buffer) == 0 {
			b.Fatal("nothing was sent")
		}
	}
}

// BenchmarkHalves makes each of 16,384 prefixes its halves, and the reverse.
func BenchmarkHalves(b *testing.B) {
	lists := []*rib.Announcement{announcement("a", none, "10.0.0.0/10 24"), announcement("a", none, "10.0.0.0/10 25")}
	table := rib.New()
	buffer := make([]byte, 0, 1<<17)
	update(table, export(0, lists[1]))
	out := table.Attach("tor", external())
	write(out, buffer)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		update(table, export(i, lists[i%2]))
		if write(out, buffer) == 0 {
			b.Fatal("nothing was sent")
		}
		i++
	}
}

// BenchmarkUnchanged applies equal exports of 10,000 announcements.
func BenchmarkUnchanged(b *testing.B) {
	table := rib.New()
	buffer := make([]byte, 0, 1<<17)
	update(table, export(0, sets(10000)...))
	out := table.Attach("tor", external())
	write(out, buffer)
	equal := []map[string]rib.Export{export(1, sets(10000)...), export(2, sets(10000)...)}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		table.Update(equal[i%2]["tor"].Announcements, equal[i%2])
		if n := write(out, buffer); n != 0 {
			b.Fatalf("%d octets for equal announcements", n)
		}
	}
}
