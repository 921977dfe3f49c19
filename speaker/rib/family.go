// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/internal/store"
	"github.com/herald-bgp/herald/speaker/wire"
)

// familyOps is what the table needs to know of one family.
type familyOps[A comparable] struct {
	store.Ops[A]
	// spans yields what ranges of an announcement stand for in the family. What decides that besides the ranges is a part of sourceID.
	spans func(a *Announcement, ranges Prefixes, yield func(store.Span[A]) bool)
}

var (
	ops4 = familyOps[uint32]{store.IPv4, func(_ *Announcement, p Prefixes, yield func(store.Span[uint32]) bool) { spans4(p, yield) }}
	ops6 = familyOps[store.Address6]{store.IPv6, func(_ *Announcement, p Prefixes, yield func(store.Span[store.Address6]) bool) { spans6(p, yield) }}
)

// family is the table of one address family with the sessions that are sent it.
type family[A comparable] struct {
	table *Table
	index int // in what a source keeps by family
	ops   *familyOps[A]
	store *store.Store[A]

	profiles []*profile
	idle     *profile // the last that was without a view; it may be in use again
	views    []*view[A]
	// dead are the tombstones, the oldest first.
	dead []grave
	ring ring
	// naming are the sources that name an address as next hop, pairs those that name a link-local one beside another, linkLocals those
	// that name a link-local one alone.
	naming, pairs, linkLocals index[netip.Addr]

	nlri []byte // scratch
}

// grave is a tombstone with the change that made it one.
type grave struct {
	at  store.Slot
	seq uint64
}

func newFamily[A comparable](t *Table, ops *familyOps[A]) *family[A] {
	return &family[A]{
		table: t, index: indexOf(ops.Family), ops: ops, store: store.New(&ops.Ops),
		ring: ring{limit: t.limits.Ring}, naming: index[netip.Addr]{}, pairs: index[netip.Addr]{}, linkLocals: index[netip.Addr]{},
	}
}

// spans yields what ranges of an announcement stand for in the family: nothing where it is of others.
func (f *family[A]) spans(a *Announcement, ranges Prefixes) iter.Seq[store.Span[A]] {
	return func(yield func(store.Span[A]) bool) {
		if a.safi() == f.ops.Family.SAFI {
			f.ops.spans(a, ranges, yield)
		}
	}
}

// count is how many prefixes of the family an announcement comes to.
func (f *family[A]) count(a *Announcement) (n int) {
	for r := range f.spans(a, a.Prefixes) {
		n += r.Count()
	}
	return n
}

// listed is count with an example.
func (f *family[A]) listed(a *Announcement) (prefixes int, example wire.NLRI) {
	return f.count(a), f.example(a)
}

// live is how many prefixes of the family a source announces.
func (f *family[A]) live(s *source) int {
	if s.safi != f.ops.Family.SAFI {
		return 0
	}
	return int(s.live[f.index])
}

// ring remembers the entries of the latest changes, between limit and twice as many.
type ring struct {
	limit  uint64
	slots  []store.Slot
	oldest uint64 // the change before the first that is remembered
}

// note remembers a change.
func (r *ring) note(i store.Slot, seq uint64) {
	if uint64(len(r.slots)) == 2*r.limit {
		r.slots = slices.Delete(r.slots, 0, int(r.limit))
		r.oldest += r.limit
	}
	if len(r.slots) == 0 {
		r.oldest = seq - 1
	}
	// Changes of the other family leave gaps.
	for r.oldest+uint64(len(r.slots)) < seq-1 {
		r.slots = append(r.slots, store.NoSlot)
		if uint64(len(r.slots)) == 2*r.limit {
			r.slots, r.oldest = r.slots[:0], seq-1
		}
	}
	r.slots = append(r.slots, i)
}

// recent returns the entries that changed after a change, the last time for each, and whether all are remembered.
func (f *family[A]) recent(since uint64) ([]store.Slot, bool) {
	r := &f.ring
	end := r.oldest + uint64(len(r.slots))
	if since < r.oldest || len(r.slots) == 0 {
		return nil, len(r.slots) > 0 && since >= end
	}
	if since >= end {
		return nil, true
	}
	var slots []store.Slot
	for _, i := range r.slots[since-r.oldest:] {
		if i != store.NoSlot {
			slots = append(slots, i)
		}
	}
	return slots, true
}

// changeKind is what happens to one entry.
type changeKind uint8

const (
	changed changeKind = iota // its attributes, or who is sent it
	added
	removed
)

// changes are those that an update makes to entries of the family: in two steps, so that what sessions hold is known before anything is different.
type changes[A comparable] struct {
	f     *family[A]
	slots []store.Slot
	kinds []changeKind
}

// touch marks an entry for every view that sends or is to send its source.
func (c *changes[A]) touch(i store.Slot, kind changeKind, concerned []*view[A]) {
	f := c.f
	for _, v := range concerned {
		f.excludeChain(v, i)
		if v.overflowed = v.overflowed || len(v.marks) > f.marksLimit(v); v.overflowed {
			continue
		}
		set, _ := f.choose(v, i)
		v.marks = append(v.marks, mark{at: i, held: set})
	}
	c.slots = append(c.slots, i)
	c.kinds = append(c.kinds, kind)
	if len(concerned) == 0 && kind == added {
		c.commit() // nobody is sent it, so nothing needs to be known first
	}
}

