// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"strconv"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// Sum is a number modulo 2^128.
type Sum struct{ high, low uint64 }

// Plus is s + other.
func (s Sum) Plus(other Sum) Sum {
	low, carry := bits.Add64(s.low, other.low, 0)
	high, _ := bits.Add64(s.high, other.high, carry)
	return Sum{high, low}
}

// minus is s - other.
func (s Sum) minus(other Sum) Sum {
	low, borrow := bits.Sub64(s.low, other.low, 0)
	high, _ := bits.Sub64(s.high, other.high, borrow)
	return Sum{high, low}
}

// AppendTo appends the 16 octets of the sum, the most significant first.
func (s Sum) AppendTo(b []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, s.high), s.low)
}

// Term is what one version of an Announcement adds to a digest: see v1alpha1.AnnouncementsStatus.
type Term struct {
	hash   Sum
	bucket uint8
}

// TermOf is the term of a version that has not expired. It depends on the UID and the generation alone.
func TermOf(ref Ref) Term { return termOf(ref, "") }

// termOf is the term of a version in a state of which its generation does not tell. The bucket does not depend on the state.
func termOf(ref Ref, state string) Term {
	text := []byte(ref.Identity())
	bucket := sha256.Sum256(text)
	text = strconv.AppendInt(append(text, ' '), ref.Generation, 10)
	hash := sha256.Sum256(append(text, state...))
	return Term{
		hash:   Sum{binary.BigEndian.Uint64(hash[:8]), binary.BigEndian.Uint64(hash[8:16])},
		bucket: bucket[0] % v1alpha1.DigestSums,
	}
}

// Bucket is the number of the sum that the term is added to.
func (t Term) Bucket() int { return int(t.bucket) }

// Term is that of the version in use, as it was resolved.
func (a *Announcement) Term() Term { return a.term }

// Sums are those of a digest. The order in which terms are added does not matter.
type Sums [v1alpha1.DigestSums]Sum

// Add adds a term to its sum.
func (s *Sums) Add(t Term) { s[t.bucket] = s[t.bucket].Plus(t.hash) }

// Subtract takes a term away again.
func (s *Sums) Subtract(t Term) { s[t.bucket] = s[t.bucket].minus(t.hash) }
