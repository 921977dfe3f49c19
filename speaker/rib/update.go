// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// update is one call of Table.Update under way. It first compares the lists of announcements.
type update struct {
	table *Table
	// number is the number of that comparison.
	number uint64
	// added and changed are sources with their new announcements, removed are the sources that are not wanted any more.
	added, changed []revision
	removed        []*source
	targets        map[*Out]*exported // what each session is to be sent
	// renewed: an export that there was has other defaults or another guard.
	renewed bool
}

// revision is a source with what becomes of its announcement.
type revision struct {
	*source
	next *Announcement
	// attributes: they differ, and not only the prefixes, or a guard judges them otherwise. precedence: it differs.
	attributes, precedence bool
	// before and after count its prefixes, by family.
	before, after [families]int
	// gone and come are the ranges in only one of both.
	gone, come Prefixes
}

// Update replaces the whole desired state, routes of our own alone (RFC 4271 §9.4): all announcements, and the exports of each
// peer, whose announcements are among them; others are not sent. A peer that is absent is sent nothing. What the lists share with those
// of the update before costs nothing. Update returns at once: sessions are poked, and do the work when they can write. Nothing that is
// given may be modified afterwards. An error refuses the update, and nothing changes: there are more than [MaxAnnouncements], which
// is [ErrTooManyAnnouncements], or two of one SAFI with one ID and path identifier.
func (t *Table) Update(announcements *List, exports map[string]Export) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if announcements.Len() > t.limits.Sources/2 {
		return ErrTooManyAnnouncements
	}
	t.ensureNumbers(announcements)
	t.comparisons++
	u := &update{table: t, number: t.comparisons, targets: make(map[*Out]*exported, len(t.outs))}
	if err := u.compare(announcements); err != nil {
		return err
	}
	t.updates++
	now := time.Now()
	for o := range t.outs {
		if !o.inFlight && !o.due() {
			o.moved = now // it did not wait until now
		}
	}
	t.announcements = announcements
	t.export(u, exports)
	u.target()
	prepared := make([]preparation, len(t.families))
	for i, f := range t.families {
		prepared[i] = f.prepare(u)
	}
	u.apply()
	for _, p := range prepared {
		p.apply(u)
	}
	for _, s := range u.removed {
		t.release(s)
	}
	t.reclaim()
	t.condemn(now)
	for o := range t.outs {
		poke(o.ready)
	}
	return nil
}

// ensureNumbers makes sure that there are numbers for new sources. Where sources that went still have too many of them, it condemns
// the sessions that were not told so: the table does not wait for these any more.
func (t *Table) ensureNumbers(announcements *List) {
	free := t.limits.Sources - len(t.byID)
	if free >= announcements.Len() {
		return
	}
	for a := range announcements.All() {
		if t.byID[idOf(a)] == nil {
			free--
		}
	}
	if free >= 0 {
		return
	}
	for o := range t.outs {
		for _, c := range o.cursors {
			if c.told() < t.seq {
				o.detach()
				poke(o.condemned)
				break
			}
		}
	}
	t.reclaim()
}

// condemn finds the session for which too many tombstones are kept, if it has not moved for long.
func (t *Table) condemn(now time.Time) {
	entries, graves := t.size()
	if graves <= max(t.limits.Graves, 2*(entries-graves)) {
		return
	}
	var slowest *Out
	least := t.seq
	for o := range t.outs {
		for _, c := range o.cursors {
			if told := c.told(); told < least && now.Sub(o.moved) >= t.limits.Patience {
				slowest, least = o, told
			}
		}
	}
	if slowest != nil {
		poke(slowest.condemned)
	}
}

// arrival is an announcement that the former list does not hold, with its source.
type arrival struct {
	source *source
	next   *Announcement
}

// compare finds what is different about the announcements.
func (u *update) compare(next *List) error {
	t := u.table
	var gone []*source
	var come []arrival
	diff(t.announcements, next, func(a *Announcement) {
		s := t.byID[idOf(a)]
		s.turned = u.number
		gone = append(gone, s)
	}, func(a *Announcement) {
		come = append(come, arrival{next: a})
	}, func(_, a *Announcement) {
		come = append(come, arrival{t.byID[idOf(a)], a})
	})
	for i, c := range come {
		a := c.next
		t.need(a) // also of a known source: it may have no prefix of a family until now
		if c.source != nil {
			continue // it stays, in its place
		}
		s := t.numbered(a)
		come[i].source = s
		if s.wanted != (s.turned == u.number) { // another one came already, or stays
			u.abandon(come[:i])
			return fmt.Errorf("announcement %q, path identifier %d: %w", a.ID, a.PathID, errSameID)
		}
		if s.wanted {
			s.turned = 0
		} else {
			s.turned = u.number
		}
	}
	for _, c := range come {
		if s, a := c.source, c.next; s.wanted {
			u.revise(s, a)
		} else {
			s.count = a.Prefixes.count()
			u.added = append(u.added, revision{source: s, next: a, attributes: true})
			t.name(s.number, &a.Attributes)
			t.owners.add(a.Owner, s.number)
		}
	}
	for _, s := range gone {
		if !u.wants(s) {
			u.removed = append(u.removed, s)
			t.unname(s)
			t.owners.remove(s.Owner, s.number)
		}
	}
	return nil
}

// errSameID refuses an update.
var errSameID = errors.New("another announcement has the same")

// abandon gives back the numbers of sources that would have come.
func (u *update) abandon(come []arrival) {
	for _, c := range come {
		u.table.release(c.source)
	}
}

// revise notes what is different about a source that stays.
func (u *update) revise(s *source, a *Announcement) {
	if s.Announcement.Equal(a) {
		return
	}
	c := revision{
		source: s, next: a, before: s.count, after: s.count,
		attributes: !s.Attributes.Equal(&a.Attributes), precedence: s.Compare(a) != 0,
	}
	if !s.Prefixes.Equal(a.Prefixes) {
		c.after = a.Prefixes.count()
		s.count = c.after
		c.gone, c.come = s.Prefixes.without(a.Prefixes), a.Prefixes.without(s.Prefixes)
	}
	c.attributes = c.attributes || slices.ContainsFunc(u.table.families, func(f familyTable) bool { return f.judgedOtherwise(s, a) })
	u.changed = append(u.changed, c)
	if s.Owner != a.Owner {
		u.table.owners.remove(s.Owner, s.number)
		u.table.owners.add(a.Owner, s.number)
	}
	if c.attributes {
		u.table.unname(s)
		u.table.name(s.number, &a.Attributes)
	}
}

// target finds what each session is to be sent.
func (u *update) target() {
	t := u.table
	for o := range t.outs {
		e := t.exportOf(o)
		o.readdress(e)
		u.targets[o] = e
	}
}

// apply makes the sources what they are to be. What was prepared has noted what sessions hold.
func (u *update) apply() {
	t := u.table
	for _, list := range [][]revision{u.added, u.changed} {
		for _, c := range list {
			c.source.Announcement = c.next
			c.source.wanted = true
			if c.attributes {
				t.forget(c.source)
			}
		}
	}
	for _, s := range u.removed {
		s.wanted = false
	}
	for o, target := range u.targets {
		o.export = target
	}
}

// wants reports whether a source is announced after the update, until that is applied.
func (u *update) wants(s *source) bool { return s.wanted != (s.turned == u.number) }

// keeps reports whether a source is announced before and after.
func (u *update) keeps(s *source) bool { return s.wanted && u.wants(s) }
