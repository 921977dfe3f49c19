// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// ORIGIN: RFC 4271 §5.1.1; errors: RFC 7606 §7.1.

package wire

import "strconv"

// Origin is the value of ORIGIN.
type Origin uint8

// The values of ORIGIN (RFC 4271 §4.3).
const (
	OriginIGP        Origin = 0
	OriginEGP        Origin = 1
	OriginIncomplete Origin = 2
)

// String returns "IGP", "EGP" or "INCOMPLETE".
func (o Origin) String() string {
	switch o {
	case OriginIGP:
		return "IGP"
	case OriginEGP:
		return "EGP"
	case OriginIncomplete:
		return "INCOMPLETE"
	default:
		return "origin " + strconv.Itoa(int(o))
	}
}

func (e *attributeEncoder) origin(o Origin) {
	e.header(FlagTransitive, AttrOrigin, 1)
	e.b = append(e.b, byte(o))
}

func (p *updateParser) origin(v []byte) {
	if len(v) != 1 {
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	if Origin(v[0]) > OriginIncomplete {
		p.fault(TreatAsWithdraw, UpdateInvalidOrigin)
		return
	}
	p.u.Attributes.Origin = Origin(v[0])
}
