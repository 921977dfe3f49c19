// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Guard says what a peer may be sent, whatever its export says. It is the last look before anything is encoded. Other code than the
// code that decided on the export makes it, from the permissions alone: where a Guard refuses something, one of both has a defect,
// and the announcement is withheld with ReasonGuardRefused. It does not judge communities. It is immutable.
type Guard struct {
	// Families that may be sent.
	Families []wire.Family
	// MaxPrefixes bounds what is sent of the families in Counted; of announcements the first in the order of the export go.
	MaxPrefixes int
	Counted     []wire.Family
	// DefaultRoute: 0.0.0.0/0 and ::/0 may be sent, and any other prefix that is shorter than /8.
	DefaultRoute bool
	// TrustAll: every owner may announce every prefix with every attribute. Trusted are owners that may.
	TrustAll bool
	Trusted  []string
	// Grants are of all other owners.
	Grants map[string][]Grant
}

// Grant is what an owner may announce.
type Grant struct {
	// Prefix and its subnets up to MaxLength.
	Prefix    netip.Prefix
	MaxLength int
	// NextHop, ASPath, LocalPref and Raw: the author may set these. Raw is also what speaks for others: extended communities,
	// AGGREGATOR, ORIGINATOR_ID and CLUSTER_LIST.
	NextHop, ASPath, LocalPref, Raw bool
}

// Equal reports whether both permit the same. The nil Guard permits everything.
func (g *Guard) Equal(o *Guard) bool {
	if g == o || g == nil || o == nil {
		return g == o
	}
	for range g.regranted(o) {
		return false
	}
	return g.equalButGrants(o)
}

// equalButGrants reports whether both, neither of which is nil, are the same in all but the grants of owners.
func (g *Guard) equalButGrants(o *Guard) bool {
	return g.MaxPrefixes == o.MaxPrefixes && g.DefaultRoute == o.DefaultRoute && g.TrustAll == o.TrustAll &&
		slices.Equal(g.Families, o.Families) && slices.Equal(g.Counted, o.Counted) && slices.Equal(g.Trusted, o.Trusted)
}

// regranted yields the owners that another guard, which is not nil either, grants something else.
func (g *Guard) regranted(o *Guard) iter.Seq[string] {
	return func(yield func(string) bool) {
		for owner, grants := range g.Grants {
			if other, ok := o.Grants[owner]; !(ok && slices.Equal(grants, other)) && !yield(owner) {
				return
			}
		}
		for owner := range o.Grants {
			if _, ok := g.Grants[owner]; !ok && !yield(owner) {
				return
			}
		}
	}
}

// permits reports whether all that an announcement has in a family may be sent.
func (g *Guard) permits(a *Announcement, f wire.Family) bool {
	if g == nil {
		return true
	}
	if !slices.Contains(g.Families, f) {
		return false
	}
	if !g.DefaultRoute && a.Prefixes.hasDefaultRoute(f) {
		return false
	}
	if g.TrustAll || slices.Contains(g.Trusted, a.Owner) {
		return true
	}
	for r := range a.Prefixes.All() {
		if r.Prefix.Addr().Is4() != (f.AFI == wire.AFIIPv4) {
			continue
		}
		if !slices.ContainsFunc(g.Grants[a.Owner], func(grant Grant) bool { return grant.permits(r, &a.Attributes) }) {
			return false
		}
	}
	return true
}

func (g Grant) permits(r PrefixRange, a *Attributes) bool {
	within := g.Prefix.Bits() <= r.Prefix.Bits() && g.Prefix.Contains(r.Prefix.Addr()) && r.Length <= g.MaxLength
	nextHop := a.NextHop4.IsValid() || a.NextHop6.IsValid() || a.NextHopLinkLocal.IsValid()
	forOthers := len(a.Raw) > 0 || a.ExtendedCommunities != nil || a.ClusterList != nil || a.Aggregator.Addr.IsValid() || a.OriginatorID.IsValid()
	return within && (g.NextHop || !nextHop) && (g.ASPath || a.ASPath == nil) &&
		(g.LocalPref || a.LocalPref == nil) && (g.Raw || !forOthers)
}

// counted is how many of some prefixes count against the limit, and in how many families.
func (g *Guard) counted(t *tally) (prefixes, families int) {
	for _, f := range g.Counted {
		if n := t.of(f); n > 0 {
			prefixes, families = prefixes+n, families+1
		}
	}
	return prefixes, families
}

// bound takes the sources that go over the guard's limit from an export's members. There are such sources only if the code that
// made the export has a defect.
func (x *exported) bound(t *Table) {
	if x.Guard == nil {
		return
	}
	left := x.Guard.MaxPrefixes
	if n, _ := x.Guard.counted(&x.prefixes); n <= left {
		return
	}
	x.members = slices.Clone(x.members)
	for a := range x.Announcements.All() {
		s := t.byID[idOf(a)]
		if s == nil || !x.members.has(s.number) {
			continue
		}
		one := tally{}
		one.replace(s, [families]int{}, s.count)
		n, _ := x.Guard.counted(&one)
		if n > left {
			x.remove(s)
			x.refused.add(s.number)
			continue
		}
		left -= n
	}
}
