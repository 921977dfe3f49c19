// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"math/rand/v2"
	"testing"
)

// TestStore fills and empties some chunks at random, with chains, and compares with a map. What holds nothing takes no memory.
func TestStore(t *testing.T) {
	type route struct {
		key    key[uint32]
		number uint32
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	s := newStore(&ops4)
	model := map[route]slot{}
	check := func() {
		t.Helper()
		if err := checkChunks(s); err != nil {
			t.Fatal(err)
		}
		if s.used != len(model) {
			t.Fatalf("%d entries, want %d", s.used, len(model))
		}
		chained := map[key[uint32]]int{}
		for r, i := range model {
			chained[r.key]++
			if got := s.lookup(r.key, r.number); got != i || s.at(i).key() != r.key || s.seq(i) != 1 {
				t.Fatalf("%v is entry %d, want %d: %+v", r, got, i, s.at(i))
			}
		}
		if len(chained) != s.keys {
			t.Fatalf("%d prefixes, want %d", s.keys, len(chained))
		}
		for head := range s.chains {
			if k := s.at(head).key(); chained[k] < 2 {
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
			r := route{key[uint32]{rnd.Uint32N(1<<15) << 8, 24}, rnd.Uint32N(3)}
			if i := s.lookup(r.key, r.number); i == noSlot {
				model[r] = s.insert(r.key, r.number)
				s.at(model[r]).seq = 1
			}
		}
	}
	empty := func(keep float64) {
		for r, i := range model {
			if rnd.Float64() >= keep {
				s.remove(i)
				delete(model, r)
			}
		}
		s.shrink()
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
	for _, r := range []span[address6]{
		{address6{0x20010db8 << 32, 0}, 32, 36},
		{address6{0x20010db8 << 32, 0}, 62, 66},
		{address6{0x20010db8 << 32, 0xff << 56}, 120, 128},
		{address6{}, 0, 3},
	} {
		n := 0
		last := address6{}
		ops6.expand(r, func(k key[address6]) bool {
			if k.bits != r.length || ops6.mask(k.address, r.bits) != r.address || ops6.mask(k.address, r.length) != k.address ||
				n > 0 && ops6.compare(key[address6]{last, k.bits}, k) >= 0 {
				t.Errorf("%v has %v", r, ops6.prefix(k))
			}
			n, last = n+1, k.address
			return true
		})
		if n != r.count() {
			t.Errorf("%v has %d prefixes, want %d", r, n, r.count())
		}
	}
}
