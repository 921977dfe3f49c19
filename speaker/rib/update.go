// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import "time"

// update is one replacement of the desired state under way. What is different is found first, by comparing pointers from
// both ends: most of it is what it was.
type update struct {
	table *Table
	// added and changed are sources with their new announcements, removed those that are wanted no more.
	added, changed []sourceChange
	removed        []*source
	// reordered: precedence among sources that stay is another now.
	reordered bool
	order     []*source // as the table's will be
	targets   map[*Out]*target
}

// sourceChange is a source with what becomes of its announcement.
type sourceChange struct {
	*source
	next *Announcement
	// attributes: they differ, and not only the prefixes.
	attributes bool
	// gone and come are the ranges in only one of both.
	gone, come Prefixes
}

// target is what an export means for a session.
type target struct {
	export *exported
	// members by family: without those whose next hop would be the peer itself.
	members [families]members
}

// Update replaces the whole desired state, routes of our own alone (RFC 4271 §9.4): all announcements in order of precedence,
// the first goes first, and the exports of each peer, whose announcements are among them; others are not sent. A peer that is
// absent is sent nothing. Update returns at once: sessions are poked, and do the work when they can write. Nothing that is
// given may be modified afterwards. More than [MaxAnnouncements] are [ErrTooManyAnnouncements], and nothing changes.
func (t *Table) Update(announcements []*Announcement, exports map[string]Export) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(announcements) > t.limits.Sources/2 {
		return ErrTooManyAnnouncements
	}
	t.ensureNumbers(announcements)
	t.updates++
	now := time.Now()
	for o := range t.outs {
		if !o.inFlight && !o.due() {
			o.moved = now // it did not wait until now
		}
	}
	u := &update{table: t, targets: make(map[*Out]*target, len(t.outs))}
	u.compare(announcements)
	t.announcements = announcements
	t.export(u, exports)
	u.target()
	four, six := prepare(t.four, u), prepare(t.six, u)
	u.apply()
	four.apply(u)
	six.apply(u)
	for _, s := range u.removed {
		t.release(s)
	}
	t.four.reclaim()
	t.six.reclaim()
	t.condemn(now)
	for o := range t.outs {
		poke(o.ready)
	}
	return nil
}

// ensureNumbers sees to it that there are numbers for new sources. Where those that went have too many still, the sessions that were
// not told so are condemned, and waited for no more.
func (t *Table) ensureNumbers(announcements []*Announcement) {
	free := t.limits.Sources - len(t.byID)
	if free >= len(announcements) {
		return
	}
	for _, a := range announcements {
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
	t.four.reclaim()
	t.six.reclaim()
}

// condemn finds the session for which too many tombstones are kept, if it has not moved for long.
func (t *Table) condemn(now time.Time) {
	dead := len(t.four.dead) + len(t.six.dead)
	if dead <= max(t.limits.Graves, 2*(t.four.store.Used()+t.six.store.Used()-dead)) {
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

// common is how many elements both lists begin with, and how many others both end with.
func common[T comparable](a, b []T) (head, tail int) {
	n := min(len(a), len(b))
	for head < n && a[head] == b[head] {
		head++
	}
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head, tail
}

// compare finds what is different about the announcements.
func (u *update) compare(announcements []*Announcement) {
	t := u.table
	head, tail := common(t.announcements, announcements)
	before := t.order[head : len(t.order)-tail]
	u.order = make([]*source, 0, len(announcements))
	u.order = append(u.order, t.order[:head]...)
	for _, s := range before {
		s.removed = t.updates // unless it is found below
	}
	highest := -1
	for _, a := range announcements[head : len(announcements)-tail] {
		s := t.byID[idOf(a)]
		if s == nil || !s.wanted {
			s = t.numbered(a)
			s.count = a.Prefixes.count()
			u.added = append(u.added, sourceChange{source: s, next: a, attributes: true})
			t.name(s.number, &a.Attributes)
		} else {
			u.reordered = u.reordered || s.rank < highest
			highest = max(highest, s.rank)
			u.change(s, a)
		}
		s.removed = 0
		u.order = append(u.order, s)
	}
	u.order = append(u.order, t.order[len(t.order)-tail:]...)
	for _, s := range before {
		if s.removed == t.updates {
			u.removed = append(u.removed, s)
			t.unname(s)
		}
	}
}

// change notes what is different about a source that stays.
func (u *update) change(s *source, a *Announcement) {
	if s.Announcement == a || s.Announcement.Equal(a) {
		return
	}
	c := sourceChange{source: s, next: a, attributes: !s.Attributes.Equal(&a.Attributes)}
	if !s.Prefixes.Equal(a.Prefixes) {
		s.count = a.Prefixes.count()
		c.gone, c.come = s.Prefixes.without(a.Prefixes), a.Prefixes.without(s.Prefixes)
	}
	u.changed = append(u.changed, c)
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
		u.targets[o] = &target{export: e, members: [families]members{
			t.four.refuse(o, e), t.six.refuse(o, e),
		}}
	}
}

// apply makes the sources what they are to be. What was prepared has noted what sessions hold.
func (u *update) apply() {
	t := u.table
	for _, list := range [][]sourceChange{u.added, u.changed} {
		for _, c := range list {
			c.source.Announcement = c.next
			c.source.wanted = true
			if c.attributes {
				t.four.forget(c.number)
				t.six.forget(c.number)
			}
		}
	}
	for _, s := range u.removed {
		s.wanted = false
	}
	t.order = u.order
	for rank, s := range t.order {
		s.rank = rank
	}
	for o, target := range u.targets {
		o.export = target.export
	}
}

// keeps reports whether a source is announced before and after.
func (u *update) keeps(s *source) bool { return s.wanted && s.removed != u.table.updates }
