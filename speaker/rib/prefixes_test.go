// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// randomRanges returns ranges of both families, with subnets or not, some of them twice.
func randomRanges(rnd *rand.Rand) []rib.PrefixRange {
	var list []rib.PrefixRange
	subnets := rnd.IntN(2) == 0
	for range rnd.IntN(8) {
		a, most := netip.AddrFrom4([4]byte{10, byte(rnd.IntN(2)), byte(rnd.IntN(2))}), 32
		if rnd.IntN(2) == 0 {
			a, most = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(rnd.IntN(2)), 8: byte(rnd.IntN(2))}), 128
		}
		p := netip.PrefixFrom(a, []int{0, 15, 17, 24, most}[rnd.IntN(5)]).Masked()
		r := rib.PrefixRange{Prefix: p, Length: p.Bits()}
		if subnets {
			r.Length = min(p.Bits()+rnd.IntN(3), most)
		}
		list = append(list, r)
	}
	return list
}

// TestPrefixes: what was packed comes out again, IPv4 first, and only equal lists are equal.
func TestPrefixes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	type packed struct {
		text     string
		prefixes rib.Prefixes
	}
	lists := []packed{{"[]", rib.Prefixes{}}}
	for range 500 {
		given := randomRanges(rnd)
		p := rib.NewPrefixes(given...)
		slices.SortStableFunc(given, func(a, b rib.PrefixRange) int {
			return a.Prefix.Addr().BitLen() - b.Prefix.Addr().BitLen()
		})
		got := slices.Collect(p.All())
		if !slices.Equal(got, given) || p.Len() != len(given) {
			t.Fatalf("%v of %v", got, given)
		}
		if len(got) > 0 { // a loop that ends early
			for range p.All() {
				break
			}
		}
		lists = append(lists, packed{fmt.Sprint(given), p})
	}
	for _, a := range lists {
		for _, b := range lists {
			if got, want := a.prefixes.Equal(b.prefixes), a.text == b.text; got != want {
				t.Fatalf("%s and %s: equal %v", a.text, b.text, got)
			}
		}
	}
}

// TestPrefixesWithout: the difference of two lists has each range of the first alone, and none of neither.
func TestPrefixesWithout(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		a, b := randomRanges(rnd), randomRanges(rnd)
		if rnd.IntN(2) == 0 { // an edit
			b = slices.Delete(slices.Clone(a), len(a)/2, len(a)-len(a)/3)
		}
		rest := slices.Collect(rib.NewPrefixes(a...).Without(rib.NewPrefixes(b...)).All())
		for _, r := range rest {
			if !slices.Contains(a, r) {
				t.Fatalf("%v without %v has %v", a, b, r)
			}
		}
		for _, r := range a {
			if !slices.Contains(b, r) && !slices.Contains(rest, r) {
				t.Fatalf("%v without %v lacks %v", a, b, r)
			}
		}
	}
}

// TestPrefixesAllocateOnce for each family.
func TestPrefixesAllocateOnce(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var list []rib.PrefixRange
	for range 50 {
		list = append(list, randomRanges(rnd)...)
	}
	var p rib.Prefixes
	if n := testing.AllocsPerRun(10, func() { p = rib.NewPrefixes(list...) }); n > 2 {
		t.Errorf("%v allocations for %d ranges", n, p.Len())
	}
}
