// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// MP_REACH_NLRI: RFC 4760 §3; next hops of IPv6: RFC 2545 §3; of IPv4 in IPv6:
// RFC 8950 §3; errors: RFC 7606 §7.11, RFC 4760 §7.

package wire

import "net/netip"

// mpReachMinLen is AFI (2 octets), SAFI (1), next hop length (1), reserved (1).
const mpReachMinLen = 5

// MPReach is a decoded MP_REACH_NLRI.
type MPReach struct {
	Family    Family
	NextHop   netip.Addr
	LinkLocal netip.Addr // valid if the next hop had a link-local address beside the global one
	NLRI      []byte     // for [Prefixes]; borrowed
}

// mpNextHopLen is the length of the next hop that appendMPReach writes.
func mpNextHopLen(nextHop []netip.Addr) int { return 16 * len(nextHop) }

// appendMPReach appends the whole attribute, its next hop as IPv6 addresses: an
// IPv4 one is written as IPv4-mapped.
func appendMPReach(b []byte, f Family, nextHop []netip.Addr, nlri []byte) []byte {
	hopLen := mpNextHopLen(nextHop)
	b = appendAttributeHeader(b, FlagOptional, AttrMPReachNLRI, mpReachMinLen+hopLen+len(nlri))
	b = append(f.append(b), byte(hopLen))
	for _, a := range nextHop {
		octets := a.As16()
		b = append(b, octets[:]...)
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
	hop, linkLocal, ok := p.mpNextHop(f, v[4:end])
	if !ok || !validNLRI(f, nlri) {
		// RFC 7606 §7.11 and §5.3: the routes cannot be told.
		p.fault(Reset, UpdateOptionalAttribute)
		return
	}
	p.u.reach = MPReach{Family: f, NextHop: hop, LinkLocal: linkLocal, NLRI: nlri}
	p.u.MPReach = &p.u.reach
	if !isHostAddress(hop) {
		p.fault(TreatAsWithdraw, UpdateInvalidNextHop)
	}
}

// mpNextHop reads the next hop, whose length tells its form (RFC 2545 §3,
// RFC 8950 §3).
func (p *updateParser) mpNextHop(f Family, v []byte) (hop, linkLocal netip.Addr, ok bool) {
	switch {
	case len(v) == 4 && f.AFI == AFIIPv4:
		return netip.AddrFrom4([4]byte(v)), netip.Addr{}, true
	case f.AFI == AFIIPv4 && !p.opt.ExtendedNextHop:
		return netip.Addr{}, netip.Addr{}, false
	case len(v) == 16:
		return netip.AddrFrom16([16]byte(v)), netip.Addr{}, true
	case len(v) == 32:
		return netip.AddrFrom16([16]byte(v)), netip.AddrFrom16([16]byte(v[16:])), true
	default:
		return netip.Addr{}, netip.Addr{}, false
	}
}
