// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// LARGE_COMMUNITY: RFC 8092 §3; errors: RFC 8092 §6.

package wire

import "encoding/binary"

func (e *attributeEncoder) largeCommunities(list []LargeCommunity) {
	e.header(FlagOptional|FlagTransitive, AttrLargeCommunities, largeCommunityLen*len(list))
	for _, c := range list {
		e.b = binary.BigEndian.AppendUint32(e.b, c.Global)
		e.b = binary.BigEndian.AppendUint32(e.b, c.Local1)
		e.b = binary.BigEndian.AppendUint32(e.b, c.Local2)
	}
}

func (p *updateParser) largeCommunities(v []byte) {
	if len(v) == 0 || len(v)%largeCommunityLen != 0 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	list := p.u.Attributes.LargeCommunities
	for ; len(v) > 0; v = v[largeCommunityLen:] {
		list = append(list, LargeCommunity{
			Global: binary.BigEndian.Uint32(v),
			Local1: binary.BigEndian.Uint32(v[4:]),
			Local2: binary.BigEndian.Uint32(v[8:]),
		})
	}
	p.u.Attributes.LargeCommunities = list
}
