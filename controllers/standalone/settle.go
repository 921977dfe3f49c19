// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"slices"
	"time"
)

// writers says whether somebody has a file open for writing.
type writers int

const (
	writersUnknown writers = iota
	writersAbsent
	writersPresent
)

// restPeriod is how long a file must not change before it is believed although its writer may not be done.
const restPeriod = time.Second

// wait is a file whose new content does not count yet.
type wait struct {
	// content is what it holds.
	content *manifest
	// began is when its writer was seen first, since is when it last wrote.
	began, since time.Time
}

// beingWritten is what is said of a file that waits for longer than it is to rest.
const beingWritten = "the file is being written, and so far it is broken or has less than before: it is read when its writer closes it"

// believes decides whether what a file holds is what its writer wants it to hold. A shell's redirection empties the file when
// the command starts, an editor before it writes, and a copy over a slow network comes in pieces: until the file is closed, a part
// of it looks like a file of fewer objects, or of fewer prefixes.
//
// What keeps all that there was is believed after a rest, for a program may never close a file; what takes something away
// is not, as long as the writer is known to be there. Where that cannot be told a rest has to do.
func believes(w writers, takesAway, rested bool) bool {
	switch w {
	case writersAbsent:
		return true
	case writersPresent:
		return rested && !takesAway
	default:
		return rested || !takesAway
	}
}

// settle returns what to make of a file that has new content: that content, or what it had before while its writer is at work.
// In that case nothing may be left to return.
func (s *Source) settle(f file, content, former *manifest, now time.Time) *manifest {
	w, waits := s.waits[f.name]
	if !waits {
		w.began = now
	}
	if !waits || w.content.sum != content.sum {
		w.content, w.since = content, now
	}
	rested := now.Sub(w.since) >= restPeriod
	had := s.hadFrom(f.name, former)
	first := former == nil && len(had) == 0
	if f.err != nil || first && !s.loaded || f.steady && believes(f.writers, takesAway(content, former, had), rested) {
		delete(s.waits, f.name)
		return content
	}
	s.waits[f.name] = w
	if first {
		return nil
	}
	stays := &manifest{name: f.name}
	if former != nil {
		*stays = *former
	}
	// Once the wait is reported, it is reported until it ends: an empty manifest keeps what the former process read from the file
	// in force only while it waits.
	stays.waits = former == nil || former.waits || now.Sub(w.began) >= restPeriod
	return stays
}

// takesAway reports whether the content of a file is broken, smaller than it was, or without an object that is in force.
func takesAway(content, former *manifest, had []identity) bool {
	if former != nil && content.facts.size < former.facts.size {
		return true
	}
	has := make(map[identity]bool, len(content.documents))
	for i := range content.documents {
		d := &content.documents[i]
		if d.draft != nil && d.draft.err != nil {
			return true
		}
		has[d.identity()] = true
	}
	return slices.ContainsFunc(had, func(id identity) bool { return !has[id] })
}
