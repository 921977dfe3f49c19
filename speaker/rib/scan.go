// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

// scan tells a session from the table what changed since it was last told. Changes that come while it goes on are the next
// scan's.
type scan[A address] struct {
	cursor *cursor[A]
	began  uint64
	since  uint64 // the change after which entries are looked at
	over   bool
	// withdrawals: only what is to be withdrawn. A walk follows with the rest.
	withdrawals bool

	resume  slot // the first entry that was not looked at
	plan    plan
	planned uint64 // the change as of which the plan is
}

// anything stands for whatever a session may hold.
var anything = &attributeSet{}

// fill appends messages until b is full or the scan is over.
func (s *scan[A]) fill(b *batch) {
	f, v := s.cursor.family, s.cursor.view
	for !b.full() {
		if s.renew(); !s.plan.empty() {
			b.add(f.appendMessage(b.bytes, v.profile, &s.plan, s.cursor.self, nil))
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
	s.plan, s.planned = f.plan(s.cursor.view, marks, true), f.table.seq
	if s.withdrawals {
		s.plan.groups = nil
	}
}

// renew lets new withdrawals go ahead of what a rate limit holds up. They are told again by the next scan.
func (s *scan[A]) renew() {
	f, c := s.cursor.family, s.cursor
	if c.view.key.paced == nil || s.plan.empty() || s.planned == f.table.seq {
		return
	}
	recent, _ := f.recent(s.planned)
	news := f.plan(c.view, c.changed(recent, s.planned), true)
	s.make(append(news.withdrawals, s.plan.rest()...))
}

// collect returns marks for the next prefixes that changed, nothing when there are no more.
func (s *scan[A]) collect() []mark {
	f := s.cursor.family
	if s.resume == 0 {
		if recent, ok := f.recent(s.since); ok {
			s.resume = f.store.end()
			return s.cursor.changed(recent, s.since)
		}
	}
	var marks []mark
	s.resume = f.store.each(s.resume, func(i slot, e *entry[A]) bool {
		if e.seq > s.since {
			marks = append(marks, s.cursor.mark(i))
		}
		return len(marks) < f.table.limits.Scan
	})
	return marks
}

// changed returns marks for those of the entries that changed since.
func (c *cursor[A]) changed(entries []slot, since uint64) []mark {
	var marks []mark
	for _, i := range entries {
		if c.family.store.seq(i) > since {
			marks = append(marks, c.mark(i))
		}
	}
	return marks
}

// mark says of an entry that changed whether the session may hold a route for it.
func (c *cursor[A]) mark(i slot) mark {
	f, v := c.family, c.view
	e := f.store.at(i)
	m := mark{at: i}
	path := f.pathOf(v.profile, i)
	for j := f.store.head(e.key()); j != noSlot; j = f.store.next(j) {
		if c.mayHold.has(f.store.at(j).number()) && f.pathOf(v.profile, j) == path {
			m.held = anything
		}
	}
	return m
}
