// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// AS4_PATH and AS4_AGGREGATOR, for peers without 4-octet ASNs: RFC 6793 §3 and
// §4.2; errors: RFC 6793 §6.

package wire

// needsAS4 reports whether an ASN in the path does not fit into two octets.
func (p ASPath) needsAS4() bool {
	for _, s := range p {
		for _, asn := range s.ASNs {
			if asn > 0xffff {
				return true
			}
		}
	}
	return false
}

// as4 appends AS4_PATH and AS4_AGGREGATOR with the ASNs that do not fit into the
// AS_PATH and AGGREGATOR of an OLD speaker. RFC 6793 §4.2.2: they MUST NOT be
// sent if all ASNs fit into two octets.
func (e *attributeEncoder) as4(path ASPath, g Aggregator) {
	if path.needsAS4() {
		e.header(FlagOptional|FlagTransitive, AttrAS4Path, path.wireLen(4))
		e.b = path.append(e.b, true)
	}
	if g.Addr.IsValid() && g.ASN > 0xffff {
		e.header(FlagOptional|FlagTransitive, AttrAS4Aggregator, aggregatorLen(true))
		e.b = g.append(e.b, true)
	}
}

func (p *updateParser) as4Path(v []byte) {
	sets, ok := p.parsePath(v, true, &p.u.as4Path)
	switch {
	case !ok:
		// RFC 6793 §6: a malformed AS4_PATH is discarded.
		p.u.as4Path = p.u.as4Path[:0]
		p.fault(Discard, UpdateOptionalAttribute)
	case sets:
		// RFC 9774 §3: AS_SET and AS_CONFED_SET, in AS4_PATH too.
		p.fault(TreatAsWithdraw, UpdateMalformedASPath)
	}
}

func (p *updateParser) as4Aggregator(v []byte) {
	if len(v) != aggregatorLen(true) {
		// RFC 6793 §6: a malformed AS4_AGGREGATOR is discarded.
		p.fault(Discard, UpdateAttributeLength)
		return
	}
	g, ok := parseAggregator(v, true)
	if !ok {
		p.fault(Discard, UpdateOptionalAttribute)
		return
	}
	p.as4AggregatorValue = g
}

// mergeAS4 puts the 4-octet information of an OLD speaker into AGGREGATOR and
// AS_PATH (RFC 6793 §4.2.3).
func (p *updateParser) mergeAS4() {
	a := &p.u.Attributes
	if a.Aggregator.Addr.IsValid() && p.as4AggregatorValue.Addr.IsValid() {
		if a.Aggregator.ASN != uint32(ASTrans) {
			// A speaker that knows no AS4 attributes aggregated the route: both are ignored.
			return
		}
		a.Aggregator = p.as4AggregatorValue
	}
	if len(p.u.as4Path) == 0 {
		return
	}
	surplus := a.ASPath.hops() - p.u.as4Path.hops()
	if surplus < 0 {
		return // fewer ASNs in AS_PATH: AS4_PATH is ignored
	}
	// The leading ASNs of AS_PATH come before AS4_PATH.
	lead := a.ASPath.head(surplus)
	a.ASPath = append(a.ASPath[:lead], p.u.as4Path...)
}

// hops counts the ASNs (RFC 6793 §4.2.3). A received path has no sets.
func (p ASPath) hops() int {
	n := 0
	for _, s := range p {
		n += len(s.ASNs)
	}
	return n
}

// head cuts p down to its first n ASNs and returns how many segments remain.
func (p ASPath) head(n int) int {
	for i := range p {
		if n == 0 {
			return i
		}
		if h := len(p[i].ASNs); h <= n {
			n -= h
			continue
		}
		p[i].ASNs = p[i].ASNs[:n]
		return i + 1
	}
	return len(p)
}
