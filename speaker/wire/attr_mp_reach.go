// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// MP_REACH_NLRI: RFC 4760 §3; next hops of IPv6: RFC 2545 §3; of IPv4 in IPv6:
// RFC 8950 §3; one link-local address alone: draft-ietf-idr-linklocal-capability
// §3; errors: RFC 7606 §7.11, RFC 4760 §7.

package wire

import "net/netip"

// mpReachMinLen is AFI (2 octets), SAFI (1), next hop length (1), reserved (1).
const mpReachMinLen = 5

// MPReach is a decoded MP_REACH_NLRI.
type MPReach struct {
	Family    Family
	NextHop   netip.Addr // the global one, or the link-local one if it is alone
	LinkLocal netip.Addr // valid if the next hop had a link-local address beside the global one
	NLRI      []byte     // for [Paths]; borrowed
	PathIDs   bool       // NLRI have path identifiers
}

// mpNextHopLen is the length of the next hop that appendMPReach writes.
func mpNextHopLen(f Family, nextHop []netip.Addr) int {
	n := 0
	for _, a := range nextHop {
		n += f.NextHopForm().Before() + 16 - mpUnmapped(f, a)
	}
	return n
}

// mpUnmapped is how many octets are left out of an address in IPv6 form: VPN-IPv4 routes have IPv4 next hops as such
// (RFC 4364 §4.3.2), others as IPv4-mapped ones (RFC 4659 §3.2.1.2).
func mpUnmapped(f Family, a netip.Addr) int {
	if f.NextHopForm() == NextHopVPN && f.AFI == AFIIPv4 && a.Is4() {
		return 12
	}
	return 0
}

// appendMPReach appends the whole attribute.
func appendMPReach(b []byte, f Family, nextHop []netip.Addr, nlri []byte) []byte {
	hopLen, before := mpNextHopLen(f, nextHop), f.NextHopForm().Before()
	b = appendAttributeHeader(b, FlagOptional, AttrMPReachNLRI, mpReachMinLen+hopLen+len(nlri))
	b = append(f.append(b), byte(hopLen))
	for _, a := range nextHop {
		octets := a.As16()
		b = append(append(b, make([]byte, before)...), octets[mpUnmapped(f, a):]...)
	}
	b = append(b, 0) // RFC 4760 §3: reserved, MUST be 0
	return append(b, nlri...)
}

func (p *updateParser) mpReach(v []byte) {
	if len(v) < mpReachMinLen {
		p.fault(Reset, UpdateOptionalAttribute)
		return
	}
	f, end := familyOf(v), 4+int(v[3])
	if end+1 > len(v) {
		// RFC 7606 §7.11: the NLRI cannot be found.
		p.fault(Reset, UpdateOptionalAttribute)
		return
	}
	nlri := v[end+1:] // the reserved octet MUST be ignored
	p.reachable = p.reachable || len(nlri) > 0
	if !p.negotiated(f) {
		p.fault(Discard, UpdateOptionalAttribute)
		return
	}
	reach := MPReach{Family: f, NLRI: nlri, PathIDs: p.pathIDs(f)}
	if !p.mpNextHop(&reach, v[4:end]) || len(invalidNLRI(f, reach.PathIDs, nlri)) > 0 {
		// RFC 7606 §7.11 and §5.3: the routes cannot be read.
		p.fault(Reset, UpdateOptionalAttribute)
		return
	}
	p.u.reach = reach
	p.u.MPReach = &p.u.reach
	linkLocal := reach.LinkLocal
	if !p.usableNextHop(reach.NextHop) || linkLocal.IsValid() && !linkLocal.IsLinkLocalUnicast() {
		// draft-ietf-idr-linklocal-capability §6, as RFC 7606 §7.3 for NEXT_HOP.
		p.fault(TreatAsWithdraw, UpdateInvalidNextHop)
	}
}

// mpNextHop reads the next hop, whose length tells its form (RFC 4760 §3, RFC
// 2545 §3, RFC 8950 §3), and reports whether the family may have such a next hop.
func (p *updateParser) mpNextHop(reach *MPReach, v []byte) bool {
	ipv4 := reach.Family.AFI == AFIIPv4
	switch {
	case len(v) == 4 && ipv4:
		reach.NextHop = netip.AddrFrom4([4]byte(v))
	case ipv4 && !p.opt.ExtendedNextHop:
		return false
	case len(v) == 16:
		reach.NextHop = netip.AddrFrom16([16]byte(v))
	case len(v) == 32:
		reach.NextHop = netip.AddrFrom16([16]byte(v))
		reach.LinkLocal = netip.AddrFrom16([16]byte(v[16:]))
		if reach.LinkLocal.IsLinkLocalUnicast() && (reach.NextHop.IsLinkLocalUnicast() || reach.NextHop.IsUnspecified()) {
			// draft-ietf-idr-linklocal-capability §6: without a global address some
			// speakers put the link-local one or zeros first: the second address counts.
			reach.NextHop, reach.LinkLocal = reach.LinkLocal, netip.Addr{}
		}
	default:
		return false
	}
	return true
}
