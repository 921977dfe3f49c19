// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"encoding/base64"
	"math/bits"
	"strings"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// digestLength is the length of a digest.
const digestLength = len(v1alpha1.DigestVersion) + v1alpha1.DigestSums*v1alpha1.DigestSumLength

// Digest returns the digest of the announcements, with their generations, that were decided for a session: see
// v1alpha1.AnnouncementsStatus. It is empty if there are none.
func Digest(sums *compile.Sums) string {
	if *sums == (compile.Sums{}) {
		return ""
	}
	digest := make([]byte, 0, digestLength)
	digest = append(digest, v1alpha1.DigestVersion...)
	var octets [16]byte
	for _, sum := range sums {
		digest = base64.RawURLEncoding.AppendEncode(digest, sum.AppendTo(octets[:0]))
	}
	return string(digest)
}

// allSums are the matches of two equal digests.
const allSums = ^uint64(0)

// matchingSums has a bit for each of the asked sums in which two digests agree. A digest of another form agrees in no sum, but does
// not count as one that disagrees: see sessionView.decided.
func matchingSums(a, b string, asked uint64) uint64 {
	const first, length = len(v1alpha1.DigestVersion), v1alpha1.DigestSumLength
	if len(a) != digestLength || len(b) != digestLength ||
		!strings.HasPrefix(a, v1alpha1.DigestVersion) || !strings.HasPrefix(b, v1alpha1.DigestVersion) {
		return 0
	}
	if a == b {
		return asked
	}
	var matches uint64
	for ; asked != 0; asked &= asked - 1 {
		i := bits.TrailingZeros64(asked)
		if at := first + i*length; a[at:at+length] == b[at:at+length] {
			matches |= 1 << i
		}
	}
	return matches
}
