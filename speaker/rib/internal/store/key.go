// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math/bits"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Key is a destination of one family: a prefix. What holds keys is generic over the address, a value without pointers.
type Key[A comparable] struct {
	Address A
	Bits    uint8
}

// Span is a range of one family: a prefix, or its subnets of one length.
type Span[A comparable] struct {
	Address      A
	Bits, Length uint8
}

// Key is the prefix that a range is of.
func (s Span[A]) Key() Key[A] { return Key[A]{s.Address, s.Bits} }

// First returns the first prefix of a range.
func (s Span[A]) First() Key[A] { return Key[A]{s.Address, s.Length} }

// Count returns how many prefixes a range stands for, or a very large number where an int cannot tell.
func (s Span[A]) Count() int { return 1 << min(s.Length-s.Bits, uint8(bits.UintSize-2)) }

// Ops is what there is to know of the keys of one family.
type Ops[A comparable] struct {
	Family wire.Family
	// MaxLen is the longest encoding of a key in octets (RFC 4271 §4.3).
	MaxLen  int
	Hash    func(Key[A]) uint32
	Compare func(a, b Key[A]) int // in the order of addresses, shorter prefixes first
	Prefix  func(Key[A]) netip.Prefix
	// Mask returns an address without the bits after the first n.
	Mask func(a A, n uint8) A
	// AppendNLRI appends the key as it goes onto the wire: the length in bits and the octets that hold them.
	AppendNLRI func([]byte, Key[A]) []byte
	// Parse is the key of an NLRI that AppendNLRI made.
	Parse func([]byte) Key[A]
	// Expand yields the prefixes of a range in ascending order, and reports whether yield took them all.
	Expand func(r Span[A], yield func(Key[A]) bool) bool
}

// Holds reports whether a prefix is another one or holds it.
func (ops *Ops[A]) Holds(k, other Key[A]) bool {
	return k.Bits <= other.Bits && ops.Mask(other.Address, k.Bits) == k.Address
}
