// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Announcements that name a session's own peer as next hop: RFC 4271 §5.1.3.

package rib

import (
	"iter"
	"slices"
)

// name notes the next hops that a source's announcement names, unname forgets them.
func (t *Table) name(number uint32, a *Attributes) {
	for _, f := range t.families {
		if f.is().SAFI == t.sources[number].safi {
			f.name(number, a)
		}
	}
}

func (t *Table) unname(s *source) {
	for _, f := range t.families {
		if f.is().SAFI == s.safi {
			f.unname(s)
		}
	}
}

func (f *family[A]) name(number uint32, a *Attributes) {
	if nextHop, linkLocal := a.NextHop(f.ops.Family); nextHop.IsValid() {
		f.naming.add(nextHop, number)
	} else if linkLocal.IsValid() {
		f.linkLocals.add(linkLocal, number)
	}
}

func (f *family[A]) unname(s *source) {
	if nextHop, linkLocal := s.Attributes.NextHop(f.ops.Family); nextHop.IsValid() {
		f.naming.remove(nextHop, s.number)
	} else if linkLocal.IsValid() {
		f.linkLocals.remove(linkLocal, s.number)
	}
}

// namingPeer yields the numbers of the sources whose next hop is the session's own peer because their announcement says so.
func (f *family[A]) namingPeer(o *Out) iter.Seq[uint32] {
	peer := o.params.PeerAddress
	return func(yield func(uint32) bool) {
		for number := range f.naming[peer] {
			if !yield(number) {
				return
			}
		}
		if !o.params.LinkLocalNextHop {
			return // so no link-local address stands alone
		}
		for number := range f.linkLocals[peer] {
			if !yield(number) {
				return
			}
		}
	}
}

// refuse returns the members of an export without the sources that name the session's own peer as next hop.
func (f *family[A]) refuse(o *Out, e *exported) members {
	m, own := e.members, false
	for number := range f.namingPeer(o) {
		if m.has(number) && !own {
			m, own = slices.Clone(m), true
		}
		if own {
			m.remove(number)
		}
	}
	return m
}
