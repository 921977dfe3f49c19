// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// link is what the model needs to know of a session: what both OPENs and the connection say.
type link struct {
	peer          string     // its name in the configuration
	local, remote netip.Addr // the speaker's address and the peer's
	linkLocal     netip.Addr // the speaker's on the link that both share
	localASN      uint32
	external      bool
	families      []wire.Family
}

// offer is what the model makes of one announcement: the route that its prefixes become, "" where they cannot be sent.
type offer struct {
	ranges []rib.PrefixRange
	routes map[wire.Family]string
}

// model is all that the peer may be sent under a configuration, by precedence.
func (l *link) model(cfg *speaker.Config) []offer {
	i := slices.IndexFunc(cfg.Peers, func(p speaker.Peer) bool { return p.Name == l.peer })
	if i < 0 || cfg.Peers[i].AdminDown {
		return nil
	}
	var offers []offer
	for _, a := range precedence(cfg, &cfg.Peers[i]) {
		o := offer{ranges: slices.Collect(a.Prefixes.All()), routes: map[wire.Family]string{}}
		for _, f := range l.families {
			o.routes[f] = l.route(cfg, &a.Attributes, &cfg.Peers[i].Export.Defaults, f)
		}
		offers = append(offers, o)
	}
	return offers
}

// precedence is what the peer may be sent, the oldest first.
func precedence(cfg *speaker.Config, p *speaker.Peer) []*rib.Announcement {
	return slices.DeleteFunc(slices.Clone(cfg.Announcements), func(a *rib.Announcement) bool {
		return !slices.Contains(p.Export.Announcements, a)
	})
}

// route describes what announcements with attributes a become in a family.
func (l *link) route(cfg *speaker.Config, a, defaults *rib.Attributes, f wire.Family) string {
	explicit, self, node := cmp.Or(a.NextHop4, defaults.NextHop4), l.local, cfg.NodeAddress4
	if f == wire.IPv6Unicast {
		explicit, node = cmp.Or(a.NextHop6, defaults.NextHop6), cfg.NodeAddress6
	}
	if self.Is4() != (f == wire.IPv4Unicast) {
		self = node
	}
	hops := []netip.Addr{cmp.Or(explicit, self)}
	if hop := hops[0]; !hop.IsValid() || hop.IsMulticast() || hop == l.remote || hop.Is4() != (f == wire.IPv4Unicast) {
		return ""
	}
	if !explicit.IsValid() && f == wire.IPv6Unicast && l.linkLocal.IsValid() && l.local.Is6() {
		hops = append(hops, l.linkLocal)
	}
	w := wire.Attributes{
		Communities:         sorted(cmp.Compare, a.Communities, defaults.Communities),
		LargeCommunities:    sorted(wire.LargeCommunity.Compare, a.LargeCommunities, defaults.LargeCommunities),
		ExtendedCommunities: sorted(wire.ExtendedCommunity.Compare, a.ExtendedCommunities, defaults.ExtendedCommunities),
	}
	if len(w.Communities) > 1000 {
		return "" // more than a message holds
	}
	path := a.ASPath
	if len(path) == 0 {
		path = defaults.ASPath
	}
	if l.external {
		prepend := cmp.Or(a.Prepend, defaults.Prepend, new(int))
		path = slices.Concat(slices.Repeat([]uint32{l.localASN}, 1+*prepend), path)
	} else {
		preference := uint32(100)
		w.LocalPref, w.HasLocalPref = *cmp.Or(a.LocalPref, defaults.LocalPref, &preference), true
	}
	if len(path) > 0 {
		w.ASPath = wire.ASPath{{Type: wire.ASSequence, ASNs: path}}
	}
	w.Origin = *cmp.Or(a.Origin, defaults.Origin, new(wire.Origin))
	if med := cmp.Or(a.MED, defaults.MED); med != nil {
		w.MED, w.HasMED = *med, true
	}
	return describe(hops, &w)
}

// wants is the route that the peer is to hold for a prefix, "" for none.
func wants(offers []offer, prefix netip.Prefix) string {
	f := family(prefix)
	for _, o := range offers {
		if route := o.routes[f]; route != "" && slices.ContainsFunc(o.ranges, func(r rib.PrefixRange) bool {
			return r.Length == prefix.Bits() && r.Prefix.Overlaps(prefix)
		}) {
			return route
		}
	}
	return ""
}

// destinations calls yield for every prefix of the offers that can be sent, those of several as often.
func destinations(offers []offer, yield func(netip.Prefix)) {
	for _, o := range offers {
		for _, r := range o.ranges {
			p := netip.PrefixFrom(r.Prefix.Addr(), r.Length)
			if o.routes[family(p)] == "" {
				continue
			}
			for r.Prefix.Contains(p.Addr()) {
				yield(p)
				if p.Bits() == 0 {
					break
				}
				p = netip.PrefixFrom(next(p), r.Length)
			}
		}
	}
}

// next is the first address after a prefix.
func next(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	i := (p.Bits() - 1) / 8
	for step := 1 << (7 - (p.Bits()-1)%8); i >= 0 && step > 0; i-- {
		sum := int(b[i]) + step
		b[i], step = byte(sum), sum>>8
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func family(p netip.Prefix) wire.Family {
	if p.Addr().Is4() {
		return wire.IPv4Unicast
	}
	return wire.IPv6Unicast
}

// sorted is the union of both lists in order.
func sorted[T comparable](compare func(T, T) int, a, b []T) []T {
	return slices.Compact(slices.SortedFunc(slices.Values(slices.Concat(a, b)), compare))
}

// describe writes a route down, as it is expected and as it is received.
func describe(nextHop []netip.Addr, a *wire.Attributes) string {
	return fmt.Sprintf("via %v origin %v path [%v] MED %t/%d pref %t/%d communities %x %v %x, %t %v %v %v %v",
		nextHop, a.Origin, a.ASPath, a.HasMED, a.MED, a.HasLocalPref, a.LocalPref,
		a.Communities, a.LargeCommunities, a.ExtendedCommunities,
		a.AtomicAggregate, a.Aggregator, a.OriginatorID, a.ClusterList, a.Unknown)
}
