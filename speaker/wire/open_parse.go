// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Decoding of OPEN: RFC 4271 §4.2 and §6.2, RFC 5492 §4, RFC 6286 §2.1,
// RFC 7607 §2, RFC 9072 §2.

package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// openError returns a NOTIFICATION whose data is a copy of the offending field:
// RFC 4271 §4.5 leaves the data to the sender where §6.2 says nothing. The detail
// is for people.
func openError(subcode uint8, field []byte, detail string, args ...any) *Notification {
	return &Notification{
		Code: CodeOpen, Subcode: subcode, Data: append([]byte(nil), field...), Detail: fmt.Sprintf(detail, args...),
	}
}

// ParseOpen reads the body of an OPEN. The error is a [*Notification]. The caller
// checks whether the peer's ASN and identifier are the expected ones.
func ParseOpen(body []byte) (*Open, error) {
	if len(body) < minOpenLen-HeaderLen {
		return nil, openError(OpenUnspecific, nil, "OPEN of %d octets, expected at least %d", HeaderLen+len(body), minOpenLen)
	}
	o := &Open{
		Version:  body[0],
		ASN:      binary.BigEndian.Uint16(body[1:]),
		HoldTime: binary.BigEndian.Uint16(body[3:]),
		RouterID: netip.AddrFrom4([4]byte(body[5:9])),
	}
	switch {
	case o.Version != Version:
		// RFC 4271 §6.2: the data is the version we support, in two octets.
		return nil, openError(OpenUnsupportedVersion, []byte{0, Version}, "version %d, expected %d", o.Version, Version)
	case o.ASN == 0:
		// RFC 7607 §2: AS 0 MUST be answered with Bad Peer AS.
		return nil, openError(OpenBadPeerAS, body[1:3], "My Autonomous System 0, expected another")
	case o.HoldTime != 0 && o.HoldTime < minHoldTime:
		// RFC 4271 §6.2: one and two seconds MUST be rejected.
		return nil, openError(OpenUnacceptableHoldTime, body[3:5], "hold time %d s, expected 0 or at least %d s", o.HoldTime, minHoldTime)
	case o.RouterID == netip.IPv4Unspecified():
		// RFC 6286 §2.2: an identifier of zero is wrong.
		return nil, openError(OpenBadIdentifier, body[5:9], "BGP identifier %v, expected another", o.RouterID)
	}
	if n := o.parseParameters(body[9:]); n != nil {
		return nil, n
	}
	if o.Capabilities.GracefulRestart == nil {
		// RFC 9494 §4.1: without the capability of RFC 4724 it MUST be ignored.
		o.Capabilities.LongLived = nil
	}
	return o, nil
}

// parseParameters reads the optional parameters with their length.
func (o *Open) parseParameters(b []byte) *Notification {
	length, rest, lengthLen := int(b[0]), b[1:], 1
	// RFC 9072 §2: a first parameter type of 255 marks the extended form. It MUST
	// be accepted for any length, and for any length octet but 0.
	if length != 0 && len(rest) >= 3 && rest[0] == parameterExtended {
		length, rest, lengthLen = int(binary.BigEndian.Uint16(rest[1:])), rest[3:], 2
	}
	if length != len(rest) {
		return openError(OpenUnspecific, nil, "optional parameters length %d, expected %d as there are octets", length, len(rest))
	}
	for len(rest) > 0 {
		if len(rest) < 1+lengthLen {
			return openError(OpenUnspecific, nil, "%d left of an optional parameter's type and length, expected %d octets", len(rest), 1+lengthLen)
		}
		kind, n := rest[0], int(rest[1])
		if lengthLen == 2 {
			n = int(binary.BigEndian.Uint16(rest[1:]))
		}
		rest = rest[1+lengthLen:]
		if n > len(rest) {
			return openError(OpenUnspecific, nil, "optional parameter %d of length %d, expected at most %d as there are octets left", kind, n, len(rest))
		}
		if kind != parameterCapabilities {
			// RFC 4271 §6.2: an optional parameter that is not recognized.
			return openError(OpenUnsupportedParameter, nil, "optional parameter %d, expected %d for capabilities", kind, parameterCapabilities)
		}
		// RFC 5492 §4: several capabilities parameters MUST be accepted.
		o.HasCapabilities = true
		if err := o.Capabilities.parse(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}
