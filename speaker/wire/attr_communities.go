// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// COMMUNITIES: RFC 1997; errors: RFC 7606 §7.8.

package wire

import "encoding/binary"

func (e *attributeEncoder) communities(list []Community) {
	e.header(FlagOptional|FlagTransitive, AttrCommunities, communityLen*len(list))
	for _, c := range list {
		e.b = binary.BigEndian.AppendUint32(e.b, uint32(c))
	}
}

func (p *updateParser) communities(v []byte) {
	if len(v) == 0 || len(v)%communityLen != 0 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	list := p.u.Attributes.Communities
	for ; len(v) > 0; v = v[communityLen:] {
		list = append(list, Community(binary.BigEndian.Uint32(v)))
	}
	p.u.Attributes.Communities = list
}
