// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"encoding/binary"
	"iter"
	"net/netip"
	"strings"

	"github.com/herald-bgp/herald/speaker/rib/internal/store"
	"github.com/herald-bgp/herald/speaker/wire"
)

// PrefixRange is a prefix, or all the subnets of a prefix of one length. It stays a generator: a /12 into /32s is one value.
type PrefixRange struct {
	// Prefix is masked: it has no host bits.
	Prefix netip.Prefix
	// Length is the prefix length of the subnets, Prefix.Bits() for the prefix itself; never shorter.
	Length int
}

// Prefixes is an immutable list of ranges, packed: 5 octets for each of IPv4, 17 of IPv6, and one more where the list has
// subnets of a prefix. IPv4 comes first, otherwise the order is that of [NewPrefixes]. The zero value is empty.
type Prefixes struct{ four, six packed }

// packed are ranges of one family, one after the other: the octets of the address, the bits of the prefix and, where it is
// not the same for all of them, the length of the subnets.
type packed struct {
	octets string
	size   int // octets of a range
}

// The octets of a range without a length of subnets.
const (
	single4 = 4 + 1
	single6 = 16 + 1
)

// NewPrefixes packs ranges.
func NewPrefixes(ranges ...PrefixRange) Prefixes {
	size4, size6, n4 := single4, single6, 0
	for _, r := range ranges {
		subnets := r.Length > r.Prefix.Bits()
		switch four := r.Prefix.Addr().Is4(); {
		case four:
			n4++
			if subnets {
				size4 = single4 + 1
			}
		case subnets:
			size6 = single6 + 1
		}
	}
	var four, six strings.Builder
	four.Grow(n4 * size4)
	six.Grow((len(ranges) - n4) * size6)
	for _, r := range ranges {
		b, size := &six, size6
		if a := r.Prefix.Addr(); a.Is4() {
			b, size = &four, size4
			v := a.As4()
			b.Write(v[:])
		} else {
			v := a.As16()
			b.Write(v[:])
		}
		b.WriteByte(byte(r.Prefix.Bits()))
		if size != single4 && size != single6 {
			b.WriteByte(byte(max(r.Length, r.Prefix.Bits())))
		}
	}
	return Prefixes{packed{four.String(), size4}, packed{six.String(), size6}}
}

// longestDefault is the length up to which a prefix stands for a default route: two of length 1 are one as much as one of 0.
const longestDefault = 7

// hasDefaultRoute reports whether a default route of a family is among the ranges: a prefix of that length or shorter, be it that
// its subnets are announced.
func (p Prefixes) hasDefaultRoute(f wire.Family) bool {
	ranges, bits := p.four, single4-1
	if f.AFI == wire.AFIIPv6 {
		ranges, bits = p.six, single6-1
	}
	for ; bits < len(ranges.octets); bits += ranges.size {
		if ranges.octets[bits] <= longestDefault {
			return true
		}
	}
	return false
}

// Len is the number of ranges.
func (p Prefixes) Len() int { return p.four.len() + p.six.len() }

// Equal reports whether both hold the same ranges in the same order.
func (p Prefixes) Equal(o Prefixes) bool { return p.four.equal(o.four) && p.six.equal(o.six) }

// All yields the ranges.
func (p Prefixes) All() iter.Seq[PrefixRange] {
	return func(yield func(PrefixRange) bool) {
		if ranges(&store.IPv4, spans4, p, yield) {
			ranges(&store.IPv6, spans6, p, yield)
		}
	}
}

// ranges yields the ranges of a family, and reports whether yield took them all.
func ranges[A comparable](ops *store.Ops[A], spans func(Prefixes, func(store.Span[A]) bool), p Prefixes, yield func(PrefixRange) bool) bool {
	more := true
	spans(p, func(s store.Span[A]) bool {
		more = yield(PrefixRange{Prefix: ops.NLRI(s.Key()).Prefix, Length: int(s.Length)})
		return more
	})
	return more
}

// count is how many prefixes the ranges stand for, by family.
func (p Prefixes) count() [families]int { return [families]int{count(spans4, p), count(spans6, p)} }

func count[A comparable](spans func(Prefixes, func(store.Span[A]) bool), p Prefixes) (n int) {
	spans(p, func(s store.Span[A]) bool {
		n += s.Count()
		return true
	})
	return n
}

// without returns the ranges of p that o does not have, and perhaps some of those that p has twice.
func (p Prefixes) without(o Prefixes) Prefixes {
	return Prefixes{p.four.without(o.four, single4), p.six.without(o.six, single6)}
}

func (p packed) len() int {
	if p.octets == "" {
		return 0
	}
	return len(p.octets) / p.size
}

func (p packed) equal(o packed) bool {
	return p.octets == o.octets && (p.octets == "" || p.size == o.size)
}

// without is that of Prefixes. Both lists are looked at only where they differ, which most often is a small part.
func (p packed) without(o packed, single int) packed {
	if p.equal(o) {
		return packed{}
	}
	if p.size != o.size {
		p, o = p.withLengths(single), o.withLengths(single)
	}
	a, b, n := p.octets, o.octets, p.size
	for len(a) > 0 && len(b) > 0 && a[:n] == b[:n] {
		a, b = a[n:], b[n:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-n:] == b[len(b)-n:] {
		a, b = a[:len(a)-n], b[:len(b)-n]
	}
	if a == "" {
		return packed{}
	}
	in := make(map[string]struct{}, len(b)/n)
	for ; b != ""; b = b[n:] {
		in[b[:n]] = struct{}{}
	}
	var only strings.Builder
	for ; a != ""; a = a[n:] {
		if _, both := in[a[:n]]; !both {
			only.WriteString(a[:n])
		}
	}
	return packed{only.String(), n}
}

// withLengths returns the same ranges, each with a length.
func (p packed) withLengths(single int) packed {
	if p.octets != "" && p.size > single {
		return p
	}
	var b strings.Builder
	b.Grow(p.len() * (single + 1))
	for rest := p.octets; rest != ""; rest = rest[single:] {
		b.WriteString(rest[:single])
		b.WriteByte(rest[single-1])
	}
	return packed{b.String(), single + 1}
}

// unpack4 reads a range of IPv4.
func unpack4(b string) store.Span[uint32] {
	a := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return store.Span[uint32]{Address: a, Bits: b[single4-1], Length: b[len(b)-1]}
}

// unpack6 reads a range of IPv6.
func unpack6(b string) store.Span[store.Address6] {
	var a [16]byte
	copy(a[:], b)
	address := store.Address6{High: binary.BigEndian.Uint64(a[:8]), Low: binary.BigEndian.Uint64(a[8:])}
	return store.Span[store.Address6]{Address: address, Bits: b[single6-1], Length: b[len(b)-1]}
}

// spans4 yields the ranges of IPv4.
func spans4(p Prefixes, yield func(store.Span[uint32]) bool) { each(p.four, unpack4, yield) }

// spans6 yields the ranges of IPv6.
func spans6(p Prefixes, yield func(store.Span[store.Address6]) bool) { each(p.six, unpack6, yield) }

// each yields the ranges of a family.
func each[A comparable](p packed, unpack func(string) store.Span[A], yield func(store.Span[A]) bool) {
	for rest := p.octets; rest != ""; rest = rest[p.size:] {
		if !yield(unpack(rest[:p.size])) {
			return
		}
	}
}
