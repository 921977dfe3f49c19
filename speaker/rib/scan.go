// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"math"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/encode"
	"github.com/herald-bgp/herald/speaker/rib/internal/store"
)

// scan tells a session from the table what changed since it was last told. Changes that come while a scan goes on are left to the
// next one.
type scan[A comparable] struct {
	cursor *cursor[A]
	began  uint64
	since  uint64 // the change after which entries are looked at
	over   bool
	// withdrawals: the scan sends only withdrawals and the announcements that cover them. A walk follows with the rest.
	withdrawals bool
	// left: prefixes that changed again were left to the next scan. owed is the first change of a tombstone among them, 0 for none.
	left bool
	owed uint64
	// told are the entries whose routes the scan sent with its withdrawals. The walk need not send them.
	told members

	resume  store.Slot // the first entry that was not looked at
	plan    plan
	planned uint64 // the change as of which the plan is
	room    int    // the least there was since the scan began: see room of the family
	warning bool   // a withdrawal went out, or what covers one, and no other announcement since then

	phase phase
	// whole: one collection has all that changed.
	whole bool
	// related are the entries of withdrawals that something covers, and of what covers them.
	related members
	// sifted is the change up to which an announcement goes before a withdrawal that it covers.
	sifted uint64
}

// phase says what a pass over the entries collects. Where too much changed for one collection, there is a pass for each phase of a
// plan, in their order.
type phase uint8

const (
	everyPhase phase = iota
	withdrawalsPhase
	coversPhase
	coveredPhase
	groupsPhase
	noPhase
)

func newScan[A comparable](c *cursor[A], since uint64, withdrawals bool) *scan[A] {
	return &scan[A]{cursor: c, began: c.family.table.seq, since: since, withdrawals: withdrawals, room: math.MaxInt}
}

// anything stands for whatever a session may hold.
var anything = &encode.Set{}

// fill appends messages until b is full or the scan is over.
func (s *scan[A]) fill(b *batch) {
	f, v := s.cursor.family, s.cursor.view
	for !b.full() {
		if s.renew(); !s.plan.empty() {
			s.warning = s.plan.urgent()
			b.add(f.appendMessage(b.bytes, v.profile, &s.plan, s.cursor.self, nil))
			if s.over = s.plan.empty() && s.phase == noPhase; s.over {
				return // now, before b is looked at: by the next time something else may have changed
			}
			continue
		}
		marks := s.collect()
		if len(marks) == 0 {
			s.over = true
			return
		}
		s.make(marks)
	}
}

// make plans marks.
func (s *scan[A]) make(marks []mark) {
	f := s.cursor.family
	s.room = min(s.room, f.room(s.cursor.view))
	s.plan, s.planned = f.planWithin(s.cursor.view, marks, true, s.room), f.table.seq
	if !s.withdrawals {
		return
	}
	if s.whole {
		s.note(s.plan.groups, false)
		s.plan.groups = nil
	}
	s.note(s.plan.covers, true)
	for _, step := range s.plan.later {
		s.note(step.covers, true)
	}
	s.note(s.plan.groups, true)
}

// note notes in told whether the scan sent the routes of some groups.
func (s *scan[A]) note(groups []group, told bool) {
	f, v := s.cursor.family, s.cursor.view
	for _, g := range groups {
		for _, m := range g.marks {
			k := f.store.At(m.at).Key()
			_, sent := f.winner(v.profile, v.members, f.store.Head(k), f.pathOf(v.profile, m.at))
			if i := f.store.Lookup(k, sent.number); told {
				s.told.add(uint32(i))
			} else {
				s.told.remove(uint32(i))
			}
		}
	}
}

// renew lets new withdrawals go ahead of what a rate limit holds up. Where all that is new can be in the plan, so can what covers
// them. Else those that something new covers wait for the next scan, which tells all of it again. So it is until the session was told
// what there was at first, and until then new withdrawals take turns with announcements: a scan that takes in each change would have no
// end under constant change.
func (s *scan[A]) renew() {
	f, c := s.cursor.family, s.cursor
	if c.view.paced == nil || s.plan.empty() || s.planned == f.table.seq || s.warning && !c.complete {
		return
	}
	recent, all := f.recent(s.planned)
	news, rest := c.changed(recent, s.planned), s.plan.rest()
	if c.complete && all && s.whole && s.began == s.planned && len(news)+len(rest) <= 2*f.table.limits.Scan {
		s.began = f.table.seq
	} else {
		news = f.plan(c.view, news, true).withdrawals
	}
	s.make(append(rest, news...))
}

// collect returns marks for the next prefixes that changed, nothing when there are no more.
func (s *scan[A]) collect() []mark {
	f := s.cursor.family
	if s.phase == everyPhase {
		s.began = f.table.seq // all that changed until now is looked at
		recent, ok := f.recent(s.since)
		marks := s.cursor.changed(recent, s.since)
		if !ok {
			marks = s.pass()
		}
		if s.whole = ok || len(marks) < f.table.limits.Scan; s.whole {
			s.phase = noPhase
			return marks
		}
		s.sift()
	}
	for ; s.phase < groupsPhase || s.phase == groupsPhase && !s.withdrawals; s.phase, s.resume = s.phase+1, 0 {
		if s.phase == coveredPhase && s.sifted < f.table.seq {
			if marks := s.late(); len(marks) > 0 {
				return marks
			}
		}
		if marks := s.pass(); len(marks) > 0 {
			return marks
		}
	}
	return nil
}

