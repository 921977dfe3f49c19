// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Announcements that name a session's own peer as next hop: RFC 4271 §5.1.3.

package rib

import (
	"iter"
	"net/netip"
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
	f.named(a, func(x index[netip.Addr], nextHop netip.Addr) { x.add(nextHop, number) })
}

func (f *family[A]) unname(s *source) {
	f.named(&s.Attributes, func(x index[netip.Addr], nextHop netip.Addr) { x.remove(nextHop, s.number) })
}

// named calls yield for each next hop that attributes name, with the index where it belongs.
func (f *family[A]) named(a *Attributes, yield func(index[netip.Addr], netip.Addr)) {
	nextHop, linkLocal := a.NextHop(f.ops.Family)
	if nextHop.IsValid() {
		yield(f.naming, nextHop)
	}
	switch {
	case !linkLocal.IsValid():
	case !nextHop.IsValid():
		yield(f.linkLocals, linkLocal)
	case !nextHop.IsLinkLocalUnicast(): // else nobody is told the second one
		yield(f.pairs, linkLocal)
	}
}

// namingPeer yields the numbers of the sources whose next hop is the session's own peer because their announcement says so.
func (f *family[A]) namingPeer(o *Out) iter.Seq[uint32] {
	p := &o.params
	return func(yield func(uint32) bool) {
		for _, named := range [...]struct {
			by   index[netip.Addr]
			told bool
		}{{f.naming, true}, {f.pairs, p.SharedLink}, {f.linkLocals, p.SharedLink && p.LinkLocalNextHop}} {
			if !named.told {
				continue
			}
			for number := range named.by[p.PeerAddress] {
				if !yield(number) {
					return
				}
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
