// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import "hash/fnv"

// textHash is the FNV-1a hash of a text.
func textHash(text string) uint64 {
	if text == "" {
		return 0 // by far the most frequent
	}
	hash := fnv.New64a()
	hash.Write([]byte(text))
	return hash.Sum64()
}

// mix adds values to a hash. Another order of the values gives another hash.
func mix(hash uint64, values ...uint64) uint64 {
	const prime = 1099511628211 // of FNV-1a
	for _, value := range values {
		hash = (hash ^ value) * prime
		hash ^= hash >> 32 // a product carries bits upwards only
	}
	return hash
}
