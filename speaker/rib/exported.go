// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"reflect"
	"slices"
)

// exported is an Export with the sources that it stands for. It is immutable.
type exported struct {
	Export
	members members
	// missing is how many of its announcements are not among the table's, or are named again.
	missing int
	// refused are those that the guard refuses, since they are too many.
	refused members
	// counted is how many prefixes count against the guard's limit, by family.
	counted [families]int
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
	next, renewed := make(map[string]*exported, len(exports)), false
	for peer, e := range exports {
		known := t.exports[peer]
		if known == nil {
			known = nothing
		}
		next[peer] = t.exported(u, known, e)
		renewed = renewed || known != nothing && !(known.Defaults.Equal(&e.Defaults) && known.Guard.Equal(e.Guard))
	}
	if renewed || len(next) < len(t.exports) {
		t.four.renew()
		t.six.renew()
	}
	t.exports = next
}

// exported takes one export: known, if it is the same as before.
func (t *Table) exported(u *update, known *exported, e Export) *exported {
	x := &exported{Export: e, members: known.members}
	head, tail := common(known.Announcements, e.Announcements)
	come, gone := e.Announcements[head:len(e.Announcements)-tail], known.Announcements[head:len(known.Announcements)-tail]
	if known.missing > 0 || known.refused != nil {
		come, gone, x.members = e.Announcements, nil, nil
	}
	edited := len(come)+len(gone)+known.missing > 0
	if edited {
		x.members = slices.Clone(x.members)
	}
	for _, a := range gone {
		x.members.remove(t.byID[idOf(a)].number)
	}
	for _, a := range come {
		if s := t.byID[idOf(a)]; s == nil || s.removed > 0 || x.members.has(s.number) {
			x.missing++
		} else {
			x.members.add(s.number)
		}
	}
	for _, s := range u.removed {
		if !x.members.has(s.number) {
			continue
		}
		if !edited {
			x.members, edited = slices.Clone(x.members), true
		}
		x.members.remove(s.number)
		x.missing++
	}
	if !edited && !u.reordered && known.same(&e) {
		return known
	}
	x.bound(t)
	return x
}

// same reports whether an export with the same announcements is the same in all else.
func (x *exported) same(e *Export) bool {
	return x != nothing && equalTokens(x.Token, e.Token) && x.Defaults.Equal(&e.Defaults) &&
		x.RatePerSecond == e.RatePerSecond && x.Guard.Equal(e.Guard) && equalPointers(x.Node, e.Node)
}

// equalTokens reports whether both are the same. Tokens that Go cannot compare are different.
func equalTokens(a, b any) bool {
	if a == nil || b == nil {
		return a == b // reflect calls nothing at all not comparable
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}
