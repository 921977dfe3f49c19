// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"iter"
	"net/netip"
	"slices"
)

// family is the table of one address family with the sessions that are sent it.
type family[K comparable] struct {
	table *Table
	index int // among the table's families
	ops   *keyOps[K]
	store *store[K]

	profiles []*profile
	views    []*view[K]
	// conflicts are the keys with more than one route.
	conflicts map[K]struct{}
	// dead are the tombstones, the oldest first.
	dead []grave
	ring ring
	// naming are the sources that name an address as next hop.
	naming map[netip.Addr]members

	nlri []byte // scratch
}

// grave is a tombstone with the change that made it one.
type grave struct {
	at  slot
	seq uint64
}

func newFamily[K comparable](t *Table, index int, ops *keyOps[K]) *family[K] {
	return &family[K]{table: t, index: index, ops: ops, store: newStore(ops), conflicts: map[K]struct{}{}, ring: ring{limit: t.limits.Ring}, naming: map[netip.Addr]members{}}
}

// ranges yields those of the family.
func (f *family[K]) ranges(p Prefixes) iter.Seq[PrefixRange] {
	return func(yield func(PrefixRange) bool) { f.ops.ranges(p, yield) }
}

// live is how many prefixes of the family a source announces.
func (f *family[K]) live(s *source) int { return s.live[f.index] }

// ring remembers the entries of the latest changes, between limit and twice as many.
type ring struct {
	limit  uint64
	slots  []slot
	oldest uint64 // the change before the first that is remembered
}

// note remembers a change.
func (r *ring) note(i slot, seq uint64) {
	if uint64(len(r.slots)) == 2*r.limit {
		r.slots = slices.Delete(r.slots, 0, int(r.limit))
		r.oldest += r.limit
	}
	if len(r.slots) == 0 {
		r.oldest = seq - 1
	}
	// Changes of the other family leave gaps.
	for r.oldest+uint64(len(r.slots)) < seq-1 {
		r.slots = append(r.slots, noSlot)
		if uint64(len(r.slots)) == 2*r.limit {
			r.slots, r.oldest = r.slots[:0], seq-1
		}
	}
	r.slots = append(r.slots, i)
}

// recent returns the entries that changed after a change, the last time for each, and whether all are remembered.
func (f *family[K]) recent(since uint64) ([]slot, bool) {
	r := &f.ring
	end := r.oldest + uint64(len(r.slots))
	if since < r.oldest || len(r.slots) == 0 {
		return nil, len(r.slots) > 0 && since >= end
	}
	if since >= end {
		return nil, true
	}
	var slots []slot
	for _, i := range r.slots[since-r.oldest:] {
		if i != noSlot {
			slots = append(slots, i)
		}
	}
	return slots, true
}

// change is what happens to one entry.
type change uint8

const (
	changed change = iota // its attributes, or who is sent it
	added
	removed
)

// edit changes entries of the family: in two steps, so that what sessions hold is known before anything is different.
type edit[K comparable] struct {
	f     *family[K]
	slots []slot
	kinds []change
}

// touch marks an entry for every view that sends or is to send its source.
func (e *edit[K]) touch(i slot, kind change, concerned []*view[K]) {
	f := e.f
	for _, v := range concerned {
		if v.overflowed = v.overflowed || len(v.marks) > f.marksLimit(v); v.overflowed {
			continue
		}
		set, _ := f.choose(v, i)
		v.marks = append(v.marks, mark{at: i, held: set})
	}
	e.slots = append(e.slots, i)
	e.kinds = append(e.kinds, kind)
	if len(concerned) == 0 && kind == added {
		e.commit() // nobody is sent it, so nothing needs to be known first
	}
}

// announce touches what a source announces that it did not.
func (e *edit[K]) announce(s *source, ranges Prefixes, concerned []*view[K]) {
	f := e.f
	for r := range f.ranges(ranges) {
		f.ops.expand(r, func(k K) bool {
			i := f.store.lookup(k, s.number)
			if i == noSlot {
				i = f.store.insert(k, s.number)
				s.entries++
			}
			if f.store.at(i).dead() {
				e.touch(i, added, concerned)
			}
			return true
		})
	}
}

