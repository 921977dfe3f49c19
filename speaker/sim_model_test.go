// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// link is what the model needs to know of a session: what both OPENs and the connection say.
type link struct {
	peer            string     // its name in the configuration
	local, remote   netip.Addr // the speaker's address and the peer's
	linkLocal       netip.Addr // the speaker's on the link that both share
	external        bool
	families        []wire.Family
	addPath         []wire.Family
	extendedNextHop bool
	extendedMessage bool
	marks           bool // with ONLY_TO_CUSTOMER
}

// offer is what the model makes of one announcement: the route that its prefixes become, "" where they cannot be sent.
type offer struct {
	pathID uint32
	ranges []rib.PrefixRange
	routes map[wire.Family]string
}

// model is all that the peer may be sent under a configuration, by precedence.
func (l *link) model(cfg *speaker.Config) []offer {
	i := slices.IndexFunc(cfg.Peers, func(p *speaker.Peer) bool { return p.Name == l.peer })
	if i < 0 || cfg.Peers[i].AdminDown {
		return nil
	}
	p := cfg.Peers[i]
	sent := &cfg.Exports[i]
	var offers []offer
	for a := range cfg.Announcements.All() {
		if !sent.Announcements.Has(a) {
			continue
		}
		o := offer{pathID: a.PathID, ranges: slices.Collect(a.Prefixes.All()), routes: map[wire.Family]string{}}
		for _, f := range l.families {
			explicit, node := cmp.Or(a.Attributes.NextHop4, sent.Defaults.NextHop4), cfg.NodeAddress4
			if f == wire.IPv6Unicast {
				explicit, node = cmp.Or(a.Attributes.NextHop6, sent.Defaults.NextHop6), cfg.NodeAddress6
			}
			w := l.attributes(p.LocalASN, &a.Attributes, &sent.Defaults)
			if hop := l.nextHop(f, explicit, node); hop != nil && (len(w.Communities) < 1000 || l.extendedMessage) {
				o.routes[f] = describe(hop, w)
			}
		}
		offers = append(offers, o)
	}
	return offers
}

// nextHop is what routes of a family have as next hop: explicit, or else self; nil where they cannot be sent.
func (l *link) nextHop(f wire.Family, explicit, node netip.Addr) []netip.Addr {
	understood := func(a netip.Addr) bool { return a.Is4() == (f == wire.IPv4Unicast) || a.Is6() && l.extendedNextHop }
	self := l.local
	if !understood(self) {
		self = node
	}
	switch hop := cmp.Or(explicit, self); {
	case !hop.IsValid() || hop.IsMulticast() || hop == l.remote || !understood(hop):
		return nil
	case explicit.IsValid() || hop.Is4() || !l.local.Is6() || !l.linkLocal.IsValid():
		return []netip.Addr{hop}
	default:
		return []netip.Addr{hop, l.linkLocal}
	}
}

// attributes are those of an announcement as the session has them.
func (l *link) attributes(localASN uint32, a, d *rib.Attributes) *wire.Attributes {
	w := &wire.Attributes{
		Origin:              *cmp.Or(a.Origin, d.Origin, new(wire.Origin)),
		Communities:         union(cmp.Compare, a.Communities, d.Communities),
		LargeCommunities:    union(wire.LargeCommunity.Compare, a.LargeCommunities, d.LargeCommunities),
		ExtendedCommunities: union(wire.ExtendedCommunity.Compare, a.ExtendedCommunities, d.ExtendedCommunities),
		AtomicAggregate:     *cmp.Or(a.AtomicAggregate, d.AtomicAggregate, new(bool)),
		Aggregator:          cmp.Or(a.Aggregator, d.Aggregator),
		Unknown:             set(a.Raw, d.Raw),
		HasOTC:              l.marks,
	}
	path := set(a.ASPath, d.ASPath)
	if l.external {
		path = slices.Concat(slices.Repeat([]uint32{localASN}, 1+*cmp.Or(a.Prepend, d.Prepend, new(int))), path)
	} else {
		w.LocalPref, w.HasLocalPref = *cmp.Or(a.LocalPref, d.LocalPref, new(uint32(100))), true
		w.OriginatorID, w.ClusterList = cmp.Or(a.OriginatorID, d.OriginatorID), set(a.ClusterList, d.ClusterList)
	}
	if len(path) > 0 {
		w.ASPath = wire.ASPath{{Type: wire.ASSequence, ASNs: path}}
	}
	if med := cmp.Or(a.MED, d.MED); med != nil {
		w.MED, w.HasMED = *med, true
	}
	if l.marks {
		w.OTC = localASN
	}
	return w
}

