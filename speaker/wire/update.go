// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Encoding of UPDATE: RFC 4271 §4.3, RFC 4760, RFC 8950 §3. A message carries
// exactly one of Withdrawn Routes, NLRI, MP_REACH_NLRI and MP_UNREACH_NLRI, the
// multiprotocol attributes first (RFC 7606 §5.1).

package wire

import (
	"encoding/binary"
	"net/netip"
)

// updateOverhead is the length of an UPDATE that carries nothing: header,
// Withdrawn Routes Length (2 octets), Total Path Attribute Length (2).
const updateOverhead = HeaderLen + 2 + 2

// AppendReach appends an UPDATE that announces nlri, the concatenation of
// [AppendPrefix] results, with the next hop: one address, or for IPv6 on a
// shared link the global and the link-local one (RFC 2545 §3). IPv4 with an
// IPv4 next hop uses the fields of RFC 4271, all else MP_REACH_NLRI. The nlri
// must not be longer than [ReachRoom] says.
func AppendReach(b []byte, f Family, attrs AttributeBlock, nextHop []netip.Addr, nlri []byte) []byte {
	start := len(b)
	b = append(AppendHeader(b, TypeUpdate), 0, 0, 0, 0)
	if classic(f, nextHop) {
		b = append(b, attrs.Bytes[:attrs.NextHopOffset]...)
		b = appendNextHop(b, nextHop[0])
		b = append(b, attrs.Bytes[attrs.NextHopOffset:]...)
		setAttributesLen(b, start)
		return FinishMessage(append(b, nlri...), start)
	}
	b = appendMPReach(b, f, nextHop, nlri)
	b = append(b, attrs.Bytes...)
	setAttributesLen(b, start)
	return FinishMessage(b, start)
}

// classic reports whether routes go into the fields of RFC 4271 rather than
// into MP_REACH_NLRI.
func classic(f Family, nextHop []netip.Addr) bool {
	return f == IPv4Unicast && len(nextHop) == 1 && nextHop[0].Is4()
}

// setAttributesLen writes the Total Path Attribute Length of the UPDATE that
// starts at b[start], has no Withdrawn Routes, and so far ends with its attributes.
func setAttributesLen(b []byte, start int) {
	binary.BigEndian.PutUint16(b[start+HeaderLen+2:], uint16(len(b)-start-updateOverhead))
}

// ReachOverhead returns the number of octets of the message of [AppendReach] that
// are not NLRI. If the NLRI are so few that MP_REACH_NLRI has a short header, the
// result is one octet too many; [ReachRoom] is exact.
func ReachOverhead(f Family, attrs AttributeBlock, nextHop []netip.Addr) int {
	if classic(f, nextHop) {
		return updateOverhead + len(attrs.Bytes) + nextHopLen
	}
	const longHeader = 4
	return updateOverhead + len(attrs.Bytes) + longHeader + mpReachMinLen + mpNextHopLen(f, nextHop)
}

// ReachRoom returns how many octets of NLRI fit into a message of [AppendReach]
// that is at most maxLen octets long. The result is negative if the attributes
// alone do not fit.
func ReachRoom(f Family, attrs AttributeBlock, nextHop []netip.Addr, maxLen int) int {
	room := maxLen - ReachOverhead(f, attrs, nextHop)
	if classic(f, nextHop) {
		return room
	}
	return withShortHeader(room, mpReachMinLen+mpNextHopLen(f, nextHop))
}

// withShortHeader takes the room for NLRI in an attribute with a header of 4
// octets, and returns one octet more if the attribute then has a header of 3.
// The attribute's value holds overhead octets besides the NLRI.
func withShortHeader(room, overhead int) int {
	if attributeHeaderLen(overhead+room+1) == 3 {
		return room + 1
	}
	return room
}

// AppendUnreach appends an UPDATE that withdraws nlri, at most [UnreachRoom]
// octets: in Withdrawn Routes for IPv4 unicast, in MP_UNREACH_NLRI otherwise.
func AppendUnreach(b []byte, f Family, nlri []byte) []byte {
	start := len(b)
	b = AppendHeader(b, TypeUpdate)
	if f == IPv4Unicast {
		b = binary.BigEndian.AppendUint16(b, uint16(len(nlri)))
		b = append(b, nlri...)
		return FinishMessage(append(b, 0, 0), start)
	}
	b = appendMPUnreach(append(b, 0, 0, 0, 0), f, nlri)
	setAttributesLen(b, start)
	return FinishMessage(b, start)
}

// UnreachRoom returns how many octets of NLRI fit into a message of
// [AppendUnreach] that is at most maxLen octets long.
func UnreachRoom(f Family, maxLen int) int {
	room := maxLen - updateOverhead
	if f == IPv4Unicast {
		return room
	}
	return withShortHeader(room-4-mpUnreachMinLen, mpUnreachMinLen)
}

// AppendEndOfRIB appends the End-of-RIB marker of a family: an UPDATE that
// withdraws nothing (RFC 4724 §2).
func AppendEndOfRIB(b []byte, f Family) []byte {
	return AppendUnreach(b, f, nil)
}
