// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// EXTENDED_COMMUNITIES: RFC 4360 §2; errors: RFC 7606 §7.14.

package wire

func (e *attributeEncoder) extendedCommunities(list []ExtendedCommunity) {
	e.header(FlagOptional|FlagTransitive, AttrExtendedCommunities, extendedCommunityLen*len(list))
	for i := range list {
		e.b = append(e.b, list[i][:]...)
	}
}

func (p *updateParser) extendedCommunities(v []byte) {
	if len(v) == 0 || len(v)%extendedCommunityLen != 0 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	list := p.u.Attributes.ExtendedCommunities
	for ; len(v) > 0; v = v[extendedCommunityLen:] {
		list = append(list, ExtendedCommunity(v[:extendedCommunityLen]))
	}
	p.u.Attributes.ExtendedCommunities = list
}