// set is a if it is set, else its default.
func set[T any](a, d []T) []T {
	if len(a) > 0 {
		return a
	}
	return d
}

// union is the elements of both lists in order.
func union[T comparable](compare func(T, T) int, a, b []T) []T {
	return slices.Compact(slices.SortedFunc(slices.Values(slices.Concat(a, b)), compare))
}

// wants is the route that the peer is to hold for a prefix, "" for none: that of the first announcement which can be sent,
// for each path identifier where there are any.
func (l *link) wants(offers []offer, p wire.Path) string {
	f := family(p)
	identified := slices.Contains(l.addPath, f)
	for _, o := range offers {
		if route := o.routes[f]; route == "" || identified && o.pathID != p.ID {
			continue
		}
		if slices.ContainsFunc(o.ranges, func(r rib.PrefixRange) bool {
			return r.Length == p.Prefix.Bits() && r.Prefix.Overlaps(p.Prefix)
		}) {
			return o.routes[f]
		}
	}
	return ""
}

// paths calls yield for all that is to be announced of the offers, some perhaps repeatedly.
func (l *link) paths(offers []offer, yield func(wire.Path)) {
	for _, o := range offers {
		for _, r := range o.ranges {
			p := wire.Path{Prefix: netip.PrefixFrom(r.Prefix.Addr(), r.Length)}
			if o.routes[family(p)] == "" {
				continue
			}
			if slices.Contains(l.addPath, family(p)) {
				p.ID = o.pathID
			}
			for more := true; more; more = p.Prefix.Bits() > 0 && r.Prefix.Contains(p.Prefix.Addr()) {
				yield(p)
				p.Prefix = netip.PrefixFrom(after(p.Prefix), r.Length)
			}
		}
	}
}

// after is the first address after a prefix.
func after(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	i := (p.Bits() - 1) / 8
	for step := 1 << (7 - (p.Bits()-1)%8); p.Bits() > 0 && i >= 0 && step > 0; i-- {
		sum := int(b[i]) + step
		b[i], step = byte(sum), sum>>8
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func family(p wire.Path) wire.Family {
	if p.Prefix.Addr().Is4() {
		return wire.IPv4Unicast
	}
	return wire.IPv6Unicast
}

// describe writes a route down, as it is expected and as it is received.
func describe(nextHop []netip.Addr, a *wire.Attributes) string {
	communities := any(a.Communities)
	if n := len(a.Communities); n > 9 {
		hash := fnv.New64a()
		for _, c := range a.Communities {
			hash.Write([]byte{byte(c >> 24), byte(c >> 16), byte(c >> 8), byte(c)})
		}
		communities = fmt.Sprintf("(%d, %x)", n, hash.Sum64())
	}
	return fmt.Sprintf("via %v origin %v path [%v] MED %t/%d pref %t/%d communities %v %v %v aggregated %t %v reflected %v %v OTC %t/%d raw %v",
		nextHop, a.Origin, a.ASPath, a.HasMED, a.MED, a.HasLocalPref, a.LocalPref,
		communities, a.LargeCommunities, a.ExtendedCommunities,
		a.AtomicAggregate, a.Aggregator, a.OriginatorID, a.ClusterList, a.HasOTC, a.OTC, a.Unknown)
}
