// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Extended communities: RFC 4360; with 4-octet ASNs: RFC 5668.

package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

const extendedCommunityLen = 8

// ExtendedCommunity is an extended community: type (1 octet), sub-type (1) and
// 6 octets that they define.
type ExtendedCommunity [extendedCommunityLen]byte

// Types, all transitive: how the value is divided into a global administrator
// and a local one.
const (
	extendedTwoOctetAS  = 0x00 // RFC 4360 §3.1: 2 and 4 octets
	extendedIPv4        = 0x01 // RFC 4360 §3.2: 4 and 2 octets
	extendedFourOctetAS = 0x02 // RFC 5668 §2: 4 and 2 octets
)

// Sub-types.
const (
	extendedRouteTarget = 0x02 // RFC 4360 §4
	extendedRouteOrigin = 0x03 // RFC 4360 §5
)

// String returns "rt:" (route target) or "soo:" (route origin) with the two
// administrators, such as "rt:64512:100", and the eight octets in hexadecimal,
// such as "0x0002fbf000000064", for a community whose short form
// [ParseExtendedCommunity] would not read back as the same octets.
func (c ExtendedCommunity) String() string {
	name := ""
	switch c[1] {
	case extendedRouteTarget:
		name = "rt:"
	case extendedRouteOrigin:
		name = "soo:"
	}
	if value := c.administrators(); name != "" && value != "" {
		return name + value
	}
	return "0x" + hex.EncodeToString(c[:])
}

// administrators returns "" if [ParseExtendedCommunity] would read the form as another community.
func (c ExtendedCommunity) administrators() string {
	global, local := binary.BigEndian.Uint32(c[2:]), binary.BigEndian.Uint16(c[6:])
	switch {
	case c[0] == extendedTwoOctetAS:
		return fmt.Sprintf("%d:%d", binary.BigEndian.Uint16(c[2:]), binary.BigEndian.Uint32(c[4:]))
	case c[0] == extendedIPv4:
		return fmt.Sprintf("%v:%d", netip.AddrFrom4([4]byte(c[2:6])), local)
	case c[0] == extendedFourOctetAS && global > 0xffff:
		return fmt.Sprintf("%d:%d", global, local)
	default:
		return ""
	}
}

// Compare orders extended communities as their octets on the wire.
func (c ExtendedCommunity) Compare(o ExtendedCommunity) int {
	return bytes.Compare(c[:], o[:])
}

// ParseExtendedCommunity reads "rt:GLOBAL:LOCAL", "soo:GLOBAL:LOCAL" (or "ro:")
// or eight octets in hexadecimal, "0x0002fbf000000064". GLOBAL is an ASN or an
// IPv4 address; LOCAL has 32 bits after an ASN up to 65535, else 16.
func ParseExtendedCommunity(s string) (ExtendedCommunity, error) {
	kind, value, _ := strings.Cut(s, ":")
	switch strings.ToLower(kind) {
	case "rt":
		return parseAdministrators(extendedRouteTarget, s, value)
	case "soo", "ro":
		return parseAdministrators(extendedRouteOrigin, s, value)
	}
	var c ExtendedCommunity
	digits, ok := strings.CutPrefix(strings.ToLower(s), "0x")
	if !ok || len(digits) != 2*len(c) {
		return ExtendedCommunity{}, extendedCommunityError(s)
	}
	if _, err := hex.Decode(c[:], []byte(digits)); err != nil {
		return ExtendedCommunity{}, extendedCommunityError(s)
	}
	return c, nil
}

// parseAdministrators reads GLOBAL:LOCAL of the community whose text is s.
func parseAdministrators(subtype byte, s, value string) (ExtendedCommunity, error) {
	global, local, _ := strings.Cut(value, ":")
	c := ExtendedCommunity{1: subtype}
	localBits := 16
	if addr, err := netip.ParseAddr(global); err == nil && addr.Is4() {
		octets := addr.As4()
		c[0] = extendedIPv4
		copy(c[2:], octets[:])
	} else if asn, err := strconv.ParseUint(global, 10, 32); err != nil {
		return ExtendedCommunity{}, extendedCommunityError(s)
	} else if asn > 0xffff {
		c[0] = extendedFourOctetAS // RFC 5668 §2
		binary.BigEndian.PutUint32(c[2:], uint32(asn))
	} else {
		c[0] = extendedTwoOctetAS
		binary.BigEndian.PutUint16(c[2:], uint16(asn))
		localBits = 32
	}
	n, err := strconv.ParseUint(local, 10, localBits)
	if err != nil {
		return ExtendedCommunity{}, extendedCommunityError(s)
	}
	if localBits == 32 {
		binary.BigEndian.PutUint32(c[4:], uint32(n))
	} else {
		binary.BigEndian.PutUint16(c[6:], uint16(n))
	}
	return c, nil
}

func extendedCommunityError(s string) error {
	return fmt.Errorf("extended community %q is neither rt:GLOBAL:LOCAL, soo:GLOBAL:LOCAL "+
		"(an ASN or IPv4 address, and a number of 32 bits, or 16 after an address or a 4-octet ASN) "+
		"nor 0x with 16 hexadecimal digits", s)
}
