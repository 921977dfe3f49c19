// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// ATOMIC_AGGREGATE: RFC 4271 §5.1.6; errors: RFC 7606 §7.6.

package wire

func (e *attributeEncoder) atomicAggregate() {
	e.header(FlagTransitive, AttrAtomicAggregate, 0)
}

func (p *updateParser) atomicAggregate(v []byte) {
	if len(v) != 0 {
		p.fault(Discard, UpdateAttributeLength)
		return
	}
	p.u.Attributes.AtomicAggregate = true
}