// pass returns marks for the next prefixes of the phase.
func (s *scan[A]) pass() []mark {
	var marks []mark
	s.resume = s.each(s.resume, s.phase, func(_ store.Slot, m mark) bool {
		marks = append(marks, m)
		return len(marks) < s.cursor.family.table.limits.Scan
	})
	return marks
}

// each yields the entries of a phase from a slot on with their marks, and returns the slot after the last.
func (s *scan[A]) each(from store.Slot, p phase, yield func(store.Slot, mark) bool) store.Slot {
	return s.cursor.family.store.Each(from, func(i store.Slot, e *store.Entry[A]) bool {
		if e.Seq <= s.since || s.later(i, e) {
			return true
		}
		m := s.cursor.mark(i)
		return p != everyPhase && p != s.phaseOf(i, m) || yield(i, m)
	})
}

// later reports whether what is sent for the path of an entry changed after the scan began: that is for the next one.
func (s *scan[A]) later(i store.Slot, e *store.Entry[A]) bool {
	if !e.Shared() {
		s.left = s.left || e.Seq > s.began
		return e.Seq > s.began
	}
	f, p := s.cursor.family, s.cursor.view.profile
	path := f.pathOf(p, i)
	for i = f.store.Head(e.Key()); i != store.NoSlot; i = f.store.Next(i) {
		if f.store.At(i).Seq > s.began && f.pathOf(p, i) == path {
			s.left = true
			s.owe(f.store.Head(e.Key()))
			return true
		}
	}
	return false
}

// owe keeps the tombstones of a prefix for the next scan: without them it would not know that the session may hold a route.
func (s *scan[A]) owe(head store.Slot) {
	for i := head; i != store.NoSlot; i = s.cursor.family.store.Next(i) {
		if e := s.cursor.family.store.At(i); e.Dead() && (s.owed == 0 || e.Seq < s.owed) {
			s.owed = e.Seq
		}
	}
}

// phaseOf is the phase that an entry which changed belongs to.
func (s *scan[A]) phaseOf(i store.Slot, m mark) phase {
	set, _ := s.cursor.family.choose(s.cursor.view, i)
	switch related := s.related.has(uint32(i)); {
	case set == nil && m.held == nil:
		return noPhase
	case set != nil && related:
		return coversPhase
	case set != nil:
		return groupsPhase
	case related:
		return coveredPhase
	}
	return withdrawalsPhase
}

// sift begins to collect by parts: it finds what covers what in all that changed.
func (s *scan[A]) sift() {
	f := s.cursor.family
	s.phase, s.resume, s.sifted = withdrawalsPhase, 0, f.table.seq
	gone := s.losses(withdrawalsPhase)
	if len(gone.list) == 0 {
		s.phase = groupsPhase
		return
	}
	var related members
	s.each(0, groupsPhase, func(i store.Slot, _ mark) bool {
		if gone.cover(f.store.At(i).Key()) != nowhere {
			related.add(uint32(i))
		}
		return true
	})
	s.room = min(s.room, f.room(s.cursor.view))
	s.room -= gone.limit(s.room)
	for _, one := range gone.list {
		if one.covered {
			related.add(uint32(one.at))
		}
	}
	s.related = related
}

// losses are the withdrawals of a phase.
func (s *scan[A]) losses(p phase) losses[A] {
	f := s.cursor.family
	l := losses[A]{ops: f.ops}
	s.each(0, p, func(i store.Slot, _ mark) bool {
		l.list = append(l.list, loss[A]{key: f.store.At(i).Key(), at: i})
		return true
	})
	slices.SortFunc(l.list, func(a, b loss[A]) int { return f.ops.Compare(a.key, b.key) })
	l.nest()
	return l
}

// late returns marks for announcements that changed after sift ran and cover a withdrawal of coveredPhase: what covered it then may
// be gone. Where there is no room for them, no withdrawal waits for them.
func (s *scan[A]) late() (marks []mark) {
	f, c := s.cursor.family, s.cursor
	gone := s.losses(coveredPhase)
	f.store.Each(0, func(i store.Slot, e *store.Entry[A]) bool {
		if e.Seq > s.sifted {
			if set, _ := f.choose(c.view, i); set != nil && gone.cover(e.Key()) != nowhere {
				marks = append(marks, c.mark(i))
			}
		}
		return true
	})
	s.sifted = f.table.seq
	if len(marks) > s.room {
		return nil
	}
	s.room -= len(marks)
	return marks
}

// changed returns marks for those of the entries that changed since.
func (c *cursor[A]) changed(entries []store.Slot, since uint64) []mark {
	var marks []mark
	for _, i := range entries {
		if c.family.store.Seq(i) > since {
			marks = append(marks, c.mark(i))
		}
	}
	return marks
}

// mark says of an entry that changed whether the session may hold a route for it.
func (c *cursor[A]) mark(i store.Slot) mark {
	f, v := c.family, c.view
	e := f.store.At(i)
	m := mark{at: i}
	path := f.pathOf(v.profile, i)
	for j := f.store.Head(e.Key()); j != store.NoSlot; j = f.store.Next(j) {
		if c.mayHold.has(f.store.At(j).Number()) && f.pathOf(v.profile, j) == path {
			m.held = anything
		}
	}
	return m
}
