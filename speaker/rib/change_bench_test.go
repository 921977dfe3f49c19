// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// BenchmarkOneOfMany changes one of many announcements, of a prefix each, that all peers are sent, and hands each peer what is due.
func BenchmarkOneOfMany(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		for _, peers := range []int{1, 20} {
			b.Run(fmt.Sprintf("%d announcements, %d peers", n, peers), func(b *testing.B) {
				guard := &rib.Guard{Families: external().Families, Counted: external().Families, MaxPrefixes: n + 1, TrustAll: true}
				list := rib.NewList(numbered(0, n)...)
				outs := make([]*rib.Out, peers)
				table := rib.New()
				update := func(token int) {
					exports := map[string]rib.Export{}
					for i := range outs {
						exports[fmt.Sprint(i)] = rib.Export{Announcements: list, Guard: guard, Token: token}
					}
					if err := table.Update(list, exports); err != nil {
						b.Fatal(err)
					}
				}
				update(-1)
				buffer := make([]byte, 0, 1<<17)
				for i := range outs {
					params := external()
					params.LocalAddress = netip.AddrFrom4([4]byte{192, 0, 2, byte(100 + i)})
					params.Families = []wire.Family{wire.IPv4Unicast}
					outs[i] = table.Attach(fmt.Sprint(i), params)
					write(outs[i], buffer)
				}
				one := numbered(n/2, 1)[0]
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					changed := *one
					changed.Attributes.MED = ptr(uint32(i))
					e := list.Edit()
					e.Put(&changed)
					list = e.List()
					update(i)
					for _, out := range outs {
						if write(out, buffer) == 0 {
							b.Fatal("nothing was sent")
						}
					}
				}
			})
		}
	}
}

// BenchmarkFamilyNotNegotiated changes one of 10,000 announcements of both families for a session of one, which reports it.
func BenchmarkFamilyNotNegotiated(b *testing.B) {
	all := numbered(0, 10_000)
	for i, a := range all {
		all[i] = announcement(a.Name, none, a.Prefixes.First().String(), fmt.Sprintf("2001:db8:%x::/48", i))
	}
	list := rib.NewList(all...)
	table := rib.New()
	update := func(token int) {
		if err := table.Update(list, map[string]rib.Export{"tor": {Announcements: list, Token: token}}); err != nil {
			b.Fatal(err)
		}
	}
	update(-1)
	params := external()
	params.Families = []wire.Family{wire.IPv4Unicast}
	out, buffer := table.Attach("tor", params), make([]byte, 0, 1<<17)
	write(out, buffer)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		changed := *all[len(all)/2]
		changed.Attributes.MED = ptr(uint32(i))
		e := list.Edit()
		e.Put(&changed)
		list = e.List()
		if update(i); write(out, buffer) == 0 || out.Report().Token != i {
			b.Fatal("nothing was sent")
		}
	}
}

// BenchmarkGrants grants one owner something, and takes it back, beside 10,000 announcements of others.
func BenchmarkGrants(b *testing.B) {
	all := numbered(0, 10_000)
	for _, a := range all {
		a.Owner = "platform"
	}
	all[len(all)/2].Owner = "shop"
	list := rib.NewList(all...)
	table := rib.New()
	update := func(token int) {
		guard := shop(func(g *rib.Guard) {
			g.MaxPrefixes = len(all)
			if g.Grants["shop"][0].Prefix = netip.MustParsePrefix("10.0.0.0/8"); token%2 == 0 {
				g.Grants = nil
			}
		})
		if err := table.Update(list, map[string]rib.Export{"tor": {Announcements: list, Guard: guard, Token: token}}); err != nil {
			b.Fatal(err)
		}
	}
	update(0)
	out, buffer := table.Attach("tor", external()), make([]byte, 0, 1<<17)
	write(out, buffer)
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		if update(i); write(out, buffer) == 0 {
			b.Fatal("nothing was sent")
		}
	}
}
