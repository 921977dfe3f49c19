// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Source reads the objects of a directory, again whenever it changes.
type Source struct {
	dir      string
	admitter Admitter
	watcher  watcher
	log      logr.Logger

	// interval is the time from one look to the next.
	interval time.Duration
	// found is what the latest look found.
	found survey
	// files holds the manifests as they were last read.
	files map[string]*manifest
	index index
	// objects are in force, and changes are what became of them since the latest news.
	objects *Objects
	changes changes
	// waits holds the files whose new content does not count yet, since somebody may still be writing it.
	waits    map[string]wait
	problems []Problem
	// dirErr says why the directory could not be listed.
	dirErr error
	loaded bool
	// store keeps what is in force for the next process, nil without a state directory. storeErr is how that went last.
	store      *store
	storeErr   error
	storeSince time.Time
	// formerManifests identifies the content of the manifests when the former process wrote its state.
	formerManifests string
	// seen is the creationTimestamp of the objects that the latest scan found for the first time.
	seen metav1.Time
}

// Open begins to watch a directory, which must exist unless the state of a former process holds what was in it. An empty
// stateDir keeps no state. Close or Run ends it.
func Open(dir, stateDir string, admitter Admitter, log logr.Logger) (*Source, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory of the manifests: %w", err)
	}
	s := &Source{
		dir: absolute, admitter: admitter, watcher: watcher{log: log}, log: log, interval: lookInterval,
		files: map[string]*manifest{}, index: newIndex(), objects: newObjects(), waits: map[string]wait{},
	}
	if stateDir != "" {
		s.store = newStore(stateDir, log)
		s.restore()
	}
	info, err := os.Stat(dir)
	switch {
	case len(s.objects.entries) > 0:
		// Whatever is wrong with the directory, the first look says so.
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the directory of the manifests does not exist: %w", err)
	case err != nil:
		return nil, fmt.Errorf("open the directory of the manifests: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("the manifests are to be in a directory, and %s is none", dir)
	}
	return s, nil
}

// Close ends the watch of a Source that is not run.
func (s *Source) Close() error { return s.watcher.close() }

const (
	// quietPeriod is how long nothing happens before a change is looked at: editors and copies write a file in several
	// steps, and between them it is empty, half there or away.
	quietPeriod = 50 * time.Millisecond
	// maxBurst is the longest that a directory in which something always happens is not looked at.
	maxBurst = 2 * time.Second
	// lookInterval is how long a change without an event is overlooked.
	lookInterval = 3 * time.Second
	// waitInterval is as long while a file is being written.
	waitInterval = 200 * time.Millisecond
)

// Run calls tell at once and after every change, one call at a time, until ctx ends.
func (s *Source) Run(ctx context.Context, tell func(news)) error {
	defer s.runStore()()
	quiet, next := time.NewTimer(0), time.NewTimer(s.interval)
	defer quiet.Stop()
	defer next.Stop()
	var burst time.Time // when the burst began, zero outside one
	disturb := func() {
		now := time.Now()
		if burst.IsZero() {
			burst = now
		}
		quiet.Reset(max(0, min(quietPeriod, burst.Add(maxBurst).Sub(now))))
	}
	for {
		select {
		case <-ctx.Done():
			return s.watcher.close()
		case event, ok := <-s.watcher.events():
			if ok && s.watcher.places.concern(filepath.Clean(event.Name)) {
				disturb()
			}
			s.closeEnded(ok)
		case err, ok := <-s.watcher.errors():
			if ok {
				// Events were lost (the queue overflowed), so anything may have changed.
				s.log.Error(err, "events of the directory of manifests were lost", "directory", s.dir)
				disturb()
			}
			s.closeEnded(ok)
		case err := <-s.stored():
			if s.noteStored(err) {
				tell(s.news())
			}
		case <-next.C:
			if s.look() {
				disturb()
			}
			next.Reset(s.pause())
		case <-quiet.C:
			burst = time.Time{}
			if s.load(ctx, time.Now()) {
				tell(s.news())
				s.save()
			}
			next.Reset(s.pause())
		}
	}
}

