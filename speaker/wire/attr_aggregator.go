// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// AGGREGATOR: RFC 4271 §5.1.7, RFC 6793 §4; errors: RFC 7606 §7.7; AS 0:
// RFC 7607 §2.

package wire

import "net/netip"

// Aggregator is the value of AGGREGATOR: who formed the aggregate.
type Aggregator struct {
	ASN  uint32
	Addr netip.Addr // IPv4: the aggregating speaker's
}

// aggregatorLen is the length of the value: an ASN and 4 octets of address.
func aggregatorLen(as4 bool) int { return asnLen(as4) + 4 }

func (g Aggregator) append(b []byte, as4 bool) []byte {
	return appendIPv4(appendASN(b, g.ASN, as4), g.Addr)
}

func (e *attributeEncoder) aggregator(g Aggregator, as4 bool) {
	e.header(FlagOptional|FlagTransitive, AttrAggregator, aggregatorLen(as4))
	e.b = g.append(e.b, as4)
}

// rawAggregator reads the first AGGREGATOR among the raw attributes, with an ASN of 4 octets. It returns the zero value if there is none.
func rawAggregator(raw []RawAttribute) Aggregator {
	for i := range raw {
		if raw[i].Type == AttrAggregator && len(raw[i].Value) == aggregatorLen(true) {
			g, _ := parseAggregator(raw[i].Value, true)
			return g
		}
	}
	return Aggregator{}
}

// parseAggregator reads a value of the right length; AS 0 is malformed.
func parseAggregator(v []byte, as4 bool) (Aggregator, bool) {
	asn := readASN(v, as4)
	return Aggregator{ASN: asn, Addr: netip.AddrFrom4([4]byte(v[asnLen(as4):]))}, asn != 0
}

func (p *updateParser) aggregator(v []byte) {
	if len(v) != aggregatorLen(p.opt.AS4) {
		p.fault(Discard, UpdateAttributeLength)
		return
	}
	g, ok := parseAggregator(v, p.opt.AS4)
	if !ok {
		p.fault(Discard, UpdateOptionalAttribute)
		return
	}
	p.u.Attributes.Aggregator = g
}
