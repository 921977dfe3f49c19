// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// MP_UNREACH_NLRI: RFC 4760 §4; errors: RFC 7606 §5.3 and §7.12,
// RFC 4760 §7.

package wire

// mpUnreachMinLen is AFI (2 octets), SAFI (1).
const mpUnreachMinLen = 3

// MPUnreach is a decoded MP_UNREACH_NLRI.
type MPUnreach struct {
	Family  Family
	NLRI    []byte // for [Paths]; borrowed
	PathIDs bool   // NLRI have path identifiers
}

// appendMPUnreach appends the whole attribute.
func appendMPUnreach(b []byte, f Family, nlri []byte) []byte {
	b = appendAttributeHeader(b, FlagOptional, AttrMPUnreachNLRI, mpUnreachMinLen+len(nlri))
	return append(f.append(b), nlri...)
}

func (p *updateParser) mpUnreach(v []byte) {
	if len(v) < mpUnreachMinLen {
		p.fault(Reset, UpdateOptionalAttribute)
		return
	}
	f, nlri := familyOf(v), v[mpUnreachMinLen:]
	if !p.negotiated(f) {
		if len(nlri) > 0 { // else it says nothing: RFC 4724 §2, perhaps the End-of-RIB of each family that the peer knows
			p.fault(Discard, UpdateOptionalAttribute)
		}
		return
	}
	if len(invalidNLRI(f, p.pathIDs(f), nlri)) > 0 {
		// RFC 7606 §5.3: the routes cannot be read.
		p.fault(Reset, UpdateOptionalAttribute)
		return
	}
	p.u.unreach = MPUnreach{Family: f, NLRI: nlri, PathIDs: p.pathIDs(f)}
	p.u.MPUnreach = &p.u.unreach
}
