// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"net/netip"
	"slices"
)

// view is what a session makes of an export. It is immutable.
type view struct {
	defaults *Attributes
	offers   []*offer // in the order of the export
	withheld []Withheld
}

// wanted is a route that is to be sent.
type wanted struct {
	prefix netip.Prefix
	path   *path
	order  uint32 // the place of the announcement in the export
}

// resolve returns the view that a session has of an export, and the routes of
// each family, in ascending order and without duplicates. It is a pure function
// of export and parameters; the view before, nil for none, only saves work.
func resolve(e *Export, p *Params, before *view) (*view, [][]wanted) {
	v := &view{defaults: &e.Defaults, offers: make([]*offer, len(e.Announcements))}
	known := before.known(v.defaults)
	for i, a := range e.Announcements {
		if o := known[a.ID]; o != nil && o.announcement.Equal(a) {
			v.offers[i] = o
		} else {
			v.offers[i] = p.offer(a, v.defaults)
		}
	}
	routes := make([][]wanted, len(p.Families))
	lost := make(conflicts)
	for family := range routes {
		routes[family] = lost.decide(v.candidates(family))
	}
	for i, o := range v.offers {
		v.withheld = append(v.withheld, o.withheld...)
		if w, ok := lost[uint32(i)]; ok {
			v.withheld = append(v.withheld, w)
		}
	}
	return v, routes
}

// known returns the offers of a view by the identities of their announcements,
// as far as they hold for the defaults.
func (v *view) known(defaults *Attributes) map[string]*offer {
	if v == nil || !v.defaults.Equal(defaults) {
		return nil
	}
	m := make(map[string]*offer, len(v.offers))
	for _, o := range v.offers {
		m[o.announcement.ID] = o
	}
	return m
}

// candidates returns all that the offers have in a family, by prefix and then by
// the order of the export.
func (v *view) candidates(family int) []wanted {
	n := 0
	for _, o := range v.offers {
		if p := o.paths[family]; p != nil {
			n += p.size()
		}
	}
	list := make([]wanted, 0, n)
	for i, o := range v.offers {
		p := o.paths[family]
		if p == nil {
			continue
		}
		for _, r := range p.ranges {
			for prefix := range r.all() {
				list = append(list, wanted{prefix, p, uint32(i)})
			}
		}
	}
	slices.SortFunc(list, func(a, b wanted) int {
		if c := comparePrefixes(a.prefix, b.prefix); c != 0 {
			return c
		}
		return cmp.Compare(a.order, b.order)
	})
	return list
}

// comparePrefixes orders the prefixes of one family, which have no host bits.
func comparePrefixes(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return cmp.Compare(a.Bits(), b.Bits())
}

// conflicts holds what is withheld for [ReasonConflict], by the places of the
// announcements in the export.
type conflicts map[uint32]Withheld

// decide keeps the first candidate for each prefix, in place. Only what can be
// sent is a candidate: a route without a next hop keeps no other back.
func (c conflicts) decide(candidates []wanted) []wanted {
	winners := candidates[:0]
	var last *path // of the candidate before
	for _, r := range candidates {
		winner := len(winners) - 1
		switch {
		case winner < 0 || winners[winner].prefix != r.prefix:
			winners = append(winners, r)
		case r.path != last: // else the announcement lists the prefix twice
			c.add(r, winners[winner].path.announcement)
		}
		last = r.path
	}
	return winners
}

// add notes that a route is withheld in favour of a winner.
func (c conflicts) add(r wanted, winner *Announcement) {
	w, ok := c[r.order]
	if !ok {
		w = Withheld{
			Announcement: r.path.announcement, Reason: ReasonConflict, Example: r.prefix, Winner: winner.Name,
		}
	}
	w.Prefixes++
	c[r.order] = w
}