// pause is how long to wait for the next look: less while a file is being written, since its writer closes it without an event.
func (s *Source) pause() time.Duration {
	if len(s.waits) > 0 {
		return min(s.interval, waitInterval)
	}
	return s.interval
}

// closeEnded closes a watch that has ended by itself, so that the next look begins another one.
func (s *Source) closeEnded(ok bool) {
	if !ok {
		_ = s.watcher.close()
	}
}

// look surveys the directory, and sets the watches anew where the directory changed. It returns whether a file may have to be read.
func (s *Source) look() bool {
	former := s.found
	s.found = look(s.dir)
	// One more look finds what changed before the watch was set. Where something always changes, the next interval finds it.
	for range 3 {
		if !s.watcher.refresh(s.found.places) {
			break
		}
		s.found = look(s.dir)
	}
	if (former.err == nil) != (s.found.err == nil) || !slices.Equal(former.files, s.found.files) {
		return true
	}
	return slices.ContainsFunc(s.found.files, func(f sighting) bool {
		m := s.files[f.name]
		return m == nil || !m.settled(f.facts)
	})
}

// load reads the directory. It returns whether that changed what is in force or what is reported.
func (s *Source) load(ctx context.Context, now time.Time) bool {
	s.look()
	if s.found.err != nil {
		return s.unreadable(s.found.err, now)
	}
	s.seen = later(s.seen, now)
	changed := s.read(ctx)
	whole := !s.loaded || s.dirErr != nil
	if !whole && len(changed) == 0 {
		return false
	}
	if !s.loaded {
		s.noteRestored()
	}
	s.loaded, s.dirErr = true, nil
	if whole {
		s.merge(ctx, s.everything(), now)
	} else {
		s.merge(ctx, s.together(changed), now)
	}
	return true
}

// later returns now, or the instant after former where the clock did not move past it: objects that one scan sees for the
// first time are of one age, those of a later scan are younger, so that nothing new comes before what is in force.
func later(former metav1.Time, now time.Time) metav1.Time {
	now = now.Round(0) // without the monotonic reading, which would be compared in place of the clock
	if !now.After(former.Time) {
		now = former.Add(time.Nanosecond)
	}
	return metav1.NewTime(now)
}

// read brings s.files up to date. It returns the files that changed, each with what it held before, nil for nothing.
func (s *Source) read(ctx context.Context) map[string]*manifest {
	changed := map[string]*manifest{}
	next := make(map[string]*manifest, len(s.found.files))
	// put notes what a file holds now, nil for nothing.
	put := func(name string, m *manifest, news bool) {
		if former := s.files[name]; news || m == nil && former != nil {
			changed[name] = former
		}
		if m != nil {
			next[name] = m
		}
	}
	there := make(map[string]bool, len(s.found.files))
	for _, found := range s.found.files {
		there[found.name] = true
	}
	for name := range s.files {
		if !there[name] {
			put(name, nil, true)
		}
	}
	claimed := map[identity]bool{}
	for files := range inBatches(s.found.files) {
		read := s.readChanged(files)
		var accepted []*manifest
		for _, found := range files {
			m, news := s.files[found.name], false
			if again := read[found.name]; again != nil {
				m, news = s.accept(again, m)
			}
			if put(found.name, m, news); news {
				accepted = append(accepted, m)
			}
		}
		s.judge(ctx, accepted, claimed)
	}
	s.files = next
	maps.DeleteFunc(s.waits, func(name string, _ wait) bool { return !there[name] })
	return changed
}

// batchSize is how many octets of manifests are read at a time for each processor. What is decoded takes many times as much, until
// there is a verdict on it.
const batchSize = 1 << 20

