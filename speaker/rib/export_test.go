// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Limits are those of a table.
type Limits = limits

// SetLimits replaces them, before the table is used. Without Sources and Step they are the default.
func (t *Table) SetLimits(l Limits) {
	l.Sources, l.Step = cmp.Or(l.Sources, defaultLimits.Sources), cmp.Or(l.Step, defaultLimits.Step)
	t.limits = l
	t.four.ring.limit, t.six.ring.limit = l.Ring, l.Ring
}

// ModelRoute is the model: what a session makes of an announcement, without profiles.
func ModelRoute(p Params, defaults *Attributes, a *Announcement, f wire.Family) (room int, nh []netip.Addr, w *wire.Attributes, sendable bool) {
	p = p.normal()
	var at Attributes
	inherit(&at, &a.Attributes, defaults)
	nh, ok := p.nextHop(f, &at)
	if ok && nh == nil {
		nh = p.nextHopSelf(f)
	}
	if !ok || nh == nil {
		return 0, nil, nil, false
	}
	w = &wire.Attributes{}
	p.encode(w, &at)
	room = wire.ReachRoom(f, wire.NewAttributeBlock(w, wire.EncodeOptions{AS4: p.AS4}), nh, p.MaxLen)
	return room, nh, w, true
}

type Stats struct{ Entries, Dead, Graves, Keys, Conflicts, Views, Profiles, Sets, Sources, Marks, Ring int }

func stats[A address](f *family[A], s *Stats) {
	f.store.each(0, func(_ slot, e *entry[A]) bool {
		if e.seq > 0 {
			s.Entries++
			if e.dead() {
				s.Dead++
			}
		}
		return true
	})
	s.Graves += len(f.dead)
	s.Keys += f.store.keys
	for range f.conflicts {
		s.Conflicts++
	}
	s.Views += len(f.views)
	for _, p := range f.profiles {
		if p.views > 0 {
			s.Profiles++
		}
	}
	s.Ring += len(f.ring.slots)
	for _, p := range f.profiles {
		s.Sets += len(p.sets)
	}
	for _, v := range f.views {
		s.Marks += len(v.marks)
	}
}

func (t *Table) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s Stats
	stats(t.four, &s)
	stats(t.six, &s)
	for _, x := range t.sources {
		if x != nil {
			s.Sources++
		}
	}
	return s
}

// Check verifies the invariants of the table.
func (t *Table) Check() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := check(t.four); err != nil {
		return err
	}
	return check(t.six)
}

func check[A address](f *family[A]) error {
	st := f.store
	keys := map[key[A]]int{}
	live := map[uint32]int{}
	var err error
	st.each(0, func(i slot, e *entry[A]) bool {
		switch {
		case e.seq == 0: // free
			return true
		case st.lookup(e.key(), e.number()) != i:
			err = fmt.Errorf("entry %d of %v is not found", i, f.ops.prefix(e.key()))
		case f.table.sources[e.number()] == nil:
			err = fmt.Errorf("entry %d of source %d that is gone", i, e.number())
		case e.shared() != (st.next(st.head(e.key())) != noSlot):
			err = fmt.Errorf("entry %d of %v: shared %v", i, f.ops.prefix(e.key()), e.shared())
		}
		keys[e.key()] += 0
		if !e.dead() {
			live[e.number()]++
			keys[e.key()]++
		}
		return err == nil
	})
	if err = errors.Join(err, checkChunks(st)); err != nil {
		return err
	}
	if len(keys) != st.keys {
		return fmt.Errorf("%d keys, want %d", st.keys, len(keys))
	}
	conflicts := map[key[A]]struct{}{}
	for head := range f.conflicts {
		conflicts[st.at(head).key()] = struct{}{}
	}
	for k, n := range keys {
		if _, ok := conflicts[k]; ok != (n > 1) {
			return fmt.Errorf("conflict %v: %v, %d live", f.ops.prefix(k), ok, n)
		}
	}
	for n, s := range f.table.sources {
		if s != nil && f.live(s) != live[uint32(n)] {
			return fmt.Errorf("source %s: live %d, want %d", s.ID, s.live[f.index], live[uint32(n)])
		}
	}
	for _, p := range f.profiles {
		views := 0
		for _, v := range f.views {
			if v.profile == p {
				views++
			}
		}
		if views == 0 && p != f.idle {
			return errors.New("a profile is left that was not the last in use")
		}
		if views != p.views {
			return fmt.Errorf("profile has %d views, says %d", views, p.views)
		}
		offers := map[*attributeSet]int{}
		for _, set := range p.offers {
			if set != nil && set.reason == "" {
				offers[set]++
			}
		}
		if len(offers) != len(p.sets) {
			return fmt.Errorf("%d sets, want %d", len(p.sets), len(offers))
		}
		for s, n := range offers {
			if s.offers != n || p.sets[s.key] != s {
				return fmt.Errorf("set has %d offers, says %d", n, s.offers)
			}
		}
	}
	for _, v := range f.views {
		if len(v.cursors) == 0 {
			return fmt.Errorf("view without cursor")
		}
	}
	return nil
}

// checkChunks verifies what chunks say of their entries.
func checkChunks[A address](st *store[A]) error {
	total := 0
	for n, c := range st.chunks {
		var used, nexts, free int32
		for place := range slot(c.fresh) {
			i := slot(n)<<chunkBits | place
			if c.entries[place].seq > 0 {
				used++
			}
			if st.next(i) != noSlot {
				nexts++
			}
		}
		for i := c.free; i > 0; i = int32(c.entries[i-1].number()) {
			free++
		}
		total += int(used)
		open := slices.Contains(st.open, slot(n))
		if used != c.used || nexts != c.nexts || free != c.fresh-used || open != (used < chunkLen) ||
			(c.entries == nil) != (used == 0) || (c.next == nil) != (nexts == 0) {
			return fmt.Errorf("chunk %d has %d entries, %d nexts, %d free, open %v; says %+v", n, used, nexts, free, open, c)
		}
	}
	if total != st.used {
		return fmt.Errorf("%d entries, says %d", total, st.used)
	}
	return nil
}

// First is the first prefix.
func (p Prefixes) First() netip.Prefix {
	for r := range p.All() {
		return r.first()
	}
	return netip.Prefix{}
}

// Without is the difference of two lists.
func (p Prefixes) Without(o Prefixes) Prefixes { return p.without(o) }
