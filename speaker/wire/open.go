// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// OPEN: RFC 4271 §4.2; its extended optional parameters: RFC 9072 §2; the
// optional parameter for capabilities: RFC 5492 §4.

package wire

import (
	"encoding/binary"
	"net/netip"
)

const (
	// Version is the version of BGP (RFC 4271 §4.2).
	Version uint8 = 4
	// ASTrans stands in for an ASN that needs 4 octets where there are only two
	// (RFC 6793 §9).
	ASTrans uint16 = 23456

	// minHoldTime is the least hold time in seconds that is not 0 (RFC 4271 §4.2).
	minHoldTime = 3

	parameterCapabilities = 2   // RFC 5492 §4
	parameterExtended     = 255 // RFC 9072 §2

	maxParametersLen = 255 // octets in the form of RFC 4271
	// maxCapabilitiesLen keeps an OPEN of the extended form within
	// [MaxMessageLen]: 3 octets of extended length, 3 of parameter header.
	maxCapabilitiesLen = MaxMessageLen - minOpenLen - 3 - 3
)

// Open is an OPEN message.
type Open struct {
	Version  uint8
	ASN      uint16     // My Autonomous System: 2 octets, [ASTrans] if it needs more
	HoldTime uint16     // seconds; 0 is none
	RouterID netip.Addr // BGP Identifier, written as an IPv4 address (RFC 6286)

	// Capabilities are sent only if HasCapabilities is set. After parsing,
	// HasCapabilities says whether the OPEN had a capabilities parameter.
	Capabilities    Capabilities
	HasCapabilities bool
}

// PeerASN returns the sender's ASN: the ASN in the 4-octet capability if the OPEN
// has it (RFC 6793 §4.1), else My Autonomous System.
func (o *Open) PeerASN() uint32 {
	if o.Capabilities.FourOctetAS != 0 {
		return o.Capabilities.FourOctetAS
	}
	return uint32(o.ASN)
}

// Append appends the whole message. My Autonomous System is [ASTrans] if the
// 4-octet ASN does not fit (RFC 6793 §4.2.1). Capabilities that do not fit into
// [MaxMessageLen] (RFC 8654 §4: an OPEN never exceeds it) are left out.
func (o *Open) Append(b []byte) []byte {
	asn := o.ASN
	if as4 := o.Capabilities.FourOctetAS; o.HasCapabilities && as4 != 0 {
		asn = twoOctetASN(as4)
	}
	start := len(b)
	b = append(AppendHeader(b, TypeOpen), o.Version)
	b = binary.BigEndian.AppendUint16(b, asn)
	b = binary.BigEndian.AppendUint16(b, o.HoldTime)
	b = appendIPv4(b, o.RouterID)
	b = o.appendParameters(b)
	return FinishMessage(b, start)
}

// appendParameters appends the optional parameters with their length: all
// capabilities in one parameter (RFC 5492 §4).
func (o *Open) appendParameters(b []byte) []byte {
	if !o.HasCapabilities {
		return append(b, 0)
	}
	length := len(b)
	b = append(b, 0, parameterCapabilities, 0)
	b = o.Capabilities.append(b)
	n := len(b) - length - 3
	if n+2 <= maxParametersLen {
		b[length], b[length+2] = byte(n+2), byte(n)
		return b
	}
	// RFC 9072 §2: the length octet and the next one are 255, then come the true
	// length and parameters with lengths of two octets.
	b = append(b, 0, 0, 0, 0)
	copy(b[length+7:], b[length+3:])
	b[length], b[length+1] = parameterExtended, parameterExtended
	binary.BigEndian.PutUint16(b[length+2:], uint16(n+3))
	b[length+4] = parameterCapabilities
	binary.BigEndian.PutUint16(b[length+5:], uint16(n))
	return b
}

// twoOctetASN returns the ASN if it fits into two octets, else [ASTrans].
func twoOctetASN(asn uint32) uint16 {
	if asn > 0xffff {
		return ASTrans
	}
	return uint16(asn)
}

// appendIPv4 appends 4 octets, zeros if a is no IPv4 address.
func appendIPv4(b []byte, a netip.Addr) []byte {
	if a = a.Unmap(); !a.Is4() {
		return append(b, 0, 0, 0, 0)
	}
	octets := a.As4()
	return append(b, octets[:]...)
}
