// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// path is what a session makes of an announcement in one family. It is
// immutable.
type path struct {
	announcement *Announcement
	set          *attributeSet
	// ranges are those prefixes of the announcement that can be sent.
	ranges []PrefixRange
}

// offer is what a session could send of an announcement if there were no other.
// It is immutable.
type offer struct {
	announcement *Announcement
	paths        []*path // by family, nil where there is nothing to send
	withheld     []Withheld
}

// offer returns what the session could send of an announcement.
func (p *Params) offer(a *Announcement, defaults *Attributes) *offer {
	attributes := a.Attributes.inherit(defaults)
	encoded := p.encode(&attributes)
	block := wire.NewAttributeBlock(encoded, wire.EncodeOptions{AS4: p.AS4})
	o := &offer{announcement: a, paths: make([]*path, len(p.Families))}
	for _, r := range a.Prefixes {
		reason := ReasonFamilyNotNegotiated
		f := familyOf(r.Prefix.Addr())
		if i := p.familyIndex(f); i >= 0 {
			if o.paths[i] == nil {
				nextHop := p.nextHop(f, attributes.nextHop(f))
				o.paths[i] = &path{announcement: a, set: newAttributeSet(f, encoded, block, nextHop, p.MaxLen)}
			}
			reason = o.paths[i].add(r)
		}
		if reason != "" {
			o.withheld = withhold(o.withheld, Withheld{
				Announcement: a, Reason: reason, Prefixes: r.count(), Example: r.first(),
			})
		}
	}
	return o
}

// add adds a range to the path while that is being built, or says why it cannot
// be sent.
func (p *path) add(r PrefixRange) Reason {
	switch {
	case len(p.set.nextHop) == 0:
		return ReasonNoNextHop
	case wire.PrefixLen(r.first()) > p.set.room:
		return ReasonTooLong
	}
	p.ranges = append(p.ranges, r)
	return ""
}

// size returns how many prefixes the ranges of a path stand for.
func (p *path) size() int {
	n := 0
	for _, r := range p.ranges {
		n += r.count()
	}
	return n
}

// withhold adds w to a list of one announcement: to the entry of its reason if
// there is one.
func withhold(list []Withheld, w Withheld) []Withheld {
	sameReason := func(other Withheld) bool { return other.Reason == w.Reason }
	if i := slices.IndexFunc(list, sameReason); i >= 0 {
		list[i].Prefixes += w.Prefixes
		return list
	}
	return append(list, w)
}

// sameRoutes reports whether two exports differ in their tokens at most.
func (e *Export) sameRoutes(other *Export) bool {
	a, b := e.Announcements, other.Announcements
	if len(a) != len(b) || !e.Defaults.Equal(&other.Defaults) {
		return false
	}
	if len(a) == 0 || &a[0] == &b[0] {
		return true // an export is immutable
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// nextHop returns what a says of the next hop of a family.
func (a *Attributes) nextHop(f wire.Family) netip.Addr {
	if f == wire.IPv4Unicast {
		return a.NextHop4
	}
	return a.NextHop6
}
