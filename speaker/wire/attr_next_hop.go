// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// NEXT_HOP: RFC 4271 §5.1.3 and §6.3; errors: RFC 7606 §7.3.

package wire

import "net/netip"

// nextHopLen is the length of the attribute with its header.
const nextHopLen = 3 + 4

func appendNextHop(b []byte, a netip.Addr) []byte {
	return appendIPv4(appendAttributeHeader(b, FlagTransitive, AttrNextHop, 4), a)
}

func (p *updateParser) nextHop(v []byte) {
	if len(v) != 4 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	a := netip.AddrFrom4([4]byte(v))
	if !p.usableNextHop(a) {
		p.fault(TreatAsWithdraw, UpdateInvalidNextHop)
		return
	}
	p.u.Attributes.NextHop = a
}

// usableNextHop reports whether a can be the next hop of a peer's routes. RFC
// 4271 §6.3: a must be the address of a host, and not our own. A loopback address
// is usable on a session over loopback.
func (p *updateParser) usableNextHop(a netip.Addr) bool {
	a = a.Unmap()
	local := p.opt.LocalAddress
	if local.IsValid() && (a == local.Unmap().WithZone("") || a.IsLoopback() && !local.Unmap().IsLoopback()) {
		return false
	}
	return IsHostAddress(a)
}
