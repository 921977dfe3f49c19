// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// An attribute set is octets: flags (1 octet), length of the next hop (1), the next hop (4, 16, or 32 with the link-local
// one of RFC 2545 §3), then the path attributes with 4-octet ASNs, without NEXT_HOP and MP_REACH_NLRI.
const (
	setHeaderLen      = 2
	flagLeaked   byte = 1 // ineligible by RFC 9234 §5
	flagNoLLGR   byte = 2 // not to be kept as long-lived stale: NO_LLGR of RFC 9494 §3.3
)

// appendSet appends the octets of an attribute set. It reports false for attributes that do not fit into an UPDATE any more:
// those of a peer without 4-octet ASNs grow.
func appendSet(b []byte, flags byte, a *wire.Attributes, nextHop, linkLocal netip.Addr) ([]byte, bool) {
	b = append(b, flags, 0)
	switch {
	case nextHop.Is4():
		octets := nextHop.As4()
		b = append(b, octets[:]...)
	case nextHop.IsValid():
		octets := nextHop.As16()
		b = append(b, octets[:]...)
	}
	if linkLocal.IsValid() {
		octets := linkLocal.As16()
		b = append(b, octets[:]...)
	}
	b[1] = byte(len(b) - setHeaderLen)
	start := len(b)
	b, _ = wire.AppendAttributes(b, a, wire.EncodeOptions{AS4: true})
	return b, len(b)-start <= math.MaxUint16
}

// leaked reports whether routes with the attribute set are ineligible (RFC 9234 §5).
func leaked(set string) bool { return set[0]&flagLeaked != 0 }

// noLLGR reports whether routes with the attribute set cannot be long-lived stale.
func noLLGR(set string) bool { return set[0]&flagNoLLGR != 0 }

// decodeSet reads an attribute set into a route.
func decodeSet(set string, r *Route) {
	hop := []byte(set[setHeaderLen : setHeaderLen+int(set[1])])
	switch len(hop) {
	case 4:
		r.NextHop = netip.AddrFrom4([4]byte(hop))
	case 16:
		r.NextHop = netip.AddrFrom16([16]byte(hop))
	case 32:
		r.NextHop, r.LinkLocal = netip.AddrFrom16([16]byte(hop)), netip.AddrFrom16([16]byte(hop[16:]))
	}
	attributes := set[setHeaderLen+len(hop):]
	body := binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(len(attributes)))
	u := new(wire.Update)
	// They were written by the codec, which reads without an error what it has read before.
	_ = wire.ParseUpdate(append(body, attributes...), wire.UpdateOptions{AS4: true}, u)
	r.Attributes = &u.Attributes
	r.Leaked = leaked(set)
}

// sets interns attribute sets by a number each, with a count of references.
type sets struct {
	index map[string]uint32
	list  []internedSet
	free  []uint32
	size  int // octets of all, see octetsOfSet
}

// octetsOfSet is the memory of a set of that length, with its place in the index and in the list.
func octetsOfSet(length int) int { return length + 96 }

// knows reports whether a set is there already.
func (s *sets) knows(octets []byte) bool {
	_, known := s.index[string(octets)]
	return known
}

type internedSet struct {
	octets string
	refs   int
}

// hold returns the number of a set, with one reference more.
func (s *sets) hold(octets []byte) uint32 {
	if number, known := s.index[string(octets)]; known {
		s.list[number].refs++
		return number
	}
	if s.index == nil {
		s.index = map[string]uint32{}
	}
	set := internedSet{octets: string(octets), refs: 1}
	s.size += octetsOfSet(len(octets))
	var number uint32
	if n := len(s.free); n > 0 {
		number, s.free = s.free[n-1], s.free[:n-1]
		s.list[number] = set
	} else {
		number = uint32(len(s.list))
		s.list = append(s.list, set)
	}
	s.index[set.octets] = number
	return number
}

func (s *sets) holdAgain(number uint32) { s.list[number].refs++ }

// release gives a reference back. A set without references is forgotten.
func (s *sets) release(number uint32) {
	set := &s.list[number]
	if set.refs--; set.refs > 0 {
		return
	}
	delete(s.index, set.octets)
	s.size -= octetsOfSet(len(set.octets))
	*set = internedSet{}
	s.free = append(s.free, number)
	if len(s.index) == 0 {
		*s = sets{} // give the memory back
	}
}

func (s *sets) octets(number uint32) string { return s.list[number].octets }
