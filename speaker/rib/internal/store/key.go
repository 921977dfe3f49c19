// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"math/bits"

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
	// NLRI is the key as it is shown.
	NLRI func(Key[A]) wire.NLRI
	// Mask returns an address without the bits after the first n.
	Mask func(a A, n uint8) A
	// AppendNLRI appends the key as it goes onto the wire.
	AppendNLRI func([]byte, Key[A]) []byte
	// Len is how many octets AppendNLRI appends.
	Len func(Key[A]) int
	// Size is how many octets the NLRI at the start of some have; nil where the first octet is the length in bits of what follows.
	Size func([]byte) int
	// Parse is the key of an NLRI that AppendNLRI made.
	Parse func([]byte) Key[A]
	// Expand yields the prefixes of a range in ascending order, and reports whether yield took them all.
	Expand func(r Span[A], yield func(Key[A]) bool) bool
}

// Whole is how many octets of the NLRI at the start of some fit into room. Each has a path identifier of pathLen octets.
func (ops *Ops[A]) Whole(nlri []byte, room, pathLen int) int {
	switch {
	case len(nlri) <= room:
		return len(nlri)
	case ops.Size == nil:
		return wholePrefixes(nlri, room, pathLen)
	}
	n := 0
	for {
		next := n + ops.SizeOf(nlri[n:], pathLen)
		if next > room {
			return n
		}
		n = next
	}
}

// wholePrefixes is Whole for prefixes, without a call for each.
func wholePrefixes(nlri []byte, room, pathLen int) int {
	n := 0
	for {
		next := n + pathLen + prefixLen(nlri[n+pathLen])
		if next > room {
			return n
		}
		n = next
	}
}

// SizeOf is how many octets the first NLRI has, with its path identifier of pathLen octets.
func (ops *Ops[A]) SizeOf(nlri []byte, pathLen int) int {
	if ops.Size == nil {
		return pathLen + prefixLen(nlri[pathLen])
	}
	return pathLen + ops.Size(nlri[pathLen:])
}

// prefixLen is how many octets a prefix has, with the one that has its length (RFC 4271 §4.3).
func prefixLen(bits uint8) int { return 1 + (int(bits)+7)/8 }

// Covers reports whether a range has all prefixes of another one.
func (ops *Ops[A]) Covers(r, other Span[A]) bool {
	return r.Length == other.Length && ops.Holds(r.Key(), other.Key())
}

// CompareSpans orders ranges by what they have: by the length of the subnets, then address, the larger range first.
func (ops *Ops[A]) CompareSpans(a, b Span[A]) int {
	return cmp.Or(cmp.Compare(a.Length, b.Length), ops.Compare(a.Key(), b.Key()))
}

// Holds reports whether a prefix is another one or holds it.
func (ops *Ops[A]) Holds(k, other Key[A]) bool {
	return k.Bits <= other.Bits && ops.Mask(other.Address, k.Bits) == k.Address
}
