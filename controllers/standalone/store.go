// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/go-logr/logr"
)

// store keeps the state in a directory, in its own time: nothing waits for a disk.
type store struct {
	dir string
	// lock is held while the directory is this process's, nil before.
	lock *os.File
	// jobs has the latest state that is to be written, results how writing the latest one ended.
	jobs    chan *state
	results chan error
	// secrets are those that were written last.
	secrets []entry
	written bool
	// retry is how long a state that could not be written waits.
	retry time.Duration
	log   logr.Logger
}

const (
	// objectsFile and secretsFile are within the state directory.
	objectsFile = "objects.jsonl"
	secretsFile = "secrets.jsonl"

	retryInterval = 10 * time.Second
	// writeShare bounds what writing takes, to one part in so many of the time: a million prefixes are work. But a state waits
	// no longer than maxWritePause.
	writeShare    = 20
	maxWritePause = 10 * time.Second
)

func newStore(dir string, log logr.Logger) *store {
	return &store{dir: dir, jobs: make(chan *state, 1), results: make(chan error, 1), retry: retryInterval, log: log}
}

// restore reads what a former process left for the same directory of manifests: an empty state where there is none. What
// cannot be read is said in the log, and done without.
func (s *store) restore(directory string) *state {
	restored := &state{}
	for _, name := range []string{objectsFile, secretsFile} {
		path := filepath.Join(s.dir, name)
		left, err := readState(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = left.header.belongs(path, directory)
		}
		if err != nil {
			s.log.Error(err, "state of the former process is not used: the ages of objects, and what broken manifests held before, are lost",
				"file", path)
			continue
		}
		if name == objectsFile {
			restored.header = left.header
		}
		restored.entries = append(restored.entries, left.entries...)
	}
	return restored
}

// save has a state written, in place of one that waits.
func (s *store) save(next *state) {
	select {
	case <-s.jobs:
	default:
	}
	s.jobs <- next
}

// run writes states until stop is closed, and then the last one.
func (s *store) run(stop <-chan struct{}) {
	defer s.release()
	var latest *state // not written yet
	retry := time.NewTimer(0)
	retry.Stop()
	defer retry.Stop()
	for ended := false; !ended; {
		select {
		case latest = <-s.jobs:
		case <-retry.C:
		case <-stop:
			ended = true
			select {
			case latest = <-s.jobs:
			default:
			}
		}
		if latest == nil {
			continue
		}
		began := time.Now()
		err := s.write(latest)
		took := time.Since(began)
		select {
		case <-s.results:
		default:
		}
		s.results <- err
		if err != nil {
			retry.Reset(s.retry)
		} else {
			latest = nil
		}
		pause := time.NewTimer(min(writeShare*took, maxWritePause))
		select {
		case <-pause.C:
		case <-stop:
		}
		pause.Stop()
	}
}

// write replaces the files, each in one step. Keys lie apart from the rest, and for nobody else to read.
func (s *store) write(next *state) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := s.own(next.header.Directory); err != nil {
		return err
	}
	slices.SortFunc(next.entries, entry.compare)
	isSecret := func(id identity) bool { return id.Kind == kindSecret }
	if err := s.replace(objectsFile, next, func(id identity) bool { return !isSecret(id) }); err != nil {
		return err
	}
	var secrets []entry
	for _, e := range next.entries {
		if isSecret(e.content.identity()) {
			secrets = append(secrets, e)
		}
	}
	if s.written && slices.Equal(secrets, s.secrets) {
		return nil
	}
	if len(secrets) == 0 {
		// A key that is gone from the manifests is not kept here, nor in what a process left that was killed.
		path := filepath.Join(s.dir, secretsFile)
		if err := errors.Join(removeFile(path), removeFile(path+aside)); err != nil {
			return err
		}
	} else if err := s.replace(secretsFile, next, isSecret); err != nil {
		return err
	}
	s.secrets, s.written = secrets, true
	return nil
}

// replace writes a file aside, to the disk, and renames it into place: whenever the power fails, one of both is whole.
func (s *store) replace(name string, next *state, belongs func(identity) bool) (err error) {
	path := filepath.Join(s.dir, name)
	if err := removeFile(path + aside); err != nil {
		return err
	}
	f, err := os.OpenFile(path+aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(path + aside) // a full disk has no use for it
		}
	}()
	buffer := bufio.NewWriter(f)
	err = errors.Join(next.write(buffer, belongs), buffer.Flush())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+aside, path); err != nil {
		return err
	}
	return syncDirectory(s.dir)
}

// aside ends the name of a file that is not whole yet.
const aside = ".new"

// removeFile removes a file, which need not be there.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDirectory makes a rename outlive a loss of power, on file systems that can.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	if err = dir.Sync(); errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}
