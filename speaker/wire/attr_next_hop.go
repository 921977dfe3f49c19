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
	if !isHostAddress(a) {
		p.fault(TreatAsWithdraw, UpdateInvalidNextHop)
		return
	}
	p.u.Attributes.NextHop = a
}

// isHostAddress reports whether a can be that of a host (RFC 4271 §6.3).
func isHostAddress(a netip.Addr) bool {
	broadcast := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	return !a.IsUnspecified() && !a.IsMulticast() && a != broadcast
}
