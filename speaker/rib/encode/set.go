// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"fmt"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Set is all that the messages of a group of routes have in common, but for next hop self: an attribute set. It is immutable, but for
// the count of its users.
type Set struct {
	Block wire.AttributeBlock
	// NextHop is the explicit one, or a placeholder of the same length for next hop self.
	NextHop []netip.Addr
	Self    bool
	// Reason is why nothing is sent instead; a set with one has nothing else.
	Reason Reason
	// Number tells the sets of an encoder apart, from 0. The number of a set without users goes to another one.
	Number uint32
	// key is the block and the next hop: sets with one key are the same to the peer.
	key string
	// Room is how many octets of NLRI fit into a message, negative where not even the attributes do.
	Room  int
	users int
}

// Reason is why a route is not sent on a session.
type Reason uint8

// The reasons, which package rib explains. Sent is none.
const (
	Sent Reason = iota
	Conflict
	FamilyNotNegotiated
	NoNextHop
	OnlyToCustomer
	GuardRefused
	TooLong
)

// String names the reason.
func (r Reason) String() string {
	switch r {
	case Sent:
		return "sent"
	case Conflict:
		return "conflict"
	case FamilyNotNegotiated:
		return "family not negotiated"
	case NoNextHop:
		return "no next hop"
	case OnlyToCustomer:
		return "only to customer"
	case GuardRefused:
		return "guard refused"
	case TooLong:
		return "too long"
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// Same reports whether the peer sees no difference between the sets, either of which may be nil.
func (s *Set) Same(o *Set) bool {
	return s == o || s != nil && o != nil && s.key == o.key
}

// SameWith returns the next hop self with which the peer sees no difference between the sets, though one names a next hop and the other
// is of next hop self; nil where it sees one anyway.
func (s *Set) SameWith(o *Set) (self []netip.Addr) {
	switch {
	case s.Self == o.Self || s.Block.Bytes != o.Block.Bytes:
		return nil
	case s.Self:
		return o.NextHop
	}
	return s.NextHop
}

// AppendReach appends an UPDATE that announces NLRI of a family with the set. Where it names next hop self and self is nil, the place
// is noted in patches, for Patch.
func (s *Set) AppendReach(b []byte, f wire.Family, nlri []byte, self []netip.Addr, patches *[]int) []byte {
	start := len(b)
	b = wire.AppendReach(b, f, s.Block, s.NextHop, nlri)
	if s.Self {
		at := s.nextHopAt(b, start, f)
		if self == nil {
			*patches = append(*patches, at)
		} else {
			Patch(b, at, f, self)
		}
	}
	return b
}

// nextHopAt is where the next hop is in the message at b[start].
func (s *Set) nextHopAt(b []byte, start int, f wire.Family) int {
	const attributes = wire.HeaderLen + 4 // after Withdrawn Routes Length and Total Path Attribute Length
	if f == wire.IPv4Unicast && s.NextHop[0].Is4() {
		return start + attributes + s.Block.NextHopOffset + 3 // flags, type, length
	}
	// MP_REACH_NLRI goes first (RFC 7606 §5.1): flags, type, one or two octets of length, AFI, SAFI, length of next hop.
	at := start + attributes + 3 + 4
	if b[start+attributes]&wire.FlagExtendedLength != 0 {
		at++
	}
	return at
}

// Patch writes next hop self into a message of a family, at a place that AppendReach noted.
func Patch(b []byte, at int, f wire.Family, self []netip.Addr) {
	before := f.NextHopForm().Before()
	for _, a := range self {
		at += before
		if a.Is4() {
			v := a.As4()
			at += copy(b[at:], v[:])
			continue
		}
		v := a.As16()
		at += copy(b[at:], v[:])
	}
}
