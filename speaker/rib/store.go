// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

// slot is the number of an entry, and of nothing else once the entry is freed. noSlot is none.
type slot uint32

const noSlot = ^slot(0)

// entry is one prefix of one announcement. It holds no pointers, so that the collector never looks at entries.
type entry[K comparable] struct {
	key K
	// seq numbers the last change of the entry, in the order of the table's changes. 0 is never.
	seq uint64
	// announcement is the number of its source, with flags in the highest bits.
	announcement uint32
	// next is the next entry with the same key, in no order.
	next slot
}

const (
	// tombstone: the route is withdrawn, and the entry kept until every session that may have been sent it has been told.
	tombstone = 1 << 31
	// shared: the key has other entries.
	shared = 1 << 30
	flags  = tombstone | shared
)

func (e *entry[K]) dead() bool     { return e.announcement&tombstone != 0 }
func (e *entry[K]) number() uint32 { return e.announcement &^ flags }

const (
	chunkBits = 13
	chunkLen  = 1 << chunkBits
)

// store holds the entries of one family, in chunks that never move, with an index of the keys in open addressing.
type store[K comparable] struct {
	ops    *keyOps[K]
	chunks [][]entry[K]
	used   slot   // entries handed out, freed ones included
	free   []slot // to be handed out again
	keys   int    // in the index

	// index holds the first slot of each key's chain, plus 1; 0 is empty. Its length is no power of two: it grows by a
	// quarter, so that it is never much larger than it needs to be.
	index []uint32
}

func newStore[K comparable](ops *keyOps[K]) *store[K] {
	return &store[K]{ops: ops, index: make([]uint32, 64)}
}

// len is the number of entries, tombstones included.
func (s *store[K]) len() int { return int(s.used) - len(s.free) }

func (s *store[K]) at(i slot) *entry[K] { return &s.chunks[i>>chunkBits][i&(chunkLen-1)] }

// place is where the search for a key begins.
func (s *store[K]) place(k K) int {
	return int(uint64(s.ops.hash(k)) * uint64(len(s.index)) >> 32)
}

// find returns the place of a key in the index, or the empty one where it belongs.
func (s *store[K]) find(k K) int {
	i := s.place(k)
	for {
		v := s.index[i]
		if v == 0 || s.at(slot(v-1)).key == k {
			return i
		}
		if i++; i == len(s.index) {
			i = 0
		}
	}
}

// head returns the first entry of a key's chain, or noSlot.
func (s *store[K]) head(k K) slot { return slot(s.index[s.find(k)]) - 1 }

// reserve makes room for n more keys at once.
func (s *store[K]) reserve(n int) {
	if need := (s.keys+n)*6/5 + 1; need > len(s.index) {
		s.rehash(max(need+need/50, len(s.index)*5/4))
	}
}

func (s *store[K]) rehash(size int) {
	old := s.index
	s.index = make([]uint32, size)
	for _, v := range old {
		if v != 0 {
			s.index[s.find(s.at(slot(v-1)).key)] = v
		}
	}
}

// insert adds a tombstone of an announcement to a key's chain.
func (s *store[K]) insert(k K, announcement uint32) slot {
	if s.keys >= len(s.index)*5/6 {
		s.rehash(len(s.index)*5/4 + 64)
	}
	var i slot
	if n := len(s.free); n > 0 {
		i, s.free = s.free[n-1], s.free[:n-1]
	} else {
		if int(s.used>>chunkBits) == len(s.chunks) {
			s.chunks = append(s.chunks, make([]entry[K], chunkLen))
		}
		i = s.used
		s.used++
	}
	place := s.find(k)
	next := slot(s.index[place]) - 1
	if next == noSlot {
		s.keys++
	}
	e := s.at(i)
	*e = entry[K]{key: k, announcement: announcement | tombstone, next: next}
	if next != noSlot {
		e.announcement |= shared
		s.at(next).announcement |= shared
	}
	s.index[place] = uint32(i) + 1
	return i
}

// lookup returns the entry of an announcement for a key, or noSlot.
func (s *store[K]) lookup(k K, announcement uint32) slot {
	for i := s.head(k); i != noSlot; i = s.at(i).next {
		if s.at(i).number() == announcement {
			return i
		}
	}
	return noSlot
}

// remove frees an entry.
func (s *store[K]) remove(i slot) {
	e := s.at(i)
	place := s.find(e.key)
	if first := slot(s.index[place]) - 1; first != i {
		for s.at(first).next != i {
			first = s.at(first).next
		}
		s.at(first).next = e.next
	} else if e.next != noSlot {
		s.index[place] = uint32(e.next) + 1
	} else {
		s.unindex(place)
	}
	if first := s.head(e.key); first != noSlot && s.at(first).next == noSlot {
		s.at(first).announcement &^= shared
	}
	*e = entry[K]{announcement: tombstone, next: noSlot}
	s.free = append(s.free, i)
}

// unindex empties a place, and moves what was displaced by it.
func (s *store[K]) unindex(hole int) {
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
		want := s.place(s.at(slot(v - 1)).key)
		// The value may move to the hole when its own place is not between them, going round.
		if (i-want+n)%n >= (i-hole+n)%n {
			s.index[hole] = v
			hole = i
		}
	}
}
