// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

// slot is the number of an entry, and of nothing else once the entry is freed. noSlot is none.
type slot uint32

const noSlot = ^slot(0)

// entry is one prefix of one announcement: 16 octets for IPv4, 32 for IPv6. It holds no pointers, so that the collector never
// looks at entries.
type entry[A address] struct {
	address A
	// word is the number of the source in bits 0 to 21, the length of the prefix in bits 22 to 29, and the flags.
	word uint32
	// seq numbers the last change of the entry, in the order of the table's changes. 0 is never.
	seq uint64
}

const (
	// tombstone: the route is withdrawn, and the entry kept until every session that may have been sent it has been told.
	tombstone = 1 << 31
	// shared: the prefix has other entries.
	shared = 1 << 30

	numberBits = 22
	numberMask = 1<<numberBits - 1
)

func (e *entry[A]) dead() bool        { return e.word&tombstone != 0 }
func (e *entry[A]) shared() bool      { return e.word&shared != 0 }
func (e *entry[A]) number() uint32    { return e.word & numberMask }
func (e *entry[A]) key() key[A]       { return key[A]{e.address, uint8(e.word >> numberBits)} }
func (e *entry[A]) has(k key[A]) bool { return e.key() == k }

const (
	chunkBits = 13
	chunkLen  = 1 << chunkBits
)

// chunk is room for entries that have slots in sequence. The zero chunk takes none.
type chunk[A address] struct {
	entries *[chunkLen]entry[A] // nil: none is in use
	// next are the next entries with the same prefix, in no order, each as its slot plus 1. It is nil where none has one.
	next  *[chunkLen]slot
	nexts int32 // entries that have one
	used  int32 // entries in use
	// fresh is the first place that was never used. Below it the free places are a list: free is the first plus 1, and
	// each has that of the one after it instead of a source.
	fresh, free int32
}

// places are all that were ever used.
func (c *chunk[A]) places() []entry[A] {
	if c.entries == nil {
		return nil
	}
	return c.entries[:c.fresh]
}

// store holds the entries of one family, in chunks that never move, with an index of the prefixes in open addressing.
type store[A address] struct {
	ops    *familyOps[A]
	chunks []chunk[A]
	open   []slot              // the chunks with a free place, by number
	spare  *[chunkLen]entry[A] // of a chunk that holds no entry, for the next that does
	used   int                 // entries in use
	keys   int                 // prefixes in the index

	// index holds the first slot of each prefix's chain, plus 1; 0 is empty. Its length is no power of two: it grows by a
	// quarter, so that it is never much larger than it needs to be.
	index []uint32
}

// leastIndex is the length of an index that holds nothing.
const leastIndex = 64

func newStore[A address](ops *familyOps[A]) *store[A] {
	return &store[A]{ops: ops, index: make([]uint32, leastIndex)}
}

// at returns an entry that is in use.
func (s *store[A]) at(i slot) *entry[A] { return &s.chunks[i>>chunkBits].entries[i&(chunkLen-1)] }

// seq is the last change of an entry, 0 where it is in use no more.
func (s *store[A]) seq(i slot) uint64 {
	if s.chunks[i>>chunkBits].entries == nil {
		return 0
	}
	return s.at(i).seq
}

// next returns the next entry with the same prefix, or noSlot.
func (s *store[A]) next(i slot) slot {
	if next := s.chunks[i>>chunkBits].next; next != nil {
		return next[i&(chunkLen-1)] - 1
	}
	return noSlot
}

// chain makes next the one after entry i.
func (s *store[A]) chain(i, next slot) {
	c, place := &s.chunks[i>>chunkBits], i&(chunkLen-1)
	had, has := s.next(i) != noSlot, next != noSlot
	if has && c.next == nil {
		c.next = new([chunkLen]slot)
	}
	switch {
	case has && !had:
		c.nexts++
	case had && !has:
		c.nexts--
	}
	if c.nexts == 0 {
		c.next = nil
	} else {
		c.next[place] = next + 1
	}
}

