// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/internal/store"
)

// NewListOf returns a list whose chunks hold so many announcements at most.
func NewListOf(limit int, announcements ...*Announcement) *List {
	return newList(limit, announcements)
}

// Limits are those of a table.
type Limits = limits

// SetLimits replaces them, before the table is used. Without Sources and Step they are the default.
func (t *Table) SetLimits(l Limits) {
	l.Sources, l.Step = cmp.Or(l.Sources, defaultLimits.Sources), cmp.Or(l.Step, defaultLimits.Step)
	t.limits = l
	for _, f := range t.families {
		f.(checked).limitRing(l.Ring)
	}
}

type Stats struct{ Entries, Dead, Graves, Keys, Conflicts, Views, Profiles, Sets, Sources, Marks, Ring int }

func (f *family[A]) stats(s *Stats) {
	f.store.Each(0, func(_ store.Slot, e *store.Entry[A]) bool {
		if e.Seq > 0 {
			s.Entries++
			if e.Dead() {
				s.Dead++
			}
		}
		return true
	})
	s.Graves += len(f.dead)
	s.Keys += f.store.Keys()
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
		s.Sets += p.encoder.Sets()
	}
	for _, v := range f.views {
		s.Marks += len(v.marks)
	}
}

func (t *Table) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s Stats
	for _, f := range t.families {
		f.(checked).stats(&s)
	}
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
	if err := t.checkExports(); err != nil {
		return err
	}
	owners := index[string]{}
	for _, s := range t.sources {
		if s != nil && s.wanted {
			owners.add(s.Owner, s.number)
		}
	}
	if !reflect.DeepEqual(t.owners, owners) {
		return fmt.Errorf("sources by owner %v, want %v", t.owners, owners)
	}
	for _, f := range t.families {
		if err := f.(checked).check(); err != nil {
			return err
		}
	}
	return nil
}

// checkExports compares what is kept of exports with what their lists say.
func (t *Table) checkExports() error {
	for a := range t.announcements.All() {
		if s := t.byID[idOf(a)]; s == nil || !s.wanted || !s.Announcement.Equal(a) {
			return fmt.Errorf("announcement %s is not the one of its source", a.ID)
		}
	}
	for peer, x := range t.exports {
		var members members
		var prefixes tally
		missing := 0
		for a := range x.Announcements.All() {
			s := t.byID[idOf(a)]
			if s == nil || !s.wanted || members.has(s.number) || x.refused.has(s.number) {
				missing++
				continue
			}
			members.add(s.number)
			prefixes.replace(s, [families]int{}, a.Prefixes.count())
		}
		if x.refused == nil && (!x.members.equal(members) || !reflect.DeepEqual(x.prefixes, prefixes) || x.missing != missing) {
			return fmt.Errorf("export of %s has members %x with %v prefixes and misses %d, want %x, %v and %d",
				peer, x.members, x.prefixes, x.missing, members, prefixes, missing)
		}
	}
	return nil
}

// checked is a table of a family that tests look into.
type checked interface {
	limitRing(uint64)
	stats(*Stats)
	check() error
}

func (f *family[A]) limitRing(limit uint64) { f.ring.limit = limit }

func (f *family[A]) check() error {
	st := f.store
	keys := map[store.Key[A]]int{}
	live := map[uint32]int{}
	var err error
	st.Each(0, func(i store.Slot, e *store.Entry[A]) bool {
		switch {
		case e.Seq == 0: // free
			return true
		case st.Lookup(e.Key(), e.Number()) != i:
			err = fmt.Errorf("entry %d of %v is not found", i, f.ops.NLRI(e.Key()))
		case f.table.sources[e.Number()] == nil:
			err = fmt.Errorf("entry %d of source %d that is gone", i, e.Number())
		case e.Shared() != (st.Next(st.Head(e.Key())) != store.NoSlot):
			err = fmt.Errorf("entry %d of %v: shared %v", i, f.ops.NLRI(e.Key()), e.Shared())
		}
		keys[e.Key()] += 0
		if !e.Dead() {
			live[e.Number()]++
			keys[e.Key()]++
		}
		return err == nil
	})
	if err = errors.Join(err, st.Check()); err != nil {
		return err
	}
	if len(keys) != st.Keys() {
		return fmt.Errorf("%d keys, want %d", st.Keys(), len(keys))
	}
	conflicts := map[store.Key[A]]struct{}{}
	for head := range f.conflicts {
		conflicts[st.At(head).Key()] = struct{}{}
	}
	for k, n := range keys {
		if _, ok := conflicts[k]; ok != (n > 1) {
			return fmt.Errorf("conflict %v: %v, %d live", f.ops.NLRI(k), ok, n)
		}
	}
	for n, s := range f.table.sources {
		if s != nil && f.live(s) != live[uint32(n)] {
			return fmt.Errorf("source %s: live %d, want %d", s.ID, s.live[f.index], live[uint32(n)])
		}
	}
	for i, p := range f.profiles {
		if slices.ContainsFunc(f.profiles[:i], func(o *profile) bool {
			return o.form == p.form && o.paced == p.paced && o.defaults.Equal(&p.defaults) && o.guard.Equal(p.guard)
		}) {
			return errors.New("two profiles are the same")
		}
		views := 0
		for _, v := range f.views {
			if v.profile == p {
				views++
			}
		}
		if p.next != nil {
			return errors.New("a profile has a guard to come after the update")
		}
		if views == 0 && p != f.idle {
			return errors.New("a profile is left that was not the last in use")
		}
		if views != p.views {
			return fmt.Errorf("profile has %d views, says %d", views, p.views)
		}
		if err := p.encoder.Check(p.offers); err != nil {
			return err
		}
	}
	for _, v := range f.views {
		if len(v.cursors) == 0 {
			return fmt.Errorf("view without cursor")
		}
		if err := checkSummary(f, v); err != nil {
			return err
		}
	}
	return nil
}

// checkSummary compares a summary with one that is made in a pass over all.
func checkSummary[A comparable](f *family[A], v *view[A]) error {
	if v.summed == nil {
		return nil
	}
	got := v.summed
	type key struct {
		cursor *cursor[A]
		number uint32
	}
	list := func() map[key][]Withheld {
		all := map[key][]Withheld{}
		for number := range v.summed.withheld {
			for c := range v.cursors {
				all[key{c, number}] = f.withheldOf(v, number, c.self)
			}
		}
		return all
	}
	gotList := list()
	v.summed = f.sum(v)
	want, wantList := v.summed, list()
	v.summed = got
	if got.routes != want.routes || len(got.sources)+len(got.chains) > 0 || !maps.EqualFunc(gotList, wantList, slices.Equal) {
		return fmt.Errorf("summary of %d routes, withheld %+v, want %d and %+v", got.routes, gotList, want.routes, wantList)
	}
	return nil
}

// First is the first prefix.
func (p Prefixes) First() netip.Prefix {
	for r := range p.All() {
		return netip.PrefixFrom(r.Prefix.Addr(), max(r.Length, r.Prefix.Bits()))
	}
	return netip.Prefix{}
}

// Without is the difference of two lists.
func (p Prefixes) Without(o Prefixes) Prefixes { return p.without(o) }
