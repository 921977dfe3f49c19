// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// oracle works out what a session sends of an announcement, value by value and octet by octet. It calls nothing of what encodes.
type oracle struct {
	params        rib.Params
	defaults, own rib.Attributes
	family        wire.Family
}

func clean(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// first returns the announcement's value if it is set, else the default.
func first[T any](own, fallback T, set func(T) bool) T {
	if set(own) {
		return own
	}
	return fallback
}

func pointed[T any](p *T) bool { return p != nil }

// host reports whether a route may have the address as its next hop (RFC 4271 §5.1.3 and §6.3).
func (o *oracle) host(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && a != clean(o.params.PeerAddress)
}

// nextHop is one address, or a global and a link-local one, or nothing where the route cannot be sent.
func (o *oracle) nextHop() []netip.Addr {
	if o.params.WithholdOTC && (raws(&o.own, wire.AttrOTC) || raws(&o.defaults, wire.AttrOTC)) {
		return nil // RFC 9234 §5, egress 2
	}
	asked, linkLocal := o.asked()
	if o.family == wire.IPv4Unicast {
		switch {
		case !asked.IsValid():
			return o.self4()
		case !o.host(asked), asked.Is6() && !o.params.ExtendedNextHop, // RFC 8950 §4
			asked.IsLinkLocalUnicast() && asked.Is6() && !(o.params.LinkLocalNextHop && o.params.SharedLink):
			return nil
		}
		return []netip.Addr{asked}
	}
	if !o.params.SharedLink { // RFC 2545 §3
		linkLocal = netip.Addr{}
	}
	alone := o.params.LinkLocalNextHop && o.params.SharedLink
	switch {
	case !asked.IsValid() && linkLocal.IsValid() && alone:
		if o.host(linkLocal) {
			return []netip.Addr{linkLocal}
		}
		return nil
	case !asked.IsValid():
		return o.self6()
	case !o.host(asked), asked.Is4(), asked.IsLinkLocalUnicast() && !alone:
		return nil
	case linkLocal.IsValid() && !asked.IsLinkLocalUnicast():
		if !o.host(linkLocal) { // the route would lead to the peer itself
			return nil
		}
		return []netip.Addr{asked, linkLocal}
	}
	return []netip.Addr{asked}
}

// asked are the next hop and the link-local one that the announcement or the defaults name.
func (o *oracle) asked() (asked, linkLocal netip.Addr) {
	if o.family == wire.IPv4Unicast {
		return clean(first(o.own.NextHop4, o.defaults.NextHop4, netip.Addr.IsValid)), netip.Addr{}
	}
	asked, linkLocal = clean(o.own.NextHop6), clean(o.own.NextHopLinkLocal)
	if !asked.IsValid() && !linkLocal.IsValid() { // both are one value (RFC 2545 §3)
		asked, linkLocal = clean(o.defaults.NextHop6), clean(o.defaults.NextHopLinkLocal)
	}
	return asked, linkLocal
}

// self4 is next hop self of IPv4 routes.
func (o *oracle) self4() []netip.Addr {
	local := clean(o.params.LocalAddress)
	if local.Is6() && o.params.ExtendedNextHop {
		if self := o.self6(); self != nil {
			return self
		}
	}
	if !local.Is4() {
		local = clean(o.params.NodeAddress4)
	}
	if !o.host(local) {
		return nil
	}
	return []netip.Addr{local}
}

// self6 is next hop self of IPv6 routes, with the link-local address on a shared link (RFC 2545 §3).
func (o *oracle) self6() []netip.Addr {
	local, global, linkLocal := clean(o.params.LocalAddress), clean(o.params.NodeAddress6), clean(o.params.LinkLocal)
	if local.Is6() && local.IsLinkLocalUnicast() {
		linkLocal = first(linkLocal, local, netip.Addr.IsValid)
	} else if local.Is6() {
		global = local
	}
	var self []netip.Addr
	if o.host(global) {
		self = append(self, global)
	} else if !o.params.LinkLocalNextHop || !o.host(linkLocal) {
		return nil
	}
	if linkLocal.IsValid() {
		self = append(self, linkLocal)
	}
	return self
}

// attributes are what the session sends beside the next hop.
func (o *oracle) attributes() *wire.Attributes {
	own, defaults := &o.own, &o.defaults
	w := &wire.Attributes{
		Communities:      both(own.Communities, defaults.Communities, cmp.Compare[wire.Community]),
		LargeCommunities: both(own.LargeCommunities, defaults.LargeCommunities, wire.LargeCommunity.Compare),
		ExtendedCommunities: both(own.ExtendedCommunities, defaults.ExtendedCommunities,
			wire.ExtendedCommunity.Compare),
		Aggregator: first(own.Aggregator, defaults.Aggregator, func(a wire.Aggregator) bool { return a.Addr.IsValid() }),
		Unknown:    slices.Clone(own.Raw),
	}
	if o.params.OTC != 0 && !raws(own, wire.AttrOTC) && !raws(defaults, wire.AttrOTC) { // RFC 9234 §5, egress 1
		w.OTC, w.HasOTC = o.params.OTC, true
	}
	for _, raw := range defaults.Raw {
		if !raws(&o.own, raw.Type) && (raw.Type != wire.AttrMED || own.MED == nil) {
			w.Unknown = append(w.Unknown, raw)
		}
	}
	if origin := first(own.Origin, defaults.Origin, pointed); origin != nil {
		w.Origin = *origin
	}
	if med := first(own.MED, defaults.MED, pointed); med != nil && !raws(own, wire.AttrMED) {
		w.MED, w.HasMED = *med, true
	}
	if aggregated := first(own.AtomicAggregate, defaults.AtomicAggregate, pointed); aggregated != nil {
		w.AtomicAggregate = *aggregated
	}
	path := slices.Clone(first(own.ASPath, defaults.ASPath, func(p []uint32) bool { return p != nil }))
	if o.params.External { // RFC 4271 §5.1.2
		times := 1
		if prepend := first(own.Prepend, defaults.Prepend, pointed); prepend != nil {
			times += *prepend
		}
		path = append(slices.Repeat([]uint32{o.params.LocalASN}, times), path...)
	} else { // RFC 4271 §5.1.5, RFC 4456 §8
		w.LocalPref, w.HasLocalPref = 100, true
		if pref := first(own.LocalPref, defaults.LocalPref, pointed); pref != nil {
			w.LocalPref = *pref
		}
		w.OriginatorID = first(own.OriginatorID, defaults.OriginatorID, netip.Addr.IsValid)
		w.ClusterList = first(own.ClusterList, defaults.ClusterList, func(l []netip.Addr) bool { return l != nil })
	}
	if len(path) > 0 {
		w.ASPath = wire.ASPath{{Type: wire.ASSequence, ASNs: path}}
	}
	return decoded(w)
}

// raws reports whether an attribute is given as it goes onto the wire, which leaves no place for another form of it.
func raws(a *rib.Attributes, code wire.AttributeType) bool {
	return slices.ContainsFunc(a.Raw, func(r wire.RawAttribute) bool { return r.Type == code })
}

// both are the elements of two sets, in order.
func both[T comparable](a, b []T, compare func(T, T) int) []T {
	var all []T
	for _, x := range slices.SortedFunc(slices.Values(slices.Concat(a, b)), compare) {
		if !slices.Contains(all, x) {
			all = append(all, x)
		}
	}
	return all
}

// octets is how long the UPDATE with one route is, whose NLRI have that length (RFC 4271 §4.3, RFC 4760 §3).
func (o *oracle) octets(w *wire.Attributes, nextHop []netip.Addr, nlri int) int {
	total := 19 + 2 + 2
	attribute := func(length int) {
		if total += 3 + length; length > 255 {
			total++
		}
	}
	list := func(n, each int) {
		if n > 0 {
			attribute(n * each)
		}
	}
	attribute(1) // ORIGIN
	var path []uint32
	for _, segment := range w.ASPath {
		path = append(path, segment.ASNs...)
	}
	asn, old := 4, !o.params.AS4 // RFC 6793 §4.2.2: what an OLD speaker cannot take goes beside
	if old {
		asn = 2
	}
	segments := 2 * ((len(path) + 254) / 255) // type and count of each
	attribute(segments + asn*len(path))
	if old && slices.ContainsFunc(path, func(n uint32) bool { return n > 0xffff }) {
		attribute(segments + 4*len(path))
	}
	if w.Aggregator.Addr.IsValid() {
		attribute(asn + 4)
		if old && w.Aggregator.ASN > 0xffff {
			attribute(4 + 4)
		}
	}
	for _, set := range []bool{w.HasMED, w.HasLocalPref, w.HasOTC, w.OriginatorID.IsValid()} {
		if set {
			attribute(4)
		}
	}
	if w.AtomicAggregate {
		attribute(0)
	}
	list(len(w.Communities), 4)
	list(len(w.ClusterList), 4)
	list(len(w.ExtendedCommunities), 8)
	list(len(w.LargeCommunities), 12)
	for _, raw := range w.Unknown {
		attribute(len(raw.Value))
	}
	if o.family == wire.IPv4Unicast && nextHop[0].Is4() {
		attribute(4)
		return total + nlri
	}
	attribute(2 + 1 + 1 + 16*len(nextHop) + 1 + nlri)
	return total
}
