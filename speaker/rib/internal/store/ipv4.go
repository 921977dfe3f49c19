// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"encoding/binary"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// IPv4 are the keys of IPv4 unicast.
var IPv4 = Ops[uint32]{
	Family:  wire.IPv4Unicast,
	MaxLen:  5,
	Hash:    func(k Key[uint32]) uint32 { return uint32((number4(k) * 0x9e3779b97f4a7c15) >> 32) },
	Compare: func(a, b Key[uint32]) int { return cmp.Compare(number4(a), number4(b)) },
	NLRI: func(k Key[uint32]) wire.NLRI {
		return wire.NLRI{Prefix: netip.PrefixFrom(netip4(k.Address), int(k.Bits))}
	},
	Len:  func(k Key[uint32]) int { return prefixLen(k.Bits) },
	Mask: func(a uint32, n uint8) uint32 { return a &^ (^uint32(0) >> n) },
	AppendNLRI: func(b []byte, k Key[uint32]) []byte {
		n, a := k.Bits, k.Address
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
	Parse: func(b []byte) Key[uint32] {
		var a [4]byte
		copy(a[:], b[1:])
		return Key[uint32]{binary.BigEndian.Uint32(a[:]), b[0]}
	},
	Expand: func(r Span[uint32], yield func(Key[uint32]) bool) bool {
		k, step := r.First(), uint32(1)<<(32-r.Length) // 0 where there is one prefix of no bits
		for range uint64(1) << (r.Length - r.Bits) {
			if !yield(k) {
				return false
			}
			k.Address += step
		}
		return true
	},
}

// number4 is a prefix as one number, in the order of prefixes.
func number4(k Key[uint32]) uint64 { return uint64(k.Address)<<8 | uint64(k.Bits) }

func netip4(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}
