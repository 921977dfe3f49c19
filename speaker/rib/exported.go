// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"reflect"
	"slices"

	"github.com/herald-bgp/herald/speaker/internal/optional"
)

// exported is an Export with the sources that it stands for. It is immutable.
type exported struct {
	Export
	members members
	// missing counts the announcements of the export that the table does not have, or that the export names again.
	missing int
	// refused are the sources that the guard refuses because they are too many.
	refused members
	// prefixes is how many prefixes the members come to, by family.
	prefixes tally
}

// nothing is what a peer without an export is sent.
var nothing = &exported{}

// exportOf is what a session is to be sent.
func (t *Table) exportOf(o *Out) *exported {
	if e, ok := t.exports[o.peer]; ok && !o.ended {
		return e
	}
	return nothing
}

// export takes the exports of all peers.
func (t *Table) export(u *update, exports map[string]Export) {
	next := make(map[string]*exported, len(exports))
	for peer, e := range exports {
		known := t.exports[peer]
		if known == nil {
			known = nothing
		}
		next[peer] = t.exported(u, known, e)
		u.renewed = u.renewed || known != nothing && !(known.Defaults.Equal(&e.Defaults) && known.Guard.Equal(e.Guard))
	}
	if u.renewed || len(next) < len(t.exports) {
		for _, f := range t.families {
			f.renew()
		}
	}
	t.exports = next
}

// exported takes one export: known, if it is the same as before.
func (t *Table) exported(u *update, known *exported, e Export) *exported {
	x := &exported{Export: e, members: known.members, prefixes: known.prefixes}
	different := false
	if known.missing > 0 || known.refused != nil {
		different, x.members, x.prefixes = true, nil, tally{}
		for a := range e.Announcements.All() {
			x.add(t.byID[idOf(a)], u)
		}
	} else {
		different = x.follow(u, known.Announcements)
	}
	if !different && known.Announcements == e.Announcements && known.same(&e) {
		return known
	}
	x.bound(t)
	return x
}

// follow makes the sources of the export the members, and reports whether anything about them is different. Before it runs, the
// members are all sources of the former list.
func (x *exported) follow(u *update, former *List) (different bool) {
	t := u.table
	for _, c := range u.changed {
		if x.members.has(c.number) {
			different = true
			x.prefixes.replace(c.source, c.before, c.after)
		}
	}
	t.comparisons++
	var gone, come []*source
	diff(former, x.Announcements, func(a *Announcement) {
		s := t.byID[idOf(a)]
		s.left = t.comparisons
		gone = append(gone, s)
	}, func(a *Announcement) {
		come = append(come, t.byID[idOf(a)])
	}, func(_, _ *Announcement) {}) // the source is a member and remains one, unless it is removed
	own := false
	edit := func() {
		if !own {
			x.members, own = slices.Clone(x.members), true
		}
	}
	for _, s := range come {
		if s != nil && s.left == t.comparisons && u.wants(s) { // another value of what is gone
			s.left = 0
			continue
		}
		edit()
		x.add(s, u)
	}
	for _, s := range gone {
		if s.left == t.comparisons {
			edit()
			x.remove(s)
		}
	}
	for _, s := range u.removed {
		if x.members.has(s.number) {
			edit()
			x.remove(s)
			x.missing++
		}
	}
	return different || own
}

// add adds a source to the members. A source that the table does not have, or that is a member already, counts as missing.
func (x *exported) add(s *source, u *update) {
	if s == nil || !u.wants(s) || x.members.has(s.number) {
		x.missing++
		return
	}
	x.members.add(s.number)
	x.prefixes.replace(s, [families]int{}, s.count)
}

func (x *exported) remove(s *source) {
	x.members.remove(s.number)
	x.prefixes.replace(s, s.count, [families]int{})
}

// same reports whether an export with the same announcements is the same in all else.
func (x *exported) same(e *Export) bool {
	return x != nothing && equalTokens(x.Token, e.Token) && x.Defaults.Equal(&e.Defaults) &&
		x.RatePerSecond == e.RatePerSecond && x.Guard.Equal(e.Guard) && optional.Equal(x.Node, e.Node)
}

// equalTokens reports whether both are the same. Tokens that Go cannot compare are different.
func equalTokens(a, b any) bool {
	if a == nil || b == nil {
		return a == b // reflect calls nothing at all not comparable
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}
