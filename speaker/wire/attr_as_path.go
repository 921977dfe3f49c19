// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// AS_PATH: RFC 4271 §4.3 and §5.1.2, RFC 6793 §4 (4-octet ASNs); errors:
// RFC 7606 §7.2; AS 0: RFC 7607 §2; confederations (RFC 5065) are not supported.

package wire

import (
	"encoding/binary"
	"slices"
	"strconv"
)

// SegmentType is the type of an AS_PATH segment.
type SegmentType uint8

// The segment types (RFC 4271 §4.3).
const (
	ASSet      SegmentType = 1 // RFC 9774 §3: no longer sent, no longer accepted
	ASSequence SegmentType = 2
	// The types of confederations (RFC 5065 §3) are malformed outside of one.
	asConfedSequence SegmentType = 3
	asConfedSet      SegmentType = 4
)

const (
	segmentHeaderLen = 2   // type (1 octet), count of ASNs (1)
	maxSegmentASNs   = 255 // the greatest value of the count
)

// ASPathSegment is a segment of an AS_PATH.
type ASPathSegment struct {
	Type SegmentType
	ASNs []uint32
}

// ASPath is an AS_PATH. Its segments may be longer than the wire's.
type ASPath []ASPathSegment

// String returns the ASNs with sets in braces, such as "64512 65001 {1 2}".
func (p ASPath) String() string {
	var b []byte
	for _, s := range p {
		if s.Type == ASSet {
			b = append(appendSpace(b), '{')
		}
		for _, asn := range s.ASNs {
			b = strconv.AppendUint(appendSpace(b), uint64(asn), 10)
		}
		if s.Type == ASSet {
			b = append(b, '}')
		}
	}
	return string(b)
}

func appendSpace(b []byte) []byte {
	if len(b) == 0 || b[len(b)-1] == '{' {
		return b
	}
	return append(b, ' ')
}

// Prepend returns a new path with the ASN n times before p. RFC 4271 §5.1.2:
// a leading AS_SEQUENCE is extended, else one is put first.
func (p ASPath) Prepend(asn uint32, n int) ASPath {
	if n <= 0 {
		return p
	}
	first := ASPathSegment{Type: ASSequence, ASNs: slices.Repeat([]uint32{asn}, n)}
	rest := p
	if len(p) > 0 && p[0].Type == ASSequence {
		first.ASNs = append(first.ASNs, p[0].ASNs...)
		rest = p[1:]
	}
	return append(ASPath{first}, rest...)
}

// wireLen is the length of the encoded path.
func (p ASPath) wireLen(asnLen int) int {
	n := 0
	for _, s := range p {
		segments := (len(s.ASNs) + maxSegmentASNs - 1) / maxSegmentASNs
		n += segments*segmentHeaderLen + len(s.ASNs)*asnLen
	}
	return n
}

// append appends the segments, those of more than 255 ASNs in several parts.
// The surplus of an AS_SEQUENCE is the first part, as if it had been prepended
// (RFC 4271 §5.1.2).
func (p ASPath) append(b []byte, as4 bool) []byte {
	for _, s := range p {
		asns := s.ASNs
		for len(asns) > 0 {
			n := (len(asns)-1)%maxSegmentASNs + 1
			b = append(b, byte(s.Type), byte(n))
			for _, asn := range asns[:n] {
				b = appendASN(b, asn, as4)
			}
			asns = asns[n:]
		}
	}
	return b
}

func appendASN(b []byte, asn uint32, as4 bool) []byte {
	if as4 {
		return binary.BigEndian.AppendUint32(b, asn)
	}
	return binary.BigEndian.AppendUint16(b, twoOctetASN(asn))
}

// asnLen is the length of an ASN in AS_PATH.
func asnLen(as4 bool) int {
	if as4 {
		return 4
	}
	return 2
}

func (e *attributeEncoder) asPath(p ASPath, as4 bool) {
	e.header(FlagTransitive, AttrASPath, p.wireLen(asnLen(as4)))
	e.b = p.append(e.b, as4)
}

func (p *updateParser) asPath(v []byte) {
	sets, ok := p.parsePath(v, p.opt.AS4, &p.u.Attributes.ASPath)
	if sets || !ok {
		// RFC 7606 §7.2: malformed. RFC 9774 §3: AS_SET and AS_CONFED_SET.
		p.u.Attributes.ASPath = p.u.Attributes.ASPath[:0]
		p.fault(TreatAsWithdraw, UpdateMalformedASPath)
	}
}

// parsePath appends the AS_SEQUENCEs in v to path, with their ASNs in the Update's
// own memory. It reports whether v had sets, which are left out, and whether v is
// well formed. RFC 7606 §7.2: each type must be known, each count must be greater
// than zero, and no octets may be left over.
func (p *updateParser) parsePath(v []byte, as4 bool, path *ASPath) (sets, ok bool) {
	size := asnLen(as4)
	for len(v) > 0 {
		if len(v) < segmentHeaderLen {
			return sets, false
		}
		kind, n := SegmentType(v[0]), int(v[1])
		v = v[segmentHeaderLen:]
		if !p.acceptable(kind) || n == 0 || n*size > len(v) {
			return sets, false
		}
		asns, ok := p.parseASNs(v[:n*size], as4)
		if !ok {
			return sets, false
		}
		switch kind {
		case ASSequence:
			*path = append(*path, ASPathSegment{Type: kind, ASNs: asns})
		case ASSet, asConfedSet:
			sets = true
		}
		v = v[n*size:]
	}
	return sets, true
}

// acceptable reports whether the current attribute may have a segment of this type.
// RFC 5065 §5: segments of a confederation are malformed in the AS_PATH of a peer that
// shares none with us; RFC 6793 §6: in AS4_PATH they MUST be left out and the rest used.
func (p *updateParser) acceptable(kind SegmentType) bool {
	switch kind {
	case ASSet, ASSequence:
		return true
	case asConfedSequence, asConfedSet:
		return p.current.kind == AttrAS4Path
	default:
		return false
	}
}

// parseASNs reads ASNs. RFC 7607 §2: a path that holds AS 0 is malformed.
func (p *updateParser) parseASNs(v []byte, as4 bool) ([]uint32, bool) {
	from, size := len(p.u.asns), asnLen(as4)
	for ; len(v) > 0; v = v[size:] {
		asn := readASN(v, as4)
		if asn == 0 {
			return nil, false
		}
		p.u.asns = append(p.u.asns, asn)
	}
	return p.u.asns[from:len(p.u.asns):len(p.u.asns)], true
}

func readASN(v []byte, as4 bool) uint32 {
	if as4 {
		return binary.BigEndian.Uint32(v)
	}
	return uint32(binary.BigEndian.Uint16(v))
}
