// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/herald-bgp/herald/speaker/wire"
)

// updateReader reads the facts of an UPDATE (RFC 4271 §4.3, RFC 4760 §3 and §4).
type updateReader struct {
	addPath []wire.Family

	attributes []string // all but those that carry or belong to routes
	nextHop    string   // NEXT_HOP
	facts      []fact
}

// pathAttribute is one as it is on the wire.
type pathAttribute struct {
	flags uint8
	code  wire.AttributeType
	value []byte
	long  bool // its length has two octets
}

func (r *updateReader) read(body []byte) ([]fact, error) {
	withdrawnRoutes, rest, err := cutTLV(body, 0, 2)
	if err != nil {
		return nil, err
	}
	list, nlri, err := cutTLV(rest, 0, 2)
	if err != nil {
		return nil, err
	}
	attributes, err := pathAttributes(list)
	if err != nil {
		return nil, err
	}
	if family, ok := endOfRIBOf(withdrawnRoutes, attributes, nlri); ok {
		return []fact{{kind: endOfRIB, family: family}}, nil
	}
	for _, a := range attributes {
		r.note(a)
	}
	if err := r.routes(withdrawn, wire.IPv4Unicast, withdrawnRoutes, ""); err != nil {
		return nil, err
	}
	if err := r.routes(announced, wire.IPv4Unicast, nlri, "NEXT_HOP "+r.nextHop); err != nil {
		return nil, err
	}
	for _, a := range attributes {
		if err := r.multiprotocol(a); err != nil {
			return nil, err
		}
	}
	return r.facts, nil
}

// endOfRIBOf recognises the marker of RFC 4724 §2, whatever form the length of its attribute has.
func endOfRIBOf(withdrawnRoutes []byte, attributes []pathAttribute, nlri []byte) (wire.Family, bool) {
	switch {
	case len(withdrawnRoutes)+len(nlri) > 0:
		return wire.Family{}, false
	case len(attributes) == 0:
		return wire.IPv4Unicast, true
	case len(attributes) == 1 && attributes[0].code == wire.AttrMPUnreachNLRI && len(attributes[0].value) == 3:
		return familyOf(attributes[0].value), true
	}
	return wire.Family{}, false
}

// pathAttributes cuts a list of path attributes.
func pathAttributes(b []byte) ([]pathAttribute, error) {
	var all []pathAttribute
	for len(b) > 0 {
		lengthLen := 1
		if b[0]&wire.FlagExtendedLength != 0 {
			lengthLen = 2
		}
		value, rest, err := cutTLV(b, 2, lengthLen)
		if err != nil {
			return nil, err
		}
		all = append(all, pathAttribute{flags: b[0], code: wire.AttributeType(b[1]), value: value, long: lengthLen == 2})
		b = rest
	}
	return all, nil
}

// note keeps an attribute for the routes of the message.
func (r *updateReader) note(a pathAttribute) {
	switch a.code {
	case wire.AttrNextHop:
		r.nextHop = hex.EncodeToString(a.value)
	case wire.AttrMPReachNLRI, wire.AttrMPUnreachNLRI:
	default:
		r.attributes = append(r.attributes, fmt.Sprintf("%d/%02x=%x", a.code, a.flags, a.value))
	}
}

// multiprotocol reads MP_REACH_NLRI and MP_UNREACH_NLRI. A NEXT_HOP beside them says nothing (RFC 4760 §3).
func (r *updateReader) multiprotocol(a pathAttribute) error {
	switch a.code {
	case wire.AttrMPReachNLRI:
		if len(a.value) < 5 {
			return errTruncated
		}
		nextHop, rest, err := cutTLV(a.value[3:], 0, 1)
		if err != nil || len(rest) == 0 {
			return errTruncated
		}
		return r.routes(announced, familyOf(a.value), rest[1:], fmt.Sprintf("MP_REACH_NLRI %x", nextHop))
	case wire.AttrMPUnreachNLRI:
		if len(a.value) < 3 {
			return errTruncated
		}
		return r.routes(withdrawn, familyOf(a.value), a.value[3:], "")
	}
	return nil
}

// routes adds a fact for each route.
func (r *updateReader) routes(kind factKind, family wire.Family, nlri []byte, nextHop string) error {
	detail := ""
	if kind == announced {
		slices.Sort(r.attributes)
		detail = nextHop + " [" + strings.Join(r.attributes, " ") + "]"
	}
	if !slices.Contains(unicastFamilies, family) {
		r.facts = append(r.facts, fact{kind: kind, family: family, route: hex.EncodeToString(nlri), detail: detail})
		return nil
	}
	for len(nlri) > 0 {
		route, length, err := cutRoute(family, nlri, slices.Contains(r.addPath, family))
		if err != nil {
			return err
		}
		r.facts = append(r.facts, fact{kind: kind, family: family, route: route, detail: detail})
		nlri = nlri[length:]
	}
	return nil
}

// cutRoute reads the first route, with the length of its NLRI in octets.
func cutRoute(family wire.Family, nlri []byte, addPath bool) (route string, length int, err error) {
	var pathID uint32
	if addPath { // RFC 7911 §3
		if len(nlri) < 4 {
			return "", 0, errTruncated
		}
		pathID, length = binary.BigEndian.Uint32(nlri), 4
	}
	if len(nlri) <= length {
		return "", 0, errTruncated
	}
	bits := int(nlri[length])
	octets := (bits + 7) / 8
	length++
	if len(nlri) < length+octets {
		return "", 0, errTruncated
	}
	address := make([]byte, map[uint16]int{1: 4, 2: 16}[family.AFI])
	if octets > len(address) {
		return "", 0, fmt.Errorf("prefix of %d bits", bits)
	}
	copy(address, nlri[length:length+octets])
	addr, _ := netip.AddrFromSlice(address) // 4 or 16 octets
	prefix, err := addr.Prefix(bits)
	return routeText(prefix, pathID), length + octets, err
}

func familyOf(b []byte) wire.Family {
	return wire.Family{AFI: binary.BigEndian.Uint16(b), SAFI: b[2]}
}
