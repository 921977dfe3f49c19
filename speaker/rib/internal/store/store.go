// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package store

// Slot is the number of an entry, and of nothing else once the entry is freed.
type Slot uint32

// NoSlot is the slot of no entry.
const NoSlot = ^Slot(0)

// Entry is one prefix of one announcement: 16 octets for IPv4, 32 for IPv6. It holds no pointers, so that the collector never
// looks at entries.
type Entry[A comparable] struct {
	address A
	// word is the number of the source in bits 0 to 21, the length of the prefix in bits 22 to 29, and the flags.
	word uint32
	// Seq numbers the last change of the entry, in the order of the table's changes. 0 is never.
	Seq uint64
}

const (
	// tombstone: the route is withdrawn, and the entry kept until every session that may have been sent it has been told.
	tombstone = 1 << 31
	// shared: the prefix has other entries.
	shared = 1 << 30

	numberMask = 1<<NumberBits - 1
)

// NumberBits is how many bits the number of a source has.
const NumberBits = 22

// Dead reports whether the entry is a tombstone: its route is withdrawn.
func (e *Entry[A]) Dead() bool { return e.word&tombstone != 0 }

// Bury makes the entry a tombstone.
func (e *Entry[A]) Bury() { e.word |= tombstone }

// Revive makes a tombstone an entry with a route.
func (e *Entry[A]) Revive() { e.word &^= tombstone }

// Shared reports whether the key has other entries.
func (e *Entry[A]) Shared() bool { return e.word&shared != 0 }

// Number is the number of the source.
func (e *Entry[A]) Number() uint32 { return e.word & numberMask }

// Key is what the entry is for.
func (e *Entry[A]) Key() Key[A] { return Key[A]{e.address, uint8(e.word >> NumberBits)} }

func (e *Entry[A]) has(k Key[A]) bool { return e.Key() == k }

const (
	chunkBits = 13
	chunkLen  = 1 << chunkBits
)

// chunk is room for entries that have slots in sequence. The zero chunk takes none.
type chunk[A comparable] struct {
	entries *[chunkLen]Entry[A] // nil: none is in use
	// next are the next entries with the same prefix, in no order, each as its slot plus 1. It is nil where none has one.
	next  *[chunkLen]Slot
	nexts int32 // entries that have one
	used  int32 // entries in use
	// fresh is the first place that was never used. Below it the free places are a list: free is the first plus 1, and
	// each has that of the one after it instead of a source.
	fresh, free int32
}

// places are all that were ever used.
func (c *chunk[A]) places() []Entry[A] {
	if c.entries == nil {
		return nil
	}
	return c.entries[:c.fresh]
}

// Store holds the entries of one family, in chunks that never move, with an index of the prefixes in open addressing.
type Store[A comparable] struct {
	hash   func(Key[A]) uint32
	chunks []chunk[A]
	open   []Slot              // the chunks with a free place, by number
	spare  *[chunkLen]Entry[A] // of a chunk that holds no entry, for the next that does
	used   int                 // entries in use
	keys   int                 // prefixes in the index

	// index holds the first slot of each prefix's chain, plus 1; 0 is empty. Its length is no power of two: it grows by a
	// quarter, so that it is never much larger than it needs to be.
	index []uint32
}

// leastIndex is the length of an index that holds nothing.
const leastIndex = 64

// New returns a store that holds nothing.
func New[A comparable](ops *Ops[A]) *Store[A] {
	return &Store[A]{hash: ops.Hash, index: make([]uint32, leastIndex)}
}

// At returns an entry that is in use.
func (s *Store[A]) At(i Slot) *Entry[A] { return &s.chunks[i>>chunkBits].entries[i&(chunkLen-1)] }

// Seq is the last change of an entry, 0 where it is in use no more.
func (s *Store[A]) Seq(i Slot) uint64 {
	if s.chunks[i>>chunkBits].entries == nil {
		return 0
	}
	return s.At(i).Seq
}

// Next returns the next entry with the same prefix, or NoSlot.
func (s *Store[A]) Next(i Slot) Slot {
	if next := s.chunks[i>>chunkBits].next; next != nil {
		return next[i&(chunkLen-1)] - 1
	}
	return NoSlot
}

