// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// restore begins with what a former process had in force: what follows is decided as if it had gone on.
func (s *Source) restore() {
	former := s.store.restore(s.dir)
	s.restoreObjects(former.entries)
	s.formerManifests = former.header.Manifests
	s.seen = metav1.NewTime(former.header.Seen)
}

// noteRestored says what was taken over, once the manifests were read for the first time.
func (s *Source) noteRestored() {
	if n := len(s.objects.entries); n > 0 {
		s.log.Info("state of the former process taken over", "objects", n,
			"manifestsChanged", s.formerManifests != s.fingerprint())
	}
}

// fingerprint identifies what the manifests hold.
func (s *Source) fingerprint() string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		_, _ = io.WriteString(sum, name+"\x00")
		_, _ = sum.Write(s.files[name].sum[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// runStore begins to write states. It returns what ends that, once the latest is written.
func (s *Source) runStore() (end func()) {
	if s.store == nil {
		s.log.Info("no state is kept: a restart loses the ages of objects, and what broken manifests held before", "remedy", "--state-dir")
		return func() {}
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		s.store.run(stop)
	}()
	return func() {
		close(stop)
		<-done
	}
}

// save has what is in force written for the next process.
func (s *Source) save() {
	if s.store != nil {
		s.store.save(&state{
			header:  stateHeader{Version: stateVersion, Directory: s.dir, Manifests: s.fingerprint(), Seen: s.seen.Time},
			entries: slices.Collect(maps.Values(s.objects.entries)),
		})
	}
}

// stored has how writing the latest state ended.
func (s *Source) stored() <-chan error {
	if s.store == nil {
		return nil
	}
	return s.store.results
}

// noteStored returns whether it is news that the state is written, or not.
func (s *Source) noteStored(err error) bool {
	former := s.storeErr
	s.storeErr = err
	switch {
	case err == nil && former != nil:
		s.log.Info("state is written again", "directory", s.store.dir)
	case err != nil && (former == nil || former.Error() != err.Error()):
		s.storeSince = time.Now()
		s.log.Error(err, "state cannot be written: a restart would lose the ages of objects, and what broken manifests held before",
			"directory", s.store.dir)
	default:
		return false
	}
	return true
}

// forgets says why a restart would not know what is in force, empty where it would.
func (s *Source) forgets() string {
	switch {
	case s.store == nil:
		return "there is no --state-dir"
	case s.storeErr != nil:
		return "--state-dir cannot be written"
	default:
		return ""
	}
}

// news is what the directory tells: what became of the objects in force, and what is not in force.
type news struct {
	changes  changes
	problems []Problem
	// lost says why a restart would know nothing of what is in force, empty where it would.
	lost string
}

// news is what has happened since it was called last.
func (s *Source) news() news {
	n := news{changes: s.changes, problems: s.allProblems(), lost: s.forgets()}
	s.changes = changes{}
	return n
}

// allProblems are those of the manifests, which say what a restart would lose, and that of the state directory.
func (s *Source) allProblems() []Problem {
	problems := slices.Clone(s.problems)
	for i := range problems {
		problems[i].Lost = s.forgets()
	}
	if s.storeErr == nil {
		return problems
	}
	return append(problems, Problem{
		File: "--state-dir " + s.store.dir, Since: s.storeSince,
		Causes: []metav1.StatusCause{{
			Message: "cannot be written: a restart would lose the ages of objects, and what broken manifests held before: " + s.storeErr.Error(),
		}},
	})
}
