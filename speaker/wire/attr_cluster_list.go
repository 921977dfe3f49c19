// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// CLUSTER_LIST: RFC 4456 §8; errors: RFC 7606 §7.10.

package wire

import "net/netip"

func (e *attributeEncoder) clusterList(ids []netip.Addr) {
	e.header(FlagOptional, AttrClusterList, 4*len(ids))
	for _, id := range ids {
		e.b = appendIPv4(e.b, id)
	}
}

func (p *updateParser) clusterList(v []byte) {
	if len(v) == 0 || len(v)%4 != 0 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	list := p.u.Attributes.ClusterList
	for ; len(v) > 0; v = v[4:] {
		list = append(list, netip.AddrFrom4([4]byte(v)))
	}
	p.u.Attributes.ClusterList = list
}
