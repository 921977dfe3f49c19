// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

// sourceID identifies a source across configurations. An announcement with another path identifier is another source: its
// routes do not replace what it was.
type sourceID struct {
	announcement string
	path         uint32
}

func idOf(a *Announcement) sourceID { return sourceID{a.ID, a.PathID} }

// source is an announcement as the table knows it, for as long as an entry has its number.
type source struct {
	*Announcement
	number uint32
	// wanted: it is part of the newest configuration. removed is the update that it is not a part of any more.
	wanted  bool
	removed uint64
	// rank is the place in the order of precedence: of two sources with one prefix the lower goes first.
	rank int
	// live counts the prefixes that are announced, entries those of both families and the tombstones.
	// count is how many prefixes its newest announcement comes to, by family.
	count   [families]int
	live    [families]uint32
	entries int
}

// families is how many families a table has: the length of what it keeps for each.
const families = 2

// members is a set of numbers of sources.
type members []uint64

func (m members) has(n uint32) bool {
	i := int(n >> 6)
	return i < len(m) && m[i]&(1<<(n&63)) != 0
}

func (m *members) add(n uint32) {
	for int(n>>6) >= len(*m) {
		*m = append(*m, 0)
	}
	(*m)[n>>6] |= 1 << (n & 63)
}

func (m members) remove(n uint32) {
	if i := int(n >> 6); i < len(m) {
		m[i] &^= 1 << (n & 63)
	}
}

// union adds all of other.
func (m *members) union(other members) {
	for len(*m) < len(other) {
		*m = append(*m, 0)
	}
	for i, w := range other {
		(*m)[i] |= w
	}
}

func (m members) equal(other members) bool {
	if len(m) == len(other) && (len(m) == 0 || &m[0] == &other[0]) {
		return true
	}
	for i := range max(len(m), len(other)) {
		var a, b uint64
		if i < len(m) {
			a = m[i]
		}
		if i < len(other) {
			b = other[i]
		}
		if a != b {
			return false
		}
	}
	return true
}
