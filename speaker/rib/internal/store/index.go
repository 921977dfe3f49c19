// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package store

// place is where the search for a prefix begins.
func (s *Store[A]) place(k Key[A]) int {
	return int(uint64(s.hash(k)) * uint64(len(s.index)) >> 32)
}

// find returns the place of a prefix in the index, or the empty one where it belongs.
func (s *Store[A]) find(k Key[A]) int {
	i := s.place(k)
	for {
		v := s.index[i]
		if v == 0 || s.At(Slot(v-1)).has(k) {
			return i
		}
		if i++; i == len(s.index) {
			i = 0
		}
	}
}

// Head returns the first entry of a prefix's chain, or NoSlot.
func (s *Store[A]) Head(k Key[A]) Slot { return Slot(s.index[s.find(k)]) - 1 }

// Reserve makes room for n more prefixes at once.
func (s *Store[A]) Reserve(n int) {
	if need := (s.keys+n)*6/5 + 1; need > len(s.index) {
		s.rehash(max(need+need/50, len(s.index)*5/4))
	}
}

// Shrink gives up most of an index that holds little. As much was removed since it grew.
func (s *Store[A]) Shrink() {
	if need := s.keys*5/4 + leastIndex; 3*need < len(s.index) {
		s.rehash(need)
	}
}

func (s *Store[A]) rehash(size int) {
	old := s.index
	s.index = make([]uint32, size)
	for _, v := range old {
		if v != 0 {
			s.index[s.find(s.At(Slot(v-1)).Key())] = v
		}
	}
}

// unindex empties a place, and moves what was displaced by it.
func (s *Store[A]) unindex(hole int) {
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
		want := s.place(s.At(Slot(v - 1)).Key())
		// The value may move to the hole when its own place is not between them, going round.
		if (i-want+n)%n >= (i-hole+n)%n {
			s.index[hole] = v
			hole = i
		}
	}
}
