// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"iter"
	"slices"
)

// List is a list of announcements in order of precedence: see [Announcement.Compare]. It is immutable. A list that was made
// from another one by [List.Edit] shares with it whatever did not change, and [Diff] skips that. The nil List is empty.
type List struct {
	chunks []*listChunk // none is empty
	n      int
	limit  int // of a chunk: see chunkLen
}

// listChunk is a part of a list. It never changes once a list that holds it was returned.
type listChunk struct{ announcements []*Announcement }

// listChunkLen is the length that chunks have at most. An edit copies one chunk, and a pointer to each of the others.
const listChunkLen = 256

// NewList returns a list of announcements, which may be in any order. Of those that compare as equal it holds the last.
func NewList(announcements ...*Announcement) *List {
	return newList(0, announcements)
}

func newList(limit int, announcements []*Announcement) *List {
	sorted := slices.Clone(announcements)
	slices.SortStableFunc(sorted, (*Announcement).Compare)
	l := &List{limit: limit}
	var c *listChunk
	var last *Announcement
	for i, a := range sorted {
		switch {
		case last != nil && last.Compare(a) == 0:
			c.announcements[len(c.announcements)-1] = a
		case c == nil || len(c.announcements) == l.chunkLen():
			c = &listChunk{append(make([]*Announcement, 0, min(l.chunkLen(), len(sorted)-i)), a)}
			l.chunks = append(l.chunks, c)
			l.n++
		default:
			c.announcements = append(c.announcements, a)
			l.n++
		}
		last = a
	}
	return l
}

// Replace returns the list of other announcements, which may be in any order. It shares with the former list what both hold.
func (l *List) Replace(announcements ...*Announcement) *List {
	e := l.Edit()
	var come []*Announcement
	Diff(l, NewList(announcements...), e.Delete, func(a *Announcement) { come = append(come, a) })
	for _, a := range come {
		e.Put(a)
	}
	return e.List()
}

// chunkLen is how many announcements a chunk holds at most.
func (l *List) chunkLen() int { return cmp.Or(l.limit, listChunkLen) }

// Len is how many announcements the list holds.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return l.n
}

// All yields the announcements in their order.
func (l *List) All() iter.Seq[*Announcement] {
	return func(yield func(*Announcement) bool) {
		for at := l.start(); !at.over(); at.next() {
			if !yield(at.announcement()) {
				return
			}
		}
	}
}

// Has reports whether the list holds this very announcement. Another value of the same ID does not count.
func (l *List) Has(a *Announcement) bool {
	if l.Len() == 0 {
		return false
	}
	chunk, place, found := find(l.chunks, a)
	return found && l.chunks[chunk].announcements[place] == a
}

// find returns the chunk and the place in it of the announcement that compares as equal, or where it belongs. There is a chunk.
func find(chunks []*listChunk, a *Announcement) (chunk, place int, found bool) {
	chunk, found = slices.BinarySearchFunc(chunks, a, func(c *listChunk, a *Announcement) int {
		return c.announcements[0].Compare(a)
	})
	if found {
		return chunk, 0, true
	}
	chunk = max(chunk-1, 0)
	place, found = slices.BinarySearchFunc(chunks[chunk].announcements, a, (*Announcement).Compare)
	return chunk, place, found
}

// Diff calls gone for each announcement that only a holds, and come for each that only b holds: for another value of the same ID
// it calls both. It skips the chunks that both lists share, so it costs what differs, and a step for each chunk.
func Diff(a, b *List, gone, come func(*Announcement)) {
	diff(a, b, gone, come, func(p, q *Announcement) {
		gone(p)
		come(q)
	})
}

// diff is Diff, but for two values that compare as equal: for these it calls other. It returns how many steps it took.
func diff(a, b *List, gone, come func(*Announcement), other func(p, q *Announcement)) (steps int) {
	if a == b {
		return 0
	}
	x, y := a.start(), b.start()
	for ; !x.over() && !y.over(); steps++ {
		if x.place == 0 && y.place == 0 && x.chunks[0] == y.chunks[0] {
			x.skip()
			y.skip()
			continue
		}
		p, q := x.announcement(), y.announcement()
		order := 0
		if p != q {
			order = p.Compare(q)
		}
		if order <= 0 {
			x.next()
		}
		if order >= 0 {
			y.next()
		}
		switch {
		case order < 0:
			gone(p)
		case order > 0:
			come(q)
		case p != q:
			other(p, q)
		}
	}
	for ; !x.over(); x.next() {
		gone(x.announcement())
		steps++
	}
	for ; !y.over(); y.next() {
		come(y.announcement())
		steps++
	}
	return steps
}

// listPlace is a place in a list: in the first of the chunks that are left.
type listPlace struct {
	chunks []*listChunk
	place  int
}

func (l *List) start() listPlace {
	if l == nil {
		return listPlace{}
	}
	return listPlace{chunks: l.chunks}
}

func (p *listPlace) over() bool                  { return len(p.chunks) == 0 }
func (p *listPlace) announcement() *Announcement { return p.chunks[0].announcements[p.place] }
func (p *listPlace) skip()                       { p.chunks, p.place = p.chunks[1:], 0 }

func (p *listPlace) next() {
	if p.place++; p.place == len(p.chunks[0].announcements) {
		p.skip()
	}
}
