// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// ORIGINATOR_ID: RFC 4456 §8; errors: RFC 7606 §7.9.

package wire

import "net/netip"

func (e *attributeEncoder) originatorID(id netip.Addr) {
	e.header(FlagOptional, AttrOriginatorID, 4)
	e.b = appendIPv4(e.b, id)
}

func (p *updateParser) originatorID(v []byte) {
	if len(v) != 4 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	p.u.Attributes.OriginatorID = netip.AddrFrom4([4]byte(v))
}
