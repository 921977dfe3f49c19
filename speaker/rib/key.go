// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// address is an address of one family, as numbers: what the table has for each family is generic over it.
type address interface{ uint32 | address6 }

// address6 is an IPv6 address.
type address6 struct{ high, low uint64 }

// key is a prefix of one family.
type key[A address] struct {
	address A
	bits    uint8
}

// span is a range of one family: a prefix, or its subnets of one length.
type span[A address] struct {
	address      A
	bits, length uint8
}

// first returns the first prefix of a range.
func (s span[A]) first() key[A] { return key[A]{s.address, s.length} }

// count returns how many prefixes a range stands for, or a very large number where an int cannot tell.
func (s span[A]) count() int { return 1 << min(s.length-s.bits, uint8(bits.UintSize-2)) }

// familyOps is what the table needs to know of one family.
type familyOps[A address] struct {
	family wire.Family
	// maxNLRI is the longest encoding of a prefix in octets (RFC 4271 §4.3).
	maxNLRI int
	hash    func(key[A]) uint32
	compare func(a, b key[A]) int // in the order of addresses, shorter prefixes first
	prefix  func(key[A]) netip.Prefix
	// mask returns an address without the bits after the first n.
	mask func(a A, n uint8) A
	// appendNLRI appends the prefix as the length in bits and the octets that hold it.
	appendNLRI func([]byte, key[A]) []byte
	// parse is the key of an NLRI that appendNLRI made.
	parse func([]byte) key[A]
	// spans yields those of the family, expand the prefixes of a range in ascending order.
	spans  func(Prefixes, func(span[A]) bool)
	expand func(r span[A], yield func(key[A]) bool) bool
}

var ops4 = familyOps[uint32]{
	family:  wire.IPv4Unicast,
	maxNLRI: 5,
	hash:    func(k key[uint32]) uint32 { return uint32((number4(k) * 0x9e3779b97f4a7c15) >> 32) },
	compare: func(a, b key[uint32]) int { return cmp.Compare(number4(a), number4(b)) },
	prefix:  func(k key[uint32]) netip.Prefix { return netip.PrefixFrom(netip4(k.address), int(k.bits)) },
	mask:    func(a uint32, n uint8) uint32 { return a &^ (^uint32(0) >> n) },
	appendNLRI: func(b []byte, k key[uint32]) []byte {
		n, a := k.bits, k.address
		switch (n + 7) / 8 {
		case 4:
			return append(b, n, byte(a>>24), byte(a>>16), byte(a>>8), byte(a))
		case 3:
			return append(b, n, byte(a>>24), byte(a>>16), byte(a>>8))
		case 2:
			return append(b, n, byte(a>>24), byte(a>>16))
		case 1:
			return append(b, n, byte(a>>24))
		}
		return append(b, n)
	},
	parse: func(b []byte) key[uint32] {
		var a [4]byte
		copy(a[:], b[1:])
		return key[uint32]{binary.BigEndian.Uint32(a[:]), b[0]}
	},
	spans: func(p Prefixes, yield func(span[uint32]) bool) { each(p.four, unpack4, yield) },
	expand: func(r span[uint32], yield func(key[uint32]) bool) bool {
		k, step := r.first(), uint32(1)<<(32-r.length) // 0 where there is one prefix of no bits
		for range uint64(1) << (r.length - r.bits) {
			if !yield(k) {
				return false
			}
			k.address += step
		}
		return true
	},
}

// number4 is a prefix of IPv4 as one number, in the order of prefixes.
func number4(k key[uint32]) uint64 { return uint64(k.address)<<8 | uint64(k.bits) }

func netip4(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

var ops6 = familyOps[address6]{
	family:  wire.IPv6Unicast,
	maxNLRI: 17,
	hash: func(k key[address6]) uint32 {
		h := (k.address.high ^ bits.RotateLeft64(k.address.low, 32) ^ uint64(k.bits)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
		return uint32((h * 0xbf58476d1ce4e5b9) >> 32)
	},
	compare: func(a, b key[address6]) int {
		return cmp.Or(cmp.Compare(a.address.high, b.address.high), cmp.Compare(a.address.low, b.address.low), cmp.Compare(a.bits, b.bits))
	},
	prefix: func(k key[address6]) netip.Prefix { return netip.PrefixFrom(netip6(k.address), int(k.bits)) },
	mask: func(a address6, n uint8) address6 {
		// A shift by 64 or more is 0.
		return address6{a.high &^ (^uint64(0) >> n), a.low &^ (^uint64(0) >> (max(n, 64) - 64))}
	},
	appendNLRI: func(b []byte, k key[address6]) []byte {
		var a [17]byte
		a[0] = k.bits
		binary.BigEndian.PutUint64(a[1:9], k.address.high)
		binary.BigEndian.PutUint64(a[9:], k.address.low)
		return append(b, a[:1+(int(k.bits)+7)/8]...)
	},
	parse: func(b []byte) key[address6] {
		var a [16]byte
		copy(a[:], b[1:])
		return key[address6]{address6{binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])}, b[0]}
	},
	spans: func(p Prefixes, yield func(span[address6]) bool) { each(p.six, unpack6, yield) },
	expand: func(r span[address6], yield func(key[address6]) bool) bool {
		k := r.first()
		// A shift by 64 or more, or by a negative uint, is 0: one of both is the step.
		stepHigh, stepLow := uint64(1)<<uint(64-int(r.length)), uint64(1)<<uint(128-int(r.length))
		for range uint64(1) << min(r.length-r.bits, 62) {
			if !yield(k) {
				return false
			}
			var carry uint64
			k.address.low, carry = bits.Add64(k.address.low, stepLow, 0)
			k.address.high, _ = bits.Add64(k.address.high, stepHigh, carry)
		}
		return true
	},
}

func netip6(a address6) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.high)
	binary.BigEndian.PutUint64(b[8:], a.low)
	return netip.AddrFrom16(b)
}
