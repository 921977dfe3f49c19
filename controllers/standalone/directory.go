// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// file is a manifest as it was read.
type file struct {
	// name is that of the file within the directory.
	name string
	data []byte
	// steady is set when the file was the same after it was read as it was found before.
	steady  bool
	writers writers
	// err says why it cannot be read.
	err error
}

// readManifest reads a file of a directory. It returns false for one that has gone since it was found: its removal is a
// change of its own.
func readManifest(dir string, found sighting) (file, bool) {
	path := filepath.Join(dir, found.name)
	f := file{name: found.name}
	f.err = f.read(path, found.facts)
	if errors.Is(f.err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return file{}, false
		}
	}
	return f, true
}

// openRegular opens a regular file, and no pipe or device, whose end may never come.
func openRegular(path string) (*os.File, error) {
	// A pipe would block whoever opens it.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func (f *file) read(path string, found facts) error {
	open, err := openRegular(path)
	if err != nil {
		return err
	}
	defer open.Close()
	f.data, err = io.ReadAll(io.LimitReader(open, maxManifest+1))
	if len(f.data) > maxManifest {
		f.data = nil
		return fmt.Errorf("%s is larger than %d MiB: split it", path, maxManifest>>20)
	}
	// The writers first: a writer that has closed the file by then does not write before the facts are read.
	f.writers = writersOf(open)
	f.steady = factsOfOpen(open, found.path) == found
	return err
}

// maxManifest is the size of the largest file that is read. An API server takes no object of half of it.
const maxManifest = 4 << 20
