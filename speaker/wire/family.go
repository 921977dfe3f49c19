// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Address families: RFC 4760 §3, the IANA registries of AFI and SAFI.

package wire

import (
	"encoding/binary"
	"fmt"
)

// The address family identifiers and the subsequent ones that Herald speaks.
const (
	AFIIPv4     uint16 = 1
	AFIIPv6     uint16 = 2
	SAFIUnicast uint8  = 1
)

// Family is a pair of address family identifier and subsequent one.
type Family struct {
	AFI  uint16
	SAFI uint8
}

// The families that Herald announces.
var (
	IPv4Unicast = Family{AFI: AFIIPv4, SAFI: SAFIUnicast}
	IPv6Unicast = Family{AFI: AFIIPv6, SAFI: SAFIUnicast}
)

// String returns "ipv4-unicast", "ipv6-unicast", or the numbers of another family.
func (f Family) String() string {
	switch f {
	case IPv4Unicast:
		return "ipv4-unicast"
	case IPv6Unicast:
		return "ipv6-unicast"
	default:
		return fmt.Sprintf("afi-%d-safi-%d", f.AFI, f.SAFI)
	}
}

// familyOf reads a family as AFI (2 octets) and SAFI (1 octet).
func familyOf(b []byte) Family {
	return Family{AFI: binary.BigEndian.Uint16(b), SAFI: b[2]}
}

func (f Family) append(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, f.AFI), f.SAFI)
}
