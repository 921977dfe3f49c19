// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package dataset makes the routes that every program under measurement originates, and the messages that carry
// them in the fewest octets. The same arguments always give the same routes.
package dataset

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
)

// ASN is the autonomous system that originates the routes; communities are of it too.
const ASN = 64512

// Data is routes, all of one family.
type Data struct {
	// Title says in a few words what they are.
	Title string
	Sets  []Set
}

// Set is routes that share their path attributes: ORIGIN IGP, an AS path of ASN alone, next hop self, and one community.
type Set struct {
	// Community is the lower half of the community ASN:Community that tells this set from others.
	Community uint16
	Ranges    []Range
}

// Range is a prefix, or all of its subnets of a length.
type Range struct {
	Prefix netip.Prefix
	// Length of the subnets; Prefix.Bits() for the prefix itself.
	Length int
}

// Count is the number of prefixes.
func (r Range) Count() int { return 1 << (r.Length - r.Prefix.Bits()) }

// Single says whether the range is its prefix alone.
func (r Range) Single() bool { return r.Length == r.Prefix.Bits() }

// All yields the prefixes in ascending order.
func (r Range) All() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		base := r.Prefix.Addr()
		for i := range r.Count() {
			if !yield(netip.PrefixFrom(offset(base, i, base.BitLen()-r.Length), r.Length)) {
				return
			}
		}
	}
}

// offset adds i << shift to an address. What it adds fits the octets that the shift leaves (it is below 2^24 here).
func offset(base netip.Addr, i, shift int) netip.Addr {
	b := base.As16()
	carry := uint64(i) << (shift % 8)
	for octet := len(b) - 1 - shift/8; octet >= 0 && carry > 0; octet-- {
		carry += uint64(b[octet])
		b[octet] = byte(carry)
		carry >>= 8
	}
	if base.Is4() {
		return netip.AddrFrom16(b).Unmap()
	}
	return netip.AddrFrom16(b)
}

// Count is the number of routes.
func (d *Data) Count() int {
	n := 0
	for i := range d.Sets {
		n += d.Sets[i].Count()
	}
	return n
}

// Is6 says whether the routes are IPv6 ones.
func (d *Data) Is6() bool {
	return len(d.Sets) > 0 && len(d.Sets[0].Ranges) > 0 && d.Sets[0].Ranges[0].Prefix.Addr().Is6()
}

// Count is the number of routes.
func (s *Set) Count() int {
	n := 0
	for _, r := range s.Ranges {
		n += r.Count()
	}
	return n
}

// Prefixes yields the destinations.
func (s *Set) Prefixes() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		for _, r := range s.Ranges {
			for p := range r.All() {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Routes yields every route with the index of its set, in the order in which a program's configuration lists them:
// set by set.
func (d *Data) Routes() iter.Seq2[netip.Prefix, *Set] {
	return func(yield func(netip.Prefix, *Set) bool) {
		for i := range d.Sets {
			for p := range d.Sets[i].Prefixes() {
				if !yield(p, &d.Sets[i]) {
					return
				}
			}
		}
	}
}

// HostRoutes are n routes with one set of attributes: IPv4 /32s from an address on. 2^20 of them are one /12.
func HostRoutes(from string, n int) *Data {
	return oneSet(fmt.Sprintf("%d IPv4 /32s, 1 attribute set", n), from, 32, n)
}

// Networks6 are n IPv6 /64s with one set of attributes.
func Networks6(from string, n int) *Data {
	return oneSet(fmt.Sprintf("%d IPv6 /64s, 1 attribute set", n), from, 64, n)
}

// oneSet covers n prefixes of a length by the fewest ranges: one for each bit of n, the largest first, so that each
// begins where its size divides the address.
func oneSet(title, from string, length, n int) *Data {
	address := netip.MustParseAddr(from)
	set := Set{Community: 1}
	for bit := length; bit >= 0; bit-- {
		if bit < 30 && n>>bit&1 == 1 {
			set.Ranges = append(set.Ranges, Range{Prefix: netip.PrefixFrom(address, length-bit), Length: length})
			address = offset(address, 1<<bit, address.BitLen()-length)
		}
	}
	return &Data{Title: title, Sets: []Set{set}}
}

// lengths are the prefix lengths of Mixed, each as often as it stands here: nearly as in the Internet's own table.
var lengths = []int{24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 23, 23, 22, 22, 21, 20, 20, 19, 18, 17, 16}

// Mixed are n IPv4 prefixes of mixed lengths in random order, each assigned to one of as many attribute sets at random.
func Mixed(n, sets int) *Data {
	random := rand.New(rand.NewPCG(1, 4271)) // always the same numbers
	d := &Data{Title: fmt.Sprintf("%d IPv4 prefixes of mixed lengths, %d attribute sets at random", n, sets), Sets: make([]Set, sets)}
	for i := range d.Sets {
		d.Sets[i].Community = uint16(i + 1)
	}
	seen := make(map[netip.Prefix]bool, n)
	for len(seen) < n {
		address := random.Uint32()
		if first := address >> 24; first == 0 || first == 127 || first == 198 || first >= 224 {
			continue // nobody's, loopback, the sessions' own addresses, multicast and beyond
		}
		length := lengths[random.IntN(len(lengths))]
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address)}), length).Masked()
		if seen[p] {
			continue
		}
		seen[p] = true
		set := &d.Sets[random.IntN(sets)]
		set.Ranges = append(set.Ranges, Range{Prefix: p, Length: length})
	}
	return d
}