// announce touches what a source announces that it did not.
func (c *changes[A]) announce(s *source, ranges Prefixes, concerned []*view[A]) {
	f := c.f
	for r := range f.spans(s.Announcement, ranges) {
		f.ops.Expand(r, func(k store.Key[A]) bool {
			i := f.store.Lookup(k, s.number)
			if i == store.NoSlot {
				i = f.store.Insert(k, s.number)
				s.entries++
			}
			if f.store.At(i).Dead() {
				c.touch(i, added, concerned)
			}
			return true
		})
	}
}

// each touches what a source announces.
func (c *changes[A]) each(s *source, ranges Prefixes, kind changeKind, concerned []*view[A]) {
	c.f.announced(s, ranges, func(i store.Slot) { c.touch(i, kind, concerned) })
}

// eachShared touches what a source announces beside others.
func (c *changes[A]) eachShared(s *source, ranges Prefixes, concerned []*view[A]) {
	c.f.announced(s, ranges, func(i store.Slot) {
		if c.f.store.At(i).Shared() {
			c.touch(i, changed, concerned)
		}
	})
}

// announced calls yield for the entries within ranges that a source announces.
func (f *family[A]) announced(s *source, ranges Prefixes, yield func(store.Slot)) {
	if f.live(s) == 0 {
		return
	}
	for r := range f.spans(s.Announcement, ranges) {
		f.ops.Expand(r, func(k store.Key[A]) bool {
			if i := f.store.Lookup(k, s.number); i != store.NoSlot && !f.store.At(i).Dead() {
				yield(i)
			}
			return true
		})
	}
}

// commit makes the changes.
func (c *changes[A]) commit() {
	f := c.f
	for n, i := range c.slots {
		f.table.seq++
		entry := f.store.At(i)
		entry.Seq = f.table.seq
		f.ring.note(i, entry.Seq)
		s := f.table.sources[entry.Number()]
		switch c.kinds[n] {
		case added:
			if entry.Dead() {
				entry.Revive()
				s.live[f.index]++
			}
		case removed:
			if !entry.Dead() {
				entry.Bury()
				s.live[f.index]--
			}
		}
		if entry.Dead() {
			f.dead = append(f.dead, grave{i, entry.Seq})
		}
	}
	c.slots, c.kinds = c.slots[:0], c.kinds[:0]
}

// conflicts yields the first entries of the prefixes with more than one route.
func (f *family[A]) conflicts(yield func(head store.Slot) bool) {
	f.store.Chains(func(head store.Slot) bool {
		live := 0
		for i := head; i != store.NoSlot; i = f.store.Next(i) {
			if !f.store.At(i).Dead() {
				live++
			}
		}
		return live < 2 || yield(head)
	})
}

// reclaim frees the tombstones that every session has been told of.
func (f *family[A]) reclaim() {
	if len(f.dead) > 2*f.store.Used()+64 { // what came back left stale ones
		f.dead = slices.DeleteFunc(f.dead, func(g grave) bool { e := f.store.At(g.at); return !e.Dead() || e.Seq != g.seq })
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
		e := f.store.At(g.at)
		if !e.Dead() || e.Seq != g.seq {
			continue // announced again meanwhile
		}
		s := f.table.sources[e.Number()]
		f.store.Remove(g.at)
		s.entries--
		f.table.release(s)
	}
	if f.dead = f.dead[n:]; len(f.dead) == 0 {
		f.dead = nil
	}
	f.store.Shrink()
}

// eachBut touches what a source announces in ranges, but not in those that stay, as removed. It goes over what stays, which
// may be much, and remembers nothing of it.
func (c *changes[A]) eachBut(s *source, ranges, stay Prefixes, concerned []*view[A]) {
	f := c.f
	var gone []store.Key[A]
	for r := range f.spans(s.Announcement, ranges) {
		f.ops.Expand(r, func(k store.Key[A]) bool {
			if i := f.store.Lookup(k, s.number); i != store.NoSlot && !f.store.At(i).Dead() {
				gone = append(gone, k)
			}
			return true
		})
	}
	if len(gone) == 0 {
		return
	}
	slices.SortFunc(gone, f.ops.Compare)
	gone = slices.Compact(gone)
	stays := make([]bool, len(gone))
	for r := range f.spans(s.Announcement, stay) {
		// The prefixes within r follow each other, among others that are shorter or longer than those of r.
		i, _ := slices.BinarySearchFunc(gone, r.Key(), f.ops.Compare)
		for ; i < len(gone) && f.ops.Mask(gone[i].Address, r.Bits) == r.Address; i++ {
			stays[i] = stays[i] || gone[i].Bits == r.Length
		}
	}
	for i, k := range gone {
		if !stays[i] {
			c.touch(f.store.Lookup(k, s.number), removed, concerned)
		}
	}
}