// size is how many prefixes of the family there are in ranges.
func (f *family[K]) size(ranges Prefixes) int {
	n := 0
	for r := range f.ranges(ranges) {
		n += r.count()
	}
	return n
}

// each touches what a source announces.
func (e *edit[K]) each(s *source, ranges Prefixes, kind change, concerned []*view[K]) {
	f := e.f
	if f.live(s) == 0 {
		return
	}
	for r := range f.ranges(ranges) {
		f.ops.expand(r, func(k K) bool {
			if i := f.store.lookup(k, s.number); i != noSlot && !f.store.at(i).dead() {
				e.touch(i, kind, concerned)
			}
			return true
		})
	}
}

// commit makes the changes.
func (e *edit[K]) commit() {
	f := e.f
	for n, i := range e.slots {
		f.table.seq++
		entry := f.store.at(i)
		entry.seq = f.table.seq
		f.ring.note(i, entry.seq)
		s := f.table.sources[entry.number()]
		switch e.kinds[n] {
		case added:
			if entry.dead() {
				entry.announcement &^= tombstone
				s.live[f.index]++
			}
		case removed:
			if !entry.dead() {
				entry.announcement |= tombstone
				s.live[f.index]--
			}
		}
		if entry.dead() {
			f.dead = append(f.dead, grave{i, entry.seq})
		}
		if entry.announcement&shared != 0 {
			f.judge(entry.key)
		}
	}
	e.slots, e.kinds = e.slots[:0], e.kinds[:0]
}

// judge keeps conflicts up to date for a key.
func (f *family[K]) judge(k K) {
	live := 0
	for i := f.store.head(k); i != noSlot; i = f.store.at(i).next {
		if !f.store.at(i).dead() {
			live++
		}
	}
	if live > 1 {
		f.conflicts[k] = struct{}{}
	} else {
		delete(f.conflicts, k)
	}
}

// reclaim frees the tombstones that every session has been told of.
func (f *family[K]) reclaim() {
	if len(f.dead) > 2*int(f.store.used)+64 { // what came back left stale ones
		f.dead = slices.DeleteFunc(f.dead, func(g grave) bool { e := f.store.at(g.at); return !e.dead() || e.seq != g.seq })
	}
	if len(f.dead) == 0 {
		return
	}
	told := ^uint64(0)
	for _, v := range f.views {
		for c := range v.cursors {
			told = min(told, c.told())
		}
	}
	n := 0
	for n < len(f.dead) && f.dead[n].seq <= told {
		g := f.dead[n]
		n++
		e := f.store.at(g.at)
		if !e.dead() || e.seq != g.seq {
			continue // announced again meanwhile
		}
		s := f.table.sources[e.number()]
		f.store.remove(g.at)
		s.entries--
		f.table.release(s)
	}
	if f.dead = f.dead[n:]; len(f.dead) == 0 {
		f.dead = nil
	}
}

// eachBut touches what a source announces in ranges, but not in those that stay, as removed.
func (e *edit[K]) eachBut(s *source, ranges, stay Prefixes, concerned []*view[K]) {
	f := e.f
	// shapes are the lengths of the ranges that stay, and of what they are made of.
	type shape struct{ bits, length int }
	shapes := map[shape]struct{}{}
	staying := make(map[PrefixRange]struct{}, stay.Len())
	for r := range f.ranges(stay) {
		r.Length = r.first().Bits()
		staying[r] = struct{}{}
		shapes[shape{r.Prefix.Bits(), r.Length}] = struct{}{}
	}
	stays := func(k K) bool {
		p := f.ops.prefix(k)
		for s := range shapes {
			if s.length != p.Bits() {
				continue
			}
			if whole, err := p.Addr().Prefix(s.bits); err == nil {
				if _, ok := staying[PrefixRange{Prefix: whole, Length: s.length}]; ok {
					return true
				}
			}
		}
		return false
	}
	for r := range f.ranges(ranges) {
		f.ops.expand(r, func(k K) bool {
			if i := f.store.lookup(k, s.number); i != noSlot && !f.store.at(i).dead() && !stays(k) {
				e.touch(i, removed, concerned)
			}
			return true
		})
	}
}
