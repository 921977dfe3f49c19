// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package dataset

// Digest tells one set of routes from another whatever their order: the sum over all routes of Mix.
func (d *Data) Digest() uint64 {
	var sum uint64
	buffer := make([]byte, 0, longestPrefix6)
	for p, set := range d.Routes() {
		sum += Mix(appendNLRI(buffer[:0], p), communitiesOfASN|uint32(set.Community))
	}
	return sum
}

// Mix is a number that stands for a route: its NLRI and its community.
func Mix(nlri []byte, community uint32) uint64 {
	const prime = 0x100000001b3 // FNV-1a
	h := uint64(0xcbf29ce484222325) ^ uint64(community)*0x9e3779b97f4a7c15
	for _, octet := range nlri {
		h = (h ^ uint64(octet)) * prime
	}
	return h ^ h>>29
}