// chain makes next the one after entry i.
func (s *Store[A]) chain(i, next Slot) {
	c, place := &s.chunks[i>>chunkBits], i&(chunkLen-1)
	had, has := s.Next(i) != NoSlot, next != NoSlot
	if has && c.next == nil {
		c.next = new([chunkLen]Slot)
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

// Chains yields the first entry of each chain of several.
func (s *Store[A]) Chains(yield func(head Slot) bool) {
	for n := range s.chunks {
		c := &s.chunks[n]
		for place, left := Slot(0), c.nexts; left > 0; place++ {
			if c.next[place] == 0 {
				continue
			}
			left--
			if i := Slot(n)<<chunkBits | place; s.Head(c.entries[place].Key()) == i && !yield(i) {
				return
			}
		}
	}
}

// Used is how many entries there are, tombstones included.
func (s *Store[A]) Used() int { return s.used }

// Keys is how many keys have entries.
func (s *Store[A]) Keys() int { return s.keys }

// End is after the slots of all entries.
func (s *Store[A]) End() Slot { return Slot(len(s.chunks)) << chunkBits }

// Chunk returns the entries that are in memory beside the one of a slot, the slot of the first, and the slot after the chunk. Among
// the entries are free places, which are dead and have no Seq.
func (s *Store[A]) Chunk(i Slot) (entries []Entry[A], base, end Slot) {
	base = i &^ (chunkLen - 1)
	return s.chunks[i>>chunkBits].places(), base, base + chunkLen
}

// Each yields the entries from a slot on, with free places as Chunk has them. It returns the slot after the last: End, unless yield
// returned false.
func (s *Store[A]) Each(from Slot, yield func(Slot, *Entry[A]) bool) Slot {
	for i := from; i < s.End(); {
		entries, base, end := s.Chunk(i)
		for ; i < base+Slot(len(entries)); i++ {
			if !yield(i, &entries[i-base]) {
				return i + 1
			}
		}
		i = end
	}
	return s.End()
}

// take returns a free slot.
func (s *Store[A]) take() Slot {
	if len(s.open) == 0 {
		s.open = append(s.open, Slot(len(s.chunks)))
		s.chunks = append(s.chunks, chunk[A]{})
	}
	n := s.open[len(s.open)-1]
	c := &s.chunks[n]
	if c.entries == nil {
		c.entries, s.spare = s.spare, nil
	}
	if c.entries == nil {
		c.entries = new([chunkLen]Entry[A])
	}
	var place int32
	if c.free > 0 {
		place = c.free - 1
		c.free = int32(c.entries[place].Number())
	} else {
		place = c.fresh
		c.fresh++
	}
	s.used++
	if c.used++; c.used == chunkLen {
		s.open = s.open[:len(s.open)-1]
	}
	return n<<chunkBits | Slot(place)
}

// give makes a slot free again. A chunk that holds no entry any more gives up its memory.
func (s *Store[A]) give(i Slot) {
	n, place := i>>chunkBits, i&(chunkLen-1)
	c := &s.chunks[n]
	if c.used == chunkLen {
		s.open = append(s.open, n)
	}
	c.entries[place] = Entry[A]{word: tombstone | uint32(c.free)}
	c.free = int32(place) + 1
	s.used--
	if c.used--; c.used == 0 {
		s.spare = c.entries
		*c = chunk[A]{}
	}
}

// Insert adds a tombstone of a source to a prefix's chain.
func (s *Store[A]) Insert(k Key[A], number uint32) Slot {
	if s.keys >= len(s.index)*5/6 {
		s.rehash(len(s.index)*5/4 + 64)
	}
	i := s.take()
	place := s.find(k)
	next := Slot(s.index[place]) - 1
	e := s.At(i)
	*e = Entry[A]{address: k.Address, word: tombstone | uint32(k.Bits)<<NumberBits | number}
	if next == NoSlot {
		s.keys++
	} else {
		e.word |= shared
		s.At(next).word |= shared
		s.chain(i, next)
	}
	s.index[place] = uint32(i) + 1
	return i
}

// Lookup returns the entry of a source for a prefix, or NoSlot.
func (s *Store[A]) Lookup(k Key[A], number uint32) Slot {
	for i := s.Head(k); i != NoSlot; i = s.Next(i) {
		if s.At(i).Number() == number {
			return i
		}
	}
	return NoSlot
}

// Remove frees an entry.
func (s *Store[A]) Remove(i Slot) {
	k, next := s.At(i).Key(), s.Next(i)
	place := s.find(k)
	if first := Slot(s.index[place]) - 1; first != i {
		for s.Next(first) != i {
			first = s.Next(first)
		}
		s.chain(first, next)
	} else if next != NoSlot {
		s.index[place] = uint32(next) + 1
	} else {
		s.unindex(place)
	}
	if first := s.Head(k); first != NoSlot && s.Next(first) == NoSlot {
		s.At(first).word &^= shared
	}
	s.chain(i, NoSlot)
	s.give(i)
}
