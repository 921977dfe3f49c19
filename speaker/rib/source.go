// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"iter"
	"math/bits"
)

// sourceID identifies a source across configurations. An announcement with another path identifier, or of other families, is another
// source: its routes do not replace what it was.
type sourceID struct {
	announcement string
	path         uint32
	safi         uint8
}

func idOf(a *Announcement) sourceID { return sourceID{a.ID, a.PathID, a.safi()} }

// source is an announcement as the table knows it, for as long as an entry has its number.
type source struct {
	*Announcement
	number uint32
	safi   uint8 // of its announcement: at hand where all sources are looked at
	// wanted: it is part of the newest configuration.
	wanted bool
	// turned is the newest update that found that wanted is to be the opposite, and left the newest comparison of two lists of an
	// export that found it in the former one alone so far.
	turned, left uint64
	// live counts the prefixes that are announced, entries those of both families and the tombstones.
	// count is how many prefixes its newest announcement comes to, by family.
	count   [families]int
	live    [families]uint32
	entries int
}

// before reports whether the routes of s go before those of o.
func (s *source) before(o *source) bool { return s.Announcement.Compare(o.Announcement) < 0 }

// families is how many families an announcement can have: the length of what is kept for each.
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

// same reports whether both are one value: most sets are that of the update before.
func (m members) same(other members) bool {
	return len(m) == len(other) && (len(m) == 0 || &m[0] == &other[0])
}

func (m members) equal(other members) bool {
	for range m.differing(other) {
		return false
	}
	return true
}

// word returns the word with the numbers from 64 i on.
func (m members) word(i int) uint64 {
	if i < len(m) {
		return m[i]
	}
	return 0
}

// all yields the numbers.
func (m members) all() iter.Seq[uint32] { return m.differing(nil) }

// differing yields the numbers that are in one of both.
func (m members) differing(other members) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if m.same(other) {
			return
		}
		for i := range max(len(m), len(other)) {
			for w := m.word(i) ^ other.word(i); w != 0; w &= w - 1 {
				if !yield(uint32(i<<6 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// index has the numbers of sources by something that their announcements have.
type index[K comparable] map[K]map[uint32]struct{}

func (x index[K]) add(k K, number uint32) {
	if x[k] == nil {
		x[k] = map[uint32]struct{}{}
	}
	x[k][number] = struct{}{}
}

func (x index[K]) remove(k K, number uint32) {
	if delete(x[k], number); len(x[k]) == 0 {
		delete(x, k)
	}
}
