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

// key4 is an IPv4 prefix: the address in bits 8 to 39, the length below.
type key4 uint64

// key6 is an IPv6 prefix.
type key6 struct {
	high, low uint64
	bits      uint64
}

// keyOps is what the table needs to know of the keys of one family.
type keyOps[K comparable] struct {
	family wire.Family
	// maxNLRI is the longest encoding of a prefix in octets (RFC 4271 §4.3).
	maxNLRI int
	hash    func(K) uint32
	compare func(a, b K) int // in the order of addresses, shorter prefixes first
	prefix  func(K) netip.Prefix
	// appendNLRI appends the prefix as the length in bits and the octets that hold it.
	appendNLRI func([]byte, K) []byte
	// parse is the key of an NLRI that appendNLRI made.
	parse func([]byte) K
	// ranges yields those of the family, expand the keys of a range in ascending order.
	ranges func(Prefixes, func(PrefixRange) bool)
	expand func(r PrefixRange, yield func(K) bool) bool
}

var ops4 = keyOps[key4]{
	family:  wire.IPv4Unicast,
	maxNLRI: 5,
	hash: func(k key4) uint32 {
		return uint32((uint64(k) * 0x9e3779b97f4a7c15) >> 32)
	},
	compare: func(a, b key4) int { return cmp.Compare(a, b) },
	prefix: func(k key4) netip.Prefix {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], uint32(k>>8))
		return netip.PrefixFrom(netip.AddrFrom4(a), int(k&0xff))
	},
	appendNLRI: func(b []byte, k key4) []byte {
		n := int(k & 0xff)
		a := uint32(k >> 8)
		switch (n + 7) / 8 {
		case 4:
			return append(b, byte(n), byte(a>>24), byte(a>>16), byte(a>>8), byte(a))
		case 3:
			return append(b, byte(n), byte(a>>24), byte(a>>16), byte(a>>8))
		case 2:
			return append(b, byte(n), byte(a>>24), byte(a>>16))
		case 1:
			return append(b, byte(n), byte(a>>24))
		}
		return append(b, byte(n))
	},
	parse: func(b []byte) key4 {
		var a [4]byte
		copy(a[:], b[1:])
		return key4(binary.BigEndian.Uint32(a[:]))<<8 | key4(b[0])
	},
	ranges: func(p Prefixes, yield func(PrefixRange) bool) {
		for _, r := range p.four {
			if !yield(r.unpack()) {
				return
			}
		}
	},
	expand: func(r PrefixRange, yield func(key4) bool) bool {
		a := r.Prefix.Addr().As4()
		length := max(r.Length, r.Prefix.Bits())
		address, step := uint64(binary.BigEndian.Uint32(a[:])), uint64(1)<<(32-length)
		for range uint64(1) << (length - r.Prefix.Bits()) {
			if !yield(key4(address<<8 | uint64(length))) {
				return false
			}
			address += step
		}
		return true
	},
}

var ops6 = keyOps[key6]{
	family:  wire.IPv6Unicast,
	maxNLRI: 17,
	hash: func(k key6) uint32 {
		h := (k.high ^ bits.RotateLeft64(k.low, 32) ^ k.bits) * 0x9e3779b97f4a7c15
		h ^= h >> 29
		return uint32((h * 0xbf58476d1ce4e5b9) >> 32)
	},
	compare: func(a, b key6) int {
		return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low), cmp.Compare(a.bits, b.bits))
	},
	prefix: func(k key6) netip.Prefix {
		var a [16]byte
		binary.BigEndian.PutUint64(a[:8], k.high)
		binary.BigEndian.PutUint64(a[8:], k.low)
		return netip.PrefixFrom(netip.AddrFrom16(a), int(k.bits))
	},
	appendNLRI: func(b []byte, k key6) []byte {
		var a [17]byte
		a[0] = byte(k.bits)
		binary.BigEndian.PutUint64(a[1:9], k.high)
		binary.BigEndian.PutUint64(a[9:], k.low)
		return append(b, a[:1+(k.bits+7)/8]...)
	},
	parse: func(b []byte) key6 {
		var a [16]byte
		copy(a[:], b[1:])
		return key6{binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:]), uint64(b[0])}
	},
	ranges: func(p Prefixes, yield func(PrefixRange) bool) {
		for _, r := range p.six {
			if !yield(r.unpack()) {
				return
			}
		}
	},
	expand: func(r PrefixRange, yield func(key6) bool) bool {
		a := r.Prefix.Addr().As16()
		length := max(r.Length, r.Prefix.Bits())
		k := key6{binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:]), uint64(length)}
		// A shift by 64 or more, or by a negative uint, is 0: one of both is the step.
		stepHigh, stepLow := uint64(1)<<uint(64-length), uint64(1)<<uint(128-length)
		for range uint64(1) << min(length-r.Prefix.Bits(), 62) {
			if !yield(k) {
				return false
			}
			var carry uint64
			k.low, carry = bits.Add64(k.low, stepLow, 0)
			k.high, _ = bits.Add64(k.high, stepHigh, carry)
		}
		return true
	},
}
