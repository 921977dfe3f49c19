// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// LOCAL_PREF: RFC 4271 §5.1.5; errors: RFC 7606 §7.5.

package wire

import "encoding/binary"

func (e *attributeEncoder) localPref(pref uint32) {
	e.header(FlagTransitive, AttrLocalPref, 4)
	e.b = binary.BigEndian.AppendUint32(e.b, pref)
}

func (p *updateParser) localPref(v []byte) {
	if len(v) != 4 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	p.u.Attributes.LocalPref, p.u.Attributes.HasLocalPref = binary.BigEndian.Uint32(v), true
}
