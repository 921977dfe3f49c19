// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// hashOctets is the length of one hash of a digest before it is encoded.
const hashOctets = v1alpha1.DigestHashLength * 3 / 4

// Digest tells which announcements, at which generations, were decided for a session: see
// v1alpha1.AnnouncementsStatus. The order of refs does not matter.
func Digest(refs []compile.Ref) string {
	var groups [v1alpha1.DigestHashes][]compile.Ref
	for _, ref := range refs {
		i := hashOf(ref)
		groups[i] = append(groups[i], ref)
	}
	var digest strings.Builder
	digest.Grow(v1alpha1.DigestHashes * v1alpha1.DigestHashLength)
	var text []byte
	for _, group := range groups {
		slices.SortFunc(group, func(a, b compile.Ref) int {
			return cmp.Or(cmp.Compare(a.Identity(), b.Identity()), cmp.Compare(a.Generation, b.Generation))
		})
		text = text[:0]
		for _, ref := range group {
			text = append(text, ref.Identity()...)
			text = append(text, ' ')
			text = strconv.AppendInt(text, ref.Generation, 10)
			text = append(text, '\n')
		}
		sum := sha256.Sum256(text)
		digest.WriteString(base64.RawURLEncoding.EncodeToString(sum[:hashOctets]))
	}
	return digest.String()
}

// hashOf is the number of the hash that an announcement falls to.
func hashOf(ref compile.Ref) int {
	sum := sha256.Sum256([]byte(ref.Identity()))
	return int(sum[0]) % v1alpha1.DigestHashes
}

// allHashes are the matches of two equal digests.
const allHashes = ^uint64(0)

// matchingHashes has a bit for each hash in which two digests agree. A digest of another form agrees in none.
func matchingHashes(a, b string) uint64 {
	const length = v1alpha1.DigestHashLength
	if len(a) != v1alpha1.DigestHashes*length || len(b) != len(a) {
		return 0
	}
	var matches uint64
	for i := range v1alpha1.DigestHashes {
		if a[i*length:(i+1)*length] == b[i*length:(i+1)*length] {
			matches |= 1 << i
		}
	}
	return matches
}
