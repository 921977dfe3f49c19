// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"net/netip"
)

// count returns how many prefixes the range stands for, or a very large number
// where an int cannot tell.
func (r PrefixRange) count() int {
	return 1 << min(max(r.Length-r.Prefix.Bits(), 0), bits.UintSize-2)
}

// first returns the first prefix of the range.
func (r PrefixRange) first() netip.Prefix {
	return netip.PrefixFrom(r.Prefix.Addr(), max(r.Length, r.Prefix.Bits()))
}

// all yields the prefixes of the range in ascending order.
func (r PrefixRange) all() iter.Seq[netip.Prefix] {
	if r.Length <= r.Prefix.Bits() {
		return func(yield func(netip.Prefix) bool) { yield(r.Prefix) }
	}
	if r.Prefix.Addr().Is4() {
		return r.all4
	}
	return r.all6
}

func (r PrefixRange) all4(yield func(netip.Prefix) bool) {
	b := r.Prefix.Addr().As4()
	address, step := binary.BigEndian.Uint32(b[:]), uint32(1)<<(32-r.Length)
	for range r.count() {
		binary.BigEndian.PutUint32(b[:], address)
		if !yield(netip.PrefixFrom(netip.AddrFrom4(b), r.Length)) {
			return
		}
		address += step
	}
}

func (r PrefixRange) all6(yield func(netip.Prefix) bool) {
	b := r.Prefix.Addr().As16()
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	// A shift by 64 or more, or by a negative uint, is 0: one of both is the step.
	stepHigh, stepLow := uint64(1)<<uint(64-r.Length), uint64(1)<<uint(128-r.Length)
	for range r.count() {
		binary.BigEndian.PutUint64(b[:8], high)
		binary.BigEndian.PutUint64(b[8:], low)
		if !yield(netip.PrefixFrom(netip.AddrFrom16(b), r.Length)) {
			return
		}
		var carry uint64
		low, carry = bits.Add64(low, stepLow, 0)
		high, _ = bits.Add64(high, stepHigh, carry)
	}
}