// inBatches yields files in their order, at least one at a time.
func inBatches(files []sighting) iter.Seq[[]sighting] {
	return func(yield func([]sighting) bool) {
		for len(files) > 0 {
			n, size := 0, int64(0)
			for n < len(files) && (n == 0 || size+files[n].facts.size <= batchSize*int64(runtime.GOMAXPROCS(0))) {
				size += files[n].facts.size
				n++
			}
			if !yield(files[:n]) {
				return
			}
			files = files[n:]
		}
	}
}

// judge gives, on all processors, the verdict on the first document of each object that these files name, where there is none yet.
// Whether a later one is to be admitted depends on what becomes of those before it. claimed are the objects of files that were judged
// before.
func (s *Source) judge(ctx context.Context, manifests []*manifest, claimed map[identity]bool) {
	var first []*document
	for _, m := range manifests {
		for i := range m.documents {
			d := &m.documents[i]
			id := d.identity()
			if id == (identity{}) || claimed[id] {
				continue
			}
			claimed[id] = true
			earlier := slices.ContainsFunc(s.filesOf(id), func(file string) bool { return file < m.name })
			if !d.judged() && !earlier {
				first = append(first, d)
			}
		}
	}
	inParallel(first, func(d *document) { d.admit(ctx, s.admitter, s.objects.entries[d.draft.id].content, s.seen) })
}

// reading is a file that was read.
type reading struct {
	found sighting
	// at is when it was begun.
	at time.Time
	// gone is set when the file has been removed.
	gone bool
	file file
	sum  checksum
	// content is what the file holds, nil if that has not changed.
	content *manifest
}

// readChanged reads, on all processors, those of the files that may not be what they were.
func (s *Source) readChanged(files []sighting) map[string]*reading {
	read := map[string]*reading{}
	var list []*reading
	for _, found := range files {
		if m := s.files[found.name]; m == nil || !m.settled(found.facts) {
			r := &reading{found: found}
			read[found.name] = r
			list = append(list, r)
		}
	}
	inParallel(list, func(r *reading) {
		former := s.files[r.found.name]
		r.at = time.Now()
		f, there := readManifest(s.dir, r.found)
		if r.gone = !there; r.gone {
			return
		}
		r.file, r.sum = f, sumOf(f)
		if former != nil && former.sum == r.sum {
			return
		}
		r.content = s.waits[f.name].content
		if r.content == nil || r.content.sum != r.sum {
			r.content = decode(f, former)
		}
	})
	return read
}

// accept returns what counts of a file that was read, and whether that is something else than before.
func (s *Source) accept(r *reading, former *manifest) (m *manifest, changed bool) {
	switch {
	case r.gone:
		return nil, false // what it had goes with it
	case r.content == nil:
		changed = former.waits
		former.facts, former.read, former.waits = r.found.facts, r.at, false
		delete(s.waits, r.file.name)
		return former, changed
	}
	r.content.facts, r.content.read = r.found.facts, r.at
	m = s.settle(r.file, r.content, former, r.at)
	waited := former != nil && former.waits
	return m, m != nil && (m == r.content || m.waits != waited)
}

// unreadable reports that the directory cannot be listed. Everything stays as it was.
func (s *Source) unreadable(err error, now time.Time) bool {
	if s.dirErr != nil && s.dirErr.Error() == err.Error() {
		return false
	}
	s.loaded, s.dirErr = true, err
	of := []Problem{{Causes: []metav1.StatusCause{{Message: err.Error()}}, Kept: len(s.objects.entries) > 0}}
	s.report(of, s.problems, now)
	s.problems = of
	return true
}

// report logs the problems that are not among the former ones, which keep their time.
func (s *Source) report(problems, former []Problem, now time.Time) {
	for i := range problems {
		p := &problems[i]
		p.Since = now
		if j := slices.IndexFunc(former, p.same); j >= 0 {
			p.Since = former[j].Since
			continue
		}
		s.log.Info("manifest not in force", "file", p.File, "document", p.Document, "line", p.Line,
			"object", p.Object, "reason", p.Message(), "formerVersionStays", p.Kept)
	}
}
