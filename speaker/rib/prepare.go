// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"math"
	"slices"
)

// prepared is an update of one family that is ready to be applied: the changes, with what sessions hold of each, and the views that
// sessions go to.
type prepared[A comparable] struct {
	changes  changes[A]
	regrants []regrant
	views    []turn[A]
	moves    []move[A]
}

// turn gives a view, with all of its sessions, other members or another profile.
type turn[A comparable] struct {
	view    *view[A]
	members members
	profile *profile
	read    bool // before the change
}

// move takes a session to another view.
type move[A comparable] struct {
	cursor  *cursor[A]
	members members
	profile *profile
	// everything: the routes are encoded otherwise.
	everything bool
}

// prepare finds where the sessions of the family go, and marks what they are to be told.
func (f *family[A]) prepare(u *update) preparation {
	p := &prepared[A]{changes: changes[A]{f: f}}
	after := map[*view[A]]members{}
	p.regrant(u)
	for _, v := range slices.Clone(f.views) {
		p.regroup(v, u)
	}
	for _, v := range f.views {
		after[v] = v.members
	}
	for _, c := range p.views {
		after[c.view] = c.members
	}
	concerned := func(n uint32, before bool) []*view[A] {
		var list []*view[A]
		for _, v := range f.views {
			if after[v].has(n) || before && v.members.has(n) {
				list = append(list, v)
			}
		}
		return list
	}
	for _, r := range p.regrants {
		p.rejudge(u, r, concerned)
	}
	for _, s := range u.removed {
		p.changes.each(s, s.Prefixes, removed, p.exclude(s, concerned(s.number, true)))
	}
	for _, c := range u.changed {
		p.revise(&c, p.exclude(c.source, concerned(c.number, true)))
	}
	come := 0
	for _, c := range u.added {
		come += f.count(c.next)
	}
	f.store.Reserve(come)
	for _, c := range u.added {
		p.changes.announce(c.source, c.next.Prefixes, p.exclude(c.source, concerned(c.number, false)))
	}
	p.membership(u)
	return p
}

// exclude takes a source out of the counts of the views that it concerns, and returns them.
func (p *prepared[A]) exclude(s *source, concerned []*view[A]) []*view[A] {
	for _, v := range concerned {
		p.changes.f.exclude(v, s)
	}
	return concerned
}

// revise marks what is different about a source that stays.
func (p *prepared[A]) revise(c *revision, concerned []*view[A]) {
	if c.gone.Len() > 0 {
		p.changes.eachBut(c.source, c.gone, c.next.Prefixes, concerned)
	}
	switch { // what stays
	case c.attributes:
		p.changes.each(c.source, c.next.Prefixes, changed, concerned)
	case c.precedence:
		p.changes.eachShared(c.source, c.next.Prefixes, concerned)
	}
	if c.come.Len() > 0 {
		p.changes.announce(c.source, c.come, concerned)
	}
}

// regroup decides which views the sessions of a view go to. The largest group stays together, and the view changes for it.
func (p *prepared[A]) regroup(v *view[A], u *update) {
	f := p.changes.f
	type group struct {
		members members
		profile *profile
		cursors []*cursor[A]
	}
	var groups []*group
	for c := range v.cursors {
		target := u.targets[c.out]
		profile, m := f.profileOf(c, target), f.refuse(c.out, target)
		var g *group
		for _, known := range groups {
			if known.profile == profile && known.members.equal(m) {
				g = known
			}
		}
		if g == nil {
			g = &group{members: m, profile: profile}
			groups = append(groups, g)
		}
		g.cursors = append(g.cursors, c)
	}
	stays := func(g *group) int { // those for which nothing is different, else the most
		if g.profile == v.profile && g.members.equal(v.members) {
			return math.MaxInt
		}
		return len(g.cursors)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(stays(b), stays(a)) })
	for i, g := range groups {
		switch {
		case i > 0:
			p.separate(v, g.cursors, g.members, g.profile)
		case stays(g) != math.MaxInt:
			p.views = append(p.views, turn[A]{view: v, members: g.members, profile: g.profile, read: v.read()})
		}
	}
}

