// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// MULTI_EXIT_DISC: RFC 4271 §5.1.4; errors: RFC 7606 §7.4.

package wire

import "encoding/binary"

func (e *attributeEncoder) med(med uint32) {
	e.header(FlagOptional, AttrMED, 4)
	e.b = binary.BigEndian.AppendUint32(e.b, med)
}

func (p *updateParser) med(v []byte) {
	if len(v) != 4 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	p.u.Attributes.MED, p.u.Attributes.HasMED = binary.BigEndian.Uint32(v), true
}
