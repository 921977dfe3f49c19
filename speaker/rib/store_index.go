// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

// place is where the search for a prefix begins.
func (s *store[A]) place(k key[A]) int {
	return int(uint64(s.ops.hash(k)) * uint64(len(s.index)) >> 32)
}

// find returns the place of a prefix in the index, or the empty one where it belongs.
func (s *store[A]) find(k key[A]) int {
	i := s.place(k)
	for {
		v := s.index[i]
		if v == 0 || s.at(slot(v-1)).has(k) {
			return i
		}
		if i++; i == len(s.index) {
			i = 0
		}
	}
}

// head returns the first entry of a prefix's chain, or noSlot.
func (s *store[A]) head(k key[A]) slot { return slot(s.index[s.find(k)]) - 1 }

// reserve makes room for n more prefixes at once.
func (s *store[A]) reserve(n int) {
	if need := (s.keys+n)*6/5 + 1; need > len(s.index) {
		s.rehash(max(need+need/50, len(s.index)*5/4))
	}
}

// shrink gives up most of an index that holds little. As much was removed since it grew.
func (s *store[A]) shrink() {
	if need := s.keys*5/4 + leastIndex; 3*need < len(s.index) {
		s.rehash(need)
	}
}

func (s *store[A]) rehash(size int) {
	old := s.index
	s.index = make([]uint32, size)
	for _, v := range old {
		if v != 0 {
			s.index[s.find(s.at(slot(v-1)).key())] = v
		}
	}
}

// unindex empties a place, and moves what was displaced by it.
func (s *store[A]) unindex(hole int) {
	s.keys--
	n := len(s.index)
	for i := hole; ; {
		if i++; i == n {
			i = 0
		}
		v := s.index[i]
		if v == 0 {
			s.index[hole] = 0
			return
		}
		want := s.place(s.at(slot(v - 1)).key())
		// The value may move to the hole when its own place is not between them, going round.
		if (i-want+n)%n >= (i-hole+n)%n {
			s.index[hole] = v
			hole = i
		}
	}
}
