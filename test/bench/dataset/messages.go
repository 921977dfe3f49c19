// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/binary"
	"net/netip"
)

// Octets of RFC 4271 §4.1 and §4.3.
const (
	headerLength  = 19
	maxMessage    = 4096
	updateLengths = 4 // Withdrawn Routes Length and Total Path Attribute Length
	typeUpdate    = 2
)

// Octets of path attributes (RFC 4271 §4.3, RFC 1997, RFC 4760 §3).
const (
	transitive             = 0x40
	optional               = 0x80
	extendedLength         = 0x10
	codeOrigin             = 1
	codeASPath             = 2
	codeNextHop            = 3
	codeCommunities        = 8
	codeMPReach            = 14
	segmentSequence        = 2
	mpReachOverhead        = 4 + 3 + 1 + 16 + 1 // header, family, next hop and its length, reserved
	nextHopLength4         = 7                  // NEXT_HOP with its header
	longestPrefix4         = 5
	longestPrefix6         = 17
	addressFamilyIPv6      = 2
	subsequentUnicast      = 1
	communitiesOfASN       = ASN << 16
	originIGP         byte = 0
)

// Messages encodes the routes as an external speaker of ASN does that fills each UPDATE: what the floor writes.
func (d *Data) Messages(nextHop netip.Addr) []byte {
	var b []byte
	for i := range d.Sets {
		b = d.Sets[i].appendMessages(b, nextHop)
	}
	return b
}

// MessageBound is the most UPDATEs that the routes may take: for each set, its NLRI octets by what is left for them in
// a message, less the most that a prefix can leave unused.
func (d *Data) MessageBound() int {
	bound := 0
	for i := range d.Sets {
		s := &d.Sets[i]
		octets, slack := 0, longestPrefix4-1
		if d.Is6() {
			slack = longestPrefix6 - 1
		}
		for p := range s.Prefixes() {
			octets += nlriLength(p)
		}
		room := s.room(d.Is6()) - slack
		bound += (octets + room - 1) / room
	}
	return bound
}

// room is what a message has left for NLRI.
func (s *Set) room(is6 bool) int {
	room := maxMessage - headerLength - updateLengths - len(s.attributes())
	if is6 {
		return room - mpReachOverhead
	}
	return room - nextHopLength4
}

func (s *Set) appendMessages(b []byte, nextHop netip.Addr) []byte {
	room := s.room(nextHop.Is6())
	nlri := make([]byte, 0, maxMessage)
	for p := range s.Prefixes() {
		if len(nlri)+nlriLength(p) > room {
			b = s.appendMessage(b, nextHop, nlri)
			nlri = nlri[:0]
		}
		nlri = appendNLRI(nlri, p)
	}
	if len(nlri) > 0 {
		b = s.appendMessage(b, nextHop, nlri)
	}
	return b
}

// appendMessage appends an UPDATE with one kind of NLRI.
func (s *Set) appendMessage(b []byte, nextHop netip.Addr, nlri []byte) []byte {
	start := len(b)
	for range 16 {
		b = append(b, 0xff)
	}
	b = append(b, 0, 0, typeUpdate, 0, 0, 0, 0)
	attributes := len(b)
	if nextHop.Is6() {
		b = append(b, optional|extendedLength, codeMPReach)
		b = binary.BigEndian.AppendUint16(b, uint16(mpReachOverhead-4+len(nlri)))
		b = append(b, 0, addressFamilyIPv6, subsequentUnicast, 16)
		b = append(append(append(b, nextHop.AsSlice()...), 0), nlri...)
		b = append(b, s.attributes()...)
	} else {
		block := s.attributes()
		communities := len(block) - 7
		b = append(b, block[:communities]...)
		b = append(append(b, transitive, codeNextHop, 4), nextHop.AsSlice()...)
		b = append(b, block[communities:]...)
	}
	binary.BigEndian.PutUint16(b[start+headerLength+2:], uint16(len(b)-attributes))
	if !nextHop.Is6() {
		b = append(b, nlri...)
	}
	binary.BigEndian.PutUint16(b[start+16:], uint16(len(b)-start))
	return b
}

// attributes returns all attributes but the next hop, with four-octet ASNs (RFC 6793).
func (s *Set) attributes() []byte {
	b := []byte{transitive, codeOrigin, 1, originIGP, transitive, codeASPath, 6, segmentSequence, 1}
	b = binary.BigEndian.AppendUint32(b, ASN)
	b = append(b, optional|transitive, codeCommunities, 4)
	return binary.BigEndian.AppendUint32(b, communitiesOfASN|uint32(s.Community))
}

func nlriLength(p netip.Prefix) int { return 1 + (p.Bits()+7)/8 }

func appendNLRI(b []byte, p netip.Prefix) []byte {
	b = append(b, byte(p.Bits()))
	return append(b, p.Addr().AsSlice()[:(p.Bits()+7)/8]...)
}
