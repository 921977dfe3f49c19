// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import "slices"

// Editor makes a new list from another one. It copies a chunk before it changes it for the first time, and no other.
type Editor struct {
	from *List
	// chunks and n are of the new list. The chunks are those of the former list itself until something changes.
	chunks []*listChunk
	n      int
	// owned tells which chunks no returned list holds. It is nil until something changes.
	owned []bool
	// copied counts the chunks that were copied.
	copied int
}

// Edit begins a new list with what this one holds.
func (l *List) Edit() *Editor {
	if l == nil {
		l = &List{}
	}
	return &Editor{from: l, chunks: l.chunks, n: l.n}
}

// Put adds an announcement in the place of the one that compares as equal, if there is one. Put changes nothing where the list
// holds this very announcement. Where another value of an ID has another place, the caller deletes the former value.
func (e *Editor) Put(a *Announcement) {
	if len(e.chunks) == 0 {
		e.begin()
		e.add(0, []*Announcement{a})
		return
	}
	chunk, place, found := find(e.chunks, a)
	if found {
		if e.chunks[chunk].announcements[place] != a {
			e.own(chunk).announcements[place] = a
		}
		return
	}
	limit := e.from.chunkLen()
	full := len(e.chunks[chunk].announcements) == limit
	if full && place == limit && chunk == len(e.chunks)-1 { // a list that is made in order has full chunks
		e.begin()
		e.add(chunk+1, []*Announcement{a})
		return
	}
	if full {
		e.split(chunk)
		if half := limit / 2; place > half {
			chunk, place = chunk+1, place-half
		}
	}
	c := e.own(chunk)
	c.announcements = slices.Insert(c.announcements, place, a)
	e.n++
}

// Delete removes the announcement that compares as equal, if there is one.
func (e *Editor) Delete(a *Announcement) {
	if len(e.chunks) == 0 {
		return
	}
	chunk, place, found := find(e.chunks, a)
	if !found {
		return
	}
	c := e.own(chunk)
	c.announcements = slices.Delete(c.announcements, place, place+1)
	e.n--
	if len(c.announcements) == 0 {
		e.remove(chunk)
		return
	}
	// Chunks that became small are joined, so that their number stays in proportion to the announcements.
	if !e.join(chunk) {
		e.join(chunk - 1)
	}
}

// List returns the new list, or the former one where nothing changed. The editor may go on from there.
func (e *Editor) List() *List {
	if e.owned != nil {
		e.from = &List{chunks: e.chunks, n: e.n, limit: e.from.limit}
		e.owned = nil
	}
	return e.from
}

// begin gives the new list a list of chunks of its own.
func (e *Editor) begin() {
	if e.owned == nil {
		e.chunks, e.owned = slices.Clone(e.chunks), make([]bool, len(e.chunks), len(e.chunks)+1)
	}
}

// own returns a chunk of the new list, which may be changed.
func (e *Editor) own(chunk int) *listChunk {
	e.begin()
	if !e.owned[chunk] {
		former := e.chunks[chunk].announcements
		e.chunks[chunk] = &listChunk{append(make([]*Announcement, 0, len(former)+1), former...)}
		e.owned[chunk] = true
		e.copied++
	}
	return e.chunks[chunk]
}

// add adds a chunk of announcements that are new.
func (e *Editor) add(chunk int, announcements []*Announcement) {
	e.chunks = slices.Insert(e.chunks, chunk, &listChunk{announcements})
	e.owned = slices.Insert(e.owned, chunk, true)
	e.n += len(announcements)
}

func (e *Editor) remove(chunk int) {
	e.chunks = slices.Delete(e.chunks, chunk, chunk+1)
	e.owned = slices.Delete(e.owned, chunk, chunk+1)
}

// split makes two chunks of a full one.
func (e *Editor) split(chunk int) {
	c, half := e.own(chunk), e.from.chunkLen()/2
	second := slices.Clone(c.announcements[half:])
	clear(c.announcements[half:])
	c.announcements = c.announcements[:half]
	e.chunks = slices.Insert(e.chunks, chunk+1, &listChunk{second})
	e.owned = slices.Insert(e.owned, chunk+1, true)
}

// join makes one chunk of two where half a chunk has room for both, and reports whether it did.
func (e *Editor) join(chunk int) bool {
	if chunk < 0 || chunk+1 >= len(e.chunks) {
		return false
	}
	second := e.chunks[chunk+1].announcements
	if len(e.chunks[chunk].announcements)+len(second) > e.from.chunkLen()/2 {
		return false
	}
	c := e.own(chunk)
	c.announcements = append(c.announcements, second...)
	e.remove(chunk + 1)
	return true
}
