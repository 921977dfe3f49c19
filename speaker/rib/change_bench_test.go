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