// separate takes sessions out of a view. Sessions that have read the whole log get a view of their own, in which they are told the
// difference alone; other sessions are told from the table.
func (p *prepared[A]) separate(v *view[A], cursors []*cursor[A], m members, q *profile) {
	f := p.changes.f
	var own *view[A]
	for _, c := range cursors {
		if !c.current() {
			p.moves = append(p.moves, move[A]{cursor: c, members: m, profile: q, everything: q != v.profile})
			continue
		}
		if own == nil {
			own = newView[A](v.profile, v.members)
			p.views = append(p.views, turn[A]{view: own, members: m, profile: q, read: true})
		}
		delete(v.cursors, c)
		own.cursors[c] = struct{}{}
		c.view, c.at, c.done = own, own.tail, f.table.seq
	}
	if own != nil {
		f.views = append(f.views, own)
	}
}

// membership marks the routes that sessions gain or lose because their exports have other announcements.
func (p *prepared[A]) membership(u *update) {
	f := p.changes.f
	for _, c := range p.views {
		concerned := []*view[A]{c.view}
		if c.profile != c.view.profile {
			c.view.summed = nil // each source counts anew
		}
		for n := range c.view.members.differing(c.members) {
			if s := f.table.sources[n]; u.keeps(s) {
				p.changes.each(s, s.Prefixes, changed, p.exclude(s, concerned))
			}
		}
		if c.profile == c.view.profile {
			continue
		}
		for n := range c.members.all() {
			if s := f.table.sources[n]; c.view.members.has(n) && u.keeps(s) {
				p.changes.each(s, s.Prefixes, changed, concerned)
			}
		}
	}
	for i, m := range p.moves {
		if m.everything {
			continue
		}
		if i > 0 && p.moves[i-1].cursor.view == m.cursor.view && p.moves[i-1].profile == m.profile && p.moves[i-1].members.equal(m.members) {
			continue // of the same group
		}
		for n := range m.members.differing(m.cursor.view.members) {
			if s := f.table.sources[n]; u.keeps(s) {
				p.changes.each(s, s.Prefixes, changed, nil)
			}
		}
	}
}

// apply makes the changes and takes the sessions to their views.
func (p *prepared[A]) apply(u *update) {
	f := p.changes.f
	for _, r := range p.regrants {
		r.apply()
	}
	for _, m := range p.moves {
		f.leave(m.cursor) // before its view is another
	}
	for _, c := range p.views {
		f.turn(c)
	}
	p.changes.commit()
	for _, v := range f.views {
		f.recount(v)
	}
	for _, m := range p.moves {
		f.move(m)
	}
	for _, v := range f.views {
		for c := range v.cursors {
			if c.at != nil && v.overflowed {
				c.lag()
			}
		}
		v.overflowed = false
		f.compact(v)
		v.forgetUnread()
	}
	f.merge()
	f.prune()
}

// merge takes the sessions of views that became the same together, where they have read all there is.
func (f *family[A]) merge() {
	for i := 0; i < len(f.views); i++ {
		for j := len(f.views) - 1; j > i; j-- {
			a, b := f.views[i], f.views[j]
			if a.profile != b.profile || !a.members.equal(b.members) || !a.read() || !b.read() {
				continue
			}
			for c := range b.cursors {
				if c.at != nil {
					c.done = f.table.seq
				}
				f.leave(c)
				c.view, a.cursors[c] = a, struct{}{}
			}
		}
	}
}

// turn gives a view other members or another profile, for all of its sessions.
func (f *family[A]) turn(c turn[A]) {
	v := c.view
	for cursor := range v.cursors {
		if cursor.at == nil {
			cursor.mayHold.union(v.members)
			cursor.mayHold.union(c.members)
			if v.profile != c.profile {
				cursor.everything()
			}
		}
	}
	if c.read {
		v.past = nil
	}
	v.past.union(v.members)
	v.members = c.members
	if v.profile != c.profile {
		v.profile.views--
		c.profile.views++
		v.profile = c.profile
	}
}

// move takes a session that left its view to the one for members and profile. It is told from the table what it missed, or
// everything where the routes are encoded otherwise.
func (f *family[A]) move(m move[A]) {
	c := m.cursor
	c.mayHold.union(m.members)
	c.view = f.viewFor(m.profile, m.members)
	c.view.cursors[c] = struct{}{}
	if m.everything {
		c.everything()
	}
}

// viewFor finds or makes the view for members and profile.
func (f *family[A]) viewFor(p *profile, m members) *view[A] {
	for _, v := range f.views {
		if v.profile == p && v.members.equal(m) {
			return v
		}
	}
	v := newView[A](p, m)
	f.views = append(f.views, v)
	return v
}
