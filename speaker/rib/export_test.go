// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"fmt"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Limits are those of a table.
type Limits = limits

// SetLimits replaces them, before the table is used.
func (t *Table) SetLimits(l Limits) {
	t.limits = l
	t.four.ring.limit, t.six.ring.limit = l.Ring, l.Ring
}

// ModelRoute is the model: what a session makes of an announcement, without profiles.
func ModelRoute(p Params, defaults *Attributes, a *Announcement, f wire.Family) (room int, nh []netip.Addr, w *wire.Attributes, sendable bool) {
	p = p.normal()
	at := a.Attributes.inherit(defaults)
	nh, ok := p.nextHop(f, &at)
	if ok && nh == nil {
		nh = p.nextHopSelf(f)
	}
	if !ok || nh == nil {
		return 0, nil, nil, false
	}
	w = p.encode(&at)
	room = wire.ReachRoom(f, wire.NewAttributeBlock(w, wire.EncodeOptions{AS4: p.AS4}), nh, p.MaxLen)
	return room, nh, w, true
}

type Stats struct{ Entries, Dead, Graves, Keys, Conflicts, Views, Profiles, Sets, Sources, Marks, Ring int }

func stats[K comparable](f *family[K], s *Stats) {
	for i := slot(0); i < f.store.used; i++ {
		e := f.store.at(i)
		free := e.dead() && e.next == noSlot && e.seq == 0
		if free {
			continue
		}
		s.Entries++
		if e.dead() {
			s.Dead++
		}
	}
	s.Graves += len(f.dead)
	s.Keys += f.store.keys
	s.Conflicts += len(f.conflicts)
	s.Views += len(f.views)
	s.Profiles += len(f.profiles)
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

func check[K comparable](f *family[K]) error {
	st := f.store
	keys := map[K]int{}
	live := map[uint32]int{}
	for i := slot(0); i < st.used; i++ {
		e := st.at(i)
		if e.dead() && e.next == noSlot && e.seq == 0 {
			continue
		}
		if st.lookup(e.key, e.number()) != i {
			return fmt.Errorf("entry %d of %v is not found", i, f.ops.prefix(e.key))
		}
		if f.table.sources[e.number()] == nil {
			return fmt.Errorf("entry %d of source %d that is gone", i, e.number())
		}
		if !e.dead() {
			live[e.number()]++
			keys[e.key]++
		} else {
			keys[e.key] += 0
		}
	}
	if len(keys) != st.keys {
		return fmt.Errorf("%d keys, want %d", st.keys, len(keys))
	}
	for k, n := range keys {
		if _, ok := f.conflicts[k]; ok != (n > 1) {
			return fmt.Errorf("conflict %v: %v, %d live", f.ops.prefix(k), ok, n)
		}
	}
	for k := range f.conflicts {
		if keys[k] < 2 {
			return fmt.Errorf("stale conflict %v", k)
		}
	}
	for n, s := range f.table.sources {
		if s != nil && s.live[f.index] != live[uint32(n)] {
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
		if views != p.views {
			return fmt.Errorf("profile has %d views, says %d", views, p.views)
		}
		offers := map[*attributeSet]int{}
		for _, o := range p.offers {
			if o != nil && o.set != nil {
				offers[o.set]++
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

// First is the first prefix.
func (p Prefixes) First() netip.Prefix {
	for r := range p.All() {
		return r.first()
	}
	return netip.Prefix{}
}
