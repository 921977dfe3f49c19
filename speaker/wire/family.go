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

// NextHopForm is how MP_REACH_NLRI names the next hop of a family's routes (RFC 4760 §3).
type NextHopForm uint8

// The forms of next hops.
const (
	// NextHopAddress is one address, or for IPv6 on a shared link the global one and the link-local one.
	NextHopAddress NextHopForm = iota
	// NextHopVPN has a route distinguisher of zero before each address (RFC 4364 §4.3.2, RFC 4659 §3.2.1).
	NextHopVPN
	// NextHopNone is no next hop at all: the routes are rules, which no packet follows (RFC 8955 §4).
	NextHopNone
)

// The subsequent address family identifiers whose next hops have another form.
const (
	safiVPN         uint8 = 128
	safiFlowSpec    uint8 = 133
	safiFlowSpecVPN uint8 = 134
)

// NextHopForm is that of the family.
func (f Family) NextHopForm() NextHopForm {
	switch f.SAFI {
	case safiVPN:
		return NextHopVPN
	case safiFlowSpec, safiFlowSpecVPN:
		return NextHopNone
	}
	return NextHopAddress
}

// distinguisherLen is the length of a route distinguisher (RFC 4364 §4.2).
const distinguisherLen = 8

// Before is how many octets, all zero, go before each address.
func (n NextHopForm) Before() int {
	if n == NextHopVPN {
		return distinguisherLen
	}
	return 0
}

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
