// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// entry is an object in force.
type entry struct {
	content content
	// place is the document that it came from.
	place place
}

// place is a document as others see it: the nth of its object in a file, counted from 0. It stays when documents of other
// objects come or go.
type place struct {
	file string
	nth  int32
}

// compare is the order of objects: by namespace and name.
func (e entry) compare(other entry) int {
	return e.content.identity().compare(other.content.identity())
}

// merger decides what is in force from the manifests and from what was in force before.
type merger struct {
	admitter     Admitter
	former, next map[identity]entry
	// claims has an entry for each object that a file names, refused objects included.
	claims map[identity]*claim
	// seen is the creationTimestamp of objects that were not there before.
	seen     metav1.Time
	problems []Problem
}

// claim says what became of the documents of an object.
type claim struct {
	// counts is the position of the document that counts: the first that was admitted, or the refused new version of the
	// object in force. It is empty while there is none.
	counts string
	// last is the place of the latest document.
	last place
	// refused are the indexes of the problems of the documents that were refused before it.
	refused []int
}

// merge takes manifests sorted by name, and what was in force before. Objects that are found for the first time get the
// creationTimestamp seen. It returns what is in force sorted by namespace and name.
func merge(ctx context.Context, admitter Admitter, manifests []*manifest, former []entry, seen metav1.Time) ([]entry, []Problem) {
	m := &merger{
		admitter: admitter, seen: seen, claims: map[identity]*claim{},
		former: make(map[identity]entry, len(former)), next: make(map[identity]entry, len(former)),
	}
	for _, e := range former {
		m.former[e.content.identity()] = e
	}
	held := map[string]bool{}
	for _, file := range manifests {
		held[file.name] = m.file(ctx, file)
	}
	// An object stays in force if its file has a document that may be the object, and no file names it now.
	for id, e := range m.former {
		if _, claimed := m.claims[id]; held[e.place.file] && !claimed {
			m.next[id] = e
		}
	}
	return m.sorted(), m.problems
}

// admit gives the verdict on a document that names its object. former is the version in force of the object, nil for none.
func (d *document) admit(ctx context.Context, admitter Admitter, former content, seen metav1.Time) {
	d.admitted, d.draft.refusal = admit(ctx, admitter, d.draft.object, d.draft.id, former, seen)
	if d.draft.object = nil; d.admitted != nil {
		d.draft = nil
	}
}

// inParallel calls do with each item, on all processors, and returns once all is done.
func inParallel[T any](items []T, do func(T)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(len(items), runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(items) {
					return
				}
				do(items[i])
			}
		})
	}
	workers.Wait()
}

// sorted is what is in force.
func (m *merger) sorted() []entry {
	return slices.SortedFunc(maps.Values(m.next), entry.compare)
}

// file takes over what is good in a file. It returns whether the file may still mean objects that are not found in it.
func (m *merger) file(ctx context.Context, f *manifest) (held bool) {
	if f.err != nil {
		m.report(Problem{File: f.name, Kept: m.hasFrom(f.name), Causes: []metav1.StatusCause{{Message: f.err.Error()}}})
		return true
	}
	if f.waits {
		m.report(Problem{File: f.name, Kept: m.hasFrom(f.name), Causes: []metav1.StatusCause{{Message: beingWritten}}})
		held = len(f.documents) == 0
	}
	for i := range f.documents {
		held = m.document(ctx, f.name, &f.documents[i]) || held
	}
	return held
}

// document takes over what is good in a document. It returns whether the document may mean objects that it does not name.
func (m *merger) document(ctx context.Context, file string, d *document) (held bool) {
	if id := d.identity(); id != (identity{}) {
		m.object(ctx, file, d, id)
		return d.mayBeAny
	}
	problem := Problem{File: file, Document: int(d.index), Line: int(d.line), Kept: m.hasFrom(file)}
	if d.draft.err != nil {
		problem.Causes = []metav1.StatusCause{{Message: reason(d.draft.err).Error()}}
	} else {
		problem.Object = d.draft.object.GetKind()
		problem.Causes = []metav1.StatusCause{{
			Type:    metav1.CauseTypeFieldValueRequired,
			Field:   "metadata.name",
			Message: "write a name; generateName is not supported here",
		}}
	}
	m.report(problem)
	return true
}

// reason leaves out the place, which the Problem says already.
func reason(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// object takes over a document that names its object. Of several that are admitted the first counts, unless the document
// that the object in force came from stands before it and is refused: then what is in force stays.
func (m *merger) object(ctx context.Context, file string, d *document, id identity) {
	problem := Problem{File: file, Document: int(d.index), Line: int(d.line), Object: id.String()}
	c := m.claims[id]
	switch {
	case c == nil:
		c = &claim{last: place{file: file}}
		m.claims[id] = c
	case c.last.file == file:
		c.last.nth++
	default:
		c.last = place{file: file}
	}
	if c.counts != "" {
		problem.Causes = []metav1.StatusCause{{
			Type:    metav1.CauseTypeFieldValueDuplicate,
			Field:   "metadata.name",
			Message: fmt.Sprintf("the same object is in %s, which comes first and counts", c.counts),
		}}
		m.report(problem)
		return
	}
	if !d.judged() {
		d.admit(ctx, m.admitter, m.former[id].content, m.seen)
	}
	if d.admitted == nil {
		m.refuse(problem, d, c)
		return
	}
	c.counts = problem.Position()
	m.next[id] = entry{content: d.admitted, place: c.last}
	for _, i := range c.refused {
		m.problems[i].Kept = false
	}
}

// refuse reports a document that was not admitted. The former version of its object stays: for good if it came from this
// document, else unless one that follows is admitted.
func (m *merger) refuse(problem Problem, d *document, c *claim) {
	id, refused := d.draft.id, d.draft.refusal
	former, existed := m.former[id]
	problem.Causes, problem.content, problem.generation = refused.causes, refused.content, 1
	problem.Kept = existed || d.mayBeAny && m.hasFrom(problem.File)
	if existed {
		problem.generation = former.content.meta().Generation + 1
		if former.place == c.last {
			c.counts = problem.Position()
		}
		if len(c.refused) == 0 || c.counts != "" {
			m.next[id] = entry{content: former.content, place: c.last}
		}
	}
	c.refused = append(c.refused, len(m.problems))
	m.report(problem)
}

func (m *merger) report(p Problem) { m.problems = append(m.problems, p) }

func (m *merger) hasFrom(file string) bool {
	for _, e := range m.former {
		if e.place.file == file {
			return true
		}
	}
	return false
}
