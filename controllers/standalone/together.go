// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// together are files that are judged together, since they name the same objects, and all objects that may change with them.
type together struct {
	files   map[string]bool
	objects map[identity]bool
}

// everything are all files, those included from which the former process had objects in force.
func (s *Source) everything() together {
	t := newTogether()
	for name := range s.files {
		t.add(s, name, nil)
	}
	for name := range s.index.held {
		t.add(s, name, nil)
	}
	return t
}

// together are the files that changed, and those that are judged with them.
func (s *Source) together(changed map[string]*manifest) together {
	t := newTogether()
	for name, former := range changed {
		t.add(s, name, former)
	}
	return t
}

func newTogether() together {
	return together{files: map[string]bool{}, objects: map[identity]bool{}}
}

// add adds a file, the objects that it names, named in its former version, or has in force, and so on with the files of these objects.
func (t *together) add(s *Source, file string, former *manifest) {
	ids := slices.Concat(former.names(), s.files[file].names(), s.index.held[file])
	t.files[file] = true
	for _, id := range ids {
		if t.objects[id] {
			continue
		}
		t.objects[id] = true
		for _, other := range s.filesOf(id) {
			if !t.files[other] {
				t.add(s, other, nil)
			}
		}
	}
}

// names are the objects that a manifest names; none of nil.
func (m *manifest) names() []identity {
	if m == nil {
		return nil
	}
	ids := make([]identity, 0, len(m.documents))
	for i := range m.documents {
		if id := m.documents[i].identity(); id != (identity{}) {
			ids = append(ids, id)
		}
	}
	return ids
}

// index says which files an object belongs to, where that is not said elsewhere.
type index struct {
	// files are those that name an object, and that which it came from. An object in force has none here if it belongs to one
	// file alone.
	files map[identity][]string
	// held are the objects in force that came from a file which does not name them.
	held map[string][]identity
}

func newIndex() index {
	return index{files: map[identity][]string{}, held: map[string][]identity{}}
}

// filesOf are the files that an object belongs to, as of the last merge.
func (s *Source) filesOf(id identity) []string {
	if files := s.index.files[id]; files != nil {
		return files
	}
	if e, inForce := s.objects.entries[id]; inForce {
		return []string{e.place.file}
	}
	return nil
}

// hadFrom are the objects in force that came from a file. former is what the file named so far.
func (s *Source) hadFrom(file string, former *manifest) []identity {
	return slices.DeleteFunc(slices.Concat(former.names(), s.index.held[file]), func(id identity) bool {
		e, inForce := s.objects.entries[id]
		return !inForce || e.place.file != file
	})
}

// reindex brings the index up to date for files that were merged.
func (s *Source) reindex(t together) {
	files := make(map[identity][]string, len(t.objects))
	for file := range t.files {
		delete(s.index.held, file)
		for _, id := range s.files[file].names() {
			if !slices.Contains(files[id], file) {
				files[id] = append(files[id], file)
			}
		}
	}
	for id := range t.objects {
		e, inForce := s.objects.entries[id]
		if from := e.place.file; inForce && !slices.Contains(files[id], from) {
			files[id] = append(files[id], from)
			s.index.held[from] = append(s.index.held[from], id)
		}
		if s.index.files[id] = files[id]; len(files[id]) == 0 || inForce && len(files[id]) == 1 {
			delete(s.index.files, id)
		}
	}
}

// restoreObjects begins with what a former process had in force.
func (s *Source) restoreObjects(entries []entry) {
	t := newTogether()
	for _, e := range entries {
		t.files[e.place.file], t.objects[e.content.identity()] = true, true
	}
	s.objects.replace(t.objects, entries)
	s.reindex(t)
}

// merge decides anew what is in force of these files.
func (s *Source) merge(ctx context.Context, t together, now time.Time) {
	manifests := make([]*manifest, 0, len(t.files))
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		if m := s.files[name]; m != nil {
			manifests = append(manifests, m)
		}
	}
	var former []entry
	for id := range t.objects {
		if e, inForce := s.objects.entries[id]; inForce {
			former = append(former, e)
		}
	}
	next, problems := merge(ctx, s.admitter, manifests, former, s.seen)
	s.changes.add(s.objects.replace(t.objects, next))
	s.reindex(t)

	had := len(s.problems)
	var gone, stay []Problem // a problem of the directory has no file, and is over
	for _, p := range s.problems {
		if p.File != "" && !t.files[p.File] {
			stay = append(stay, p)
		} else {
			gone = append(gone, p)
		}
	}
	s.report(problems, gone, now)
	s.problems = append(stay, problems...)
	slices.SortStableFunc(s.problems, func(a, b Problem) int { return strings.Compare(a.File, b.File) })
	if had > 0 && len(s.problems) == 0 {
		s.log.Info("every manifest is in force again")
	}
}
