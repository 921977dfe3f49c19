// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math/rand/v2"
	"testing"
)

// TestStore fills and empties some chunks at random, with chains, and compares with a map. What holds nothing takes no memory.
func TestStore(t *testing.T) {
	type route struct {
		key    Key[uint32]
		number uint32
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	s := New(&IPv4)
	model := map[route]Slot{}
	check := func() {
		t.Helper()
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		if s.used != len(model) {
			t.Fatalf("%d entries, want %d", s.used, len(model))
		}
		chained := map[Key[uint32]]int{}
		for r, i := range model {
			chained[r.key]++
			if got := s.Lookup(r.key, r.number); got != i || s.At(i).Key() != r.key || s.Seq(i) != 1 {
				t.Fatalf("%v is entry %d, want %d: %+v", r, got, i, s.At(i))
			}
		}
		if len(chained) != s.keys {
			t.Fatalf("%d prefixes, want %d", s.keys, len(chained))
		}
		for head := range s.Chains {
			if k := s.At(head).Key(); chained[k] < 2 {
				t.Fatalf("%v is a chain of %d", k, chained[k])
			} else {
				delete(chained, k)
			}
		}
		for k, n := range chained {
			if n > 1 {
				t.Fatalf("%v is no chain, but has %d entries", k, n)
			}
		}
	}
	fill := func(n int) {
		for range n {
			r := route{Key[uint32]{rnd.Uint32N(1<<15) << 8, 24}, rnd.Uint32N(3)}
			if i := s.Lookup(r.key, r.number); i == NoSlot {
				model[r] = s.Insert(r.key, r.number)
				s.At(model[r]).Seq = 1
			}
		}
	}
	empty := func(keep float64) {
		for r, i := range model {
			if rnd.Float64() >= keep {
				s.Remove(i)
				delete(model, r)
			}
		}
		s.Shrink()
	}
	fill(60_000)
	check()
	for range 3 {
		empty(0.5)
		check()
		fill(20_000)
		check()
	}
	empty(0.0001)
	check()
	if len(s.index) > 1000 {
		t.Errorf("index of %d for %d prefixes", len(s.index), s.keys)
	}
	empty(0)
	check()
	for n, c := range s.chunks {
		if c.entries != nil || c.next != nil {
			t.Errorf("chunk %d has memory for nothing", n)
		}
	}
	fill(60_000)
	check()
}

// TestExpand: the prefixes of a range are within it, and in order.
func TestExpand(t *testing.T) {
	for _, r := range []Span[Address6]{
		{Address6{0x20010db8 << 32, 0}, 32, 36},
		{Address6{0x20010db8 << 32, 0}, 62, 66},
		{Address6{0x20010db8 << 32, 0xff << 56}, 120, 128},
		{Address6{}, 0, 3},
	} {
		n := 0
		last := Address6{}
		IPv6.Expand(r, func(k Key[Address6]) bool {
			if k.Bits != r.Length || IPv6.Mask(k.Address, r.Bits) != r.Address || IPv6.Mask(k.Address, r.Length) != k.Address ||
				n > 0 && IPv6.Compare(Key[Address6]{last, k.Bits}, k) >= 0 {
				t.Errorf("%v has %v", r, IPv6.NLRI(k))
			}
			n, last = n+1, k.Address
			return true
		})
		if n != r.Count() {
			t.Errorf("%v has %d prefixes, want %d", r, n, r.Count())
		}
	}
}
