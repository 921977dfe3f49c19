// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"encoding/binary"
	"iter"
	"math/bits"
	"net/netip"
	"slices"
)

// PrefixRange is a prefix, or all the subnets of a prefix of one length. It stays a generator: a /12 into /32s is one value.
type PrefixRange struct {
	// Prefix is masked: it has no host bits.
	Prefix netip.Prefix
	// Length is the prefix length of the subnets, Prefix.Bits() for the prefix itself; never shorter.
	Length int
}

// Prefixes is an immutable list of ranges, packed: 8 octets for each of IPv4, 24 of IPv6. IPv4 comes first, otherwise the
// order is that of [NewPrefixes]. The zero value is empty.
type Prefixes struct {
	four []range4
	six  []range6
}

// range4 is a range of IPv4.
type range4 struct {
	address      uint32
	bits, length uint8
}

// range6 is a range of IPv6.
type range6 struct {
	high, low    uint64
	bits, length uint8
}

// NewPrefixes packs ranges.
func NewPrefixes(ranges ...PrefixRange) Prefixes {
	n4 := 0
	for _, r := range ranges {
		if r.Prefix.Addr().Is4() {
			n4++
		}
	}
	p := Prefixes{four: make([]range4, 0, n4), six: make([]range6, 0, len(ranges)-n4)}
	for _, r := range ranges {
		n, length := uint8(r.Prefix.Bits()), uint8(max(r.Length, r.Prefix.Bits()))
		if a := r.Prefix.Addr(); a.Is4() {
			v := a.As4()
			p.four = append(p.four, range4{binary.BigEndian.Uint32(v[:]), n, length})
		} else {
			v := a.As16()
			p.six = append(p.six, range6{binary.BigEndian.Uint64(v[:8]), binary.BigEndian.Uint64(v[8:]), n, length})
		}
	}
	return p
}

// Len is the number of ranges.
func (p Prefixes) Len() int { return len(p.four) + len(p.six) }

// count is how many prefixes the ranges stand for, by family.
func (p Prefixes) count() (n [families]int) {
	for _, r := range p.four {
		n[0] += r.unpack().count()
	}
	for _, r := range p.six {
		n[1] += r.unpack().count()
	}
	return n
}

// Equal reports whether both hold the same ranges in the same order.
func (p Prefixes) Equal(o Prefixes) bool {
	return slices.Equal(p.four, o.four) && slices.Equal(p.six, o.six)
}

// All yields the ranges.
func (p Prefixes) All() iter.Seq[PrefixRange] {
	return func(yield func(PrefixRange) bool) {
		for _, r := range p.four {
			if !yield(r.unpack()) {
				return
			}
		}
		for _, r := range p.six {
			if !yield(r.unpack()) {
				return
			}
		}
	}
}

func (r range4) unpack() PrefixRange {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], r.address)
	return PrefixRange{Prefix: netip.PrefixFrom(netip.AddrFrom4(a), int(r.bits)), Length: int(r.length)}
}

func (r range6) unpack() PrefixRange {
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], r.high)
	binary.BigEndian.PutUint64(a[8:], r.low)
	return PrefixRange{Prefix: netip.PrefixFrom(netip.AddrFrom16(a), int(r.bits)), Length: int(r.length)}
}

// count returns how many prefixes the range stands for, or a very large number where an int cannot tell.
func (r PrefixRange) count() int {
	return 1 << min(max(r.Length-r.Prefix.Bits(), 0), bits.UintSize-2)
}

// first returns the first prefix of the range.
func (r PrefixRange) first() netip.Prefix {
	return netip.PrefixFrom(r.Prefix.Addr(), max(r.Length, r.Prefix.Bits()))
}

// covers reports whether r holds all prefixes of o.
func (r PrefixRange) covers(o PrefixRange) bool {
	return r.Length == o.Length && r.Prefix.Bits() <= o.Prefix.Bits() && r.Prefix.Contains(o.Prefix.Addr())
}

// compareRanges orders ranges by what they hold: by length of the subnets, then address, the larger range first.
func compareRanges(a, b PrefixRange) int {
	return cmp.Or(cmp.Compare(a.Length, b.Length), a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
}

// without returns the ranges of p that o does not have.
func (p Prefixes) without(o Prefixes) Prefixes {
	return Prefixes{four: subtract(p.four, o.four), six: subtract(p.six, o.six)}
}

func subtract[R comparable](a, b []R) []R {
	if slices.Equal(a, b) {
		return nil
	}
	in := make(map[R]struct{}, len(b))
	for _, r := range b {
		in[r] = struct{}{}
	}
	var only []R
	for _, r := range a {
		if _, both := in[r]; !both {
			only = append(only, r)
		}
	}
	return only
}
