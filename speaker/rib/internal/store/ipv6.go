// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Address6 is an IPv6 address.
type Address6 struct{ High, Low uint64 }

// IPv6 are the keys of IPv6 unicast.
var IPv6 = Ops[Address6]{
	Family: wire.IPv6Unicast,
	MaxLen: 17,
	Hash: func(k Key[Address6]) uint32 {
		h := (k.Address.High ^ bits.RotateLeft64(k.Address.Low, 32) ^ uint64(k.Bits)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
		return uint32((h * 0xbf58476d1ce4e5b9) >> 32)
	},
	Compare: func(a, b Key[Address6]) int {
		return cmp.Or(cmp.Compare(a.Address.High, b.Address.High), cmp.Compare(a.Address.Low, b.Address.Low), cmp.Compare(a.Bits, b.Bits))
	},
	NLRI: func(k Key[Address6]) wire.NLRI {
		return wire.NLRI{Prefix: netip.PrefixFrom(netip6(k.Address), int(k.Bits))}
	},
	Len: func(k Key[Address6]) int { return prefixLen(k.Bits) },
	Mask: func(a Address6, n uint8) Address6 {
		// A shift by 64 or more is 0.
		return Address6{a.High &^ (^uint64(0) >> n), a.Low &^ (^uint64(0) >> (max(n, 64) - 64))}
	},
	AppendNLRI: func(b []byte, k Key[Address6]) []byte {
		var a [17]byte
		a[0] = k.Bits
		binary.BigEndian.PutUint64(a[1:9], k.Address.High)
		binary.BigEndian.PutUint64(a[9:], k.Address.Low)
		return append(b, a[:1+(int(k.Bits)+7)/8]...)
	},
	Parse: func(b []byte) Key[Address6] {
		var a [16]byte
		copy(a[:], b[1:])
		return Key[Address6]{Address6{binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])}, b[0]}
	},
	Expand: func(r Span[Address6], yield func(Key[Address6]) bool) bool {
		k := r.First()
		// A shift by 64 or more, or by a negative uint, is 0: one of both is the step.
		stepHigh, stepLow := uint64(1)<<uint(64-int(r.Length)), uint64(1)<<uint(128-int(r.Length))
		for range uint64(1) << min(r.Length-r.Bits, 62) {
			if !yield(k) {
				return false
			}
			var carry uint64
			k.Address.Low, carry = bits.Add64(k.Address.Low, stepLow, 0)
			k.Address.High, _ = bits.Add64(k.Address.High, stepHigh, carry)
		}
		return true
	},
}

func netip6(a Address6) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.High)
	binary.BigEndian.PutUint64(b[8:], a.Low)
	return netip.AddrFrom16(b)
}