// chains yields the first entry of each chain of several.
func (s *store[A]) chains(yield func(head slot) bool) {
	for n := range s.chunks {
		c := &s.chunks[n]
		for place, left := slot(0), c.nexts; left > 0; place++ {
			if c.next[place] == 0 {
				continue
			}
			left--
			if i := slot(n)<<chunkBits | place; s.head(c.entries[place].key()) == i && !yield(i) {
				return
			}
		}
	}
}

// end is after the slots of all entries.
func (s *store[A]) end() slot { return slot(len(s.chunks)) << chunkBits }

// each yields entries from a slot on, with free places among them, which are dead and have no seq. It returns the slot after
// the last: the end, unless yield returned false.
func (s *store[A]) each(from slot, yield func(slot, *entry[A]) bool) slot {
	for i := from; i < s.end(); i = (i>>chunkBits + 1) << chunkBits {
		c := &s.chunks[i>>chunkBits]
		base := i &^ (chunkLen - 1)
		entries := c.places()
		for place := i - base; place < slot(len(entries)); place++ {
			if !yield(base+place, &entries[place]) {
				return base + place + 1
			}
		}
	}
	return s.end()
}

// take returns a free slot.
func (s *store[A]) take() slot {
	if len(s.open) == 0 {
		s.open = append(s.open, slot(len(s.chunks)))
		s.chunks = append(s.chunks, chunk[A]{})
	}
	n := s.open[len(s.open)-1]
	c := &s.chunks[n]
	if c.entries == nil {
		c.entries, s.spare = s.spare, nil
	}
	if c.entries == nil {
		c.entries = new([chunkLen]entry[A])
	}
	var place int32
	if c.free > 0 {
		place = c.free - 1
		c.free = int32(c.entries[place].number())
	} else {
		place = c.fresh
		c.fresh++
	}
	s.used++
	if c.used++; c.used == chunkLen {
		s.open = s.open[:len(s.open)-1]
	}
	return n<<chunkBits | slot(place)
}

// give makes a slot free again. A chunk that holds no entry any more gives up its memory.
func (s *store[A]) give(i slot) {
	n, place := i>>chunkBits, i&(chunkLen-1)
	c := &s.chunks[n]
	if c.used == chunkLen {
		s.open = append(s.open, n)
	}
	c.entries[place] = entry[A]{word: tombstone | uint32(c.free)}
	c.free = int32(place) + 1
	s.used--
	if c.used--; c.used == 0 {
		s.spare = c.entries
		*c = chunk[A]{}
	}
}

// insert adds a tombstone of a source to a prefix's chain.
func (s *store[A]) insert(k key[A], number uint32) slot {
	if s.keys >= len(s.index)*5/6 {
		s.rehash(len(s.index)*5/4 + 64)
	}
	i := s.take()
	place := s.find(k)
	next := slot(s.index[place]) - 1
	e := s.at(i)
	*e = entry[A]{address: k.address, word: tombstone | uint32(k.bits)<<numberBits | number}
	if next == noSlot {
		s.keys++
	} else {
		e.word |= shared
		s.at(next).word |= shared
		s.chain(i, next)
	}
	s.index[place] = uint32(i) + 1
	return i
}

// lookup returns the entry of a source for a prefix, or noSlot.
func (s *store[A]) lookup(k key[A], number uint32) slot {
	for i := s.head(k); i != noSlot; i = s.next(i) {
		if s.at(i).number() == number {
			return i
		}
	}
	return noSlot
}

// remove frees an entry.
func (s *store[A]) remove(i slot) {
	k, next := s.at(i).key(), s.next(i)
	place := s.find(k)
	if first := slot(s.index[place]) - 1; first != i {
		for s.next(first) != i {
			first = s.next(first)
		}
		s.chain(first, next)
	} else if next != noSlot {
		s.index[place] = uint32(next) + 1
	} else {
		s.unindex(place)
	}
	if first := s.head(k); first != noSlot && s.next(first) == noSlot {
		s.at(first).word &^= shared
	}
	s.chain(i, noSlot)
	s.give(i)
}
