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
	// err says why it cannot be read.
	err error
}

// readManifest reads a file of a directory. It returns false for one that has gone since it was found: its removal is a
// change of its own.
func readManifest(dir, name string) (file, bool) {
	path := filepath.Join(dir, name)
	data, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, linkErr := os.Lstat(path); errors.Is(linkErr, fs.ErrNotExist) {
			return file{}, false
		}
	}
	return file{name: name, data: data, err: err}, true
}

// readRegular reads a regular file, and no pipe or device, whose end may never come.
func readRegular(path string) ([]byte, error) {
	// A pipe would block whoever opens it.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if len(data) > maxManifest {
		return nil, fmt.Errorf("%s is larger than %d MiB: split it", path, maxManifest>>20)
	}
	return data, err
}

// maxManifest is the size of the largest file that is read. An API server takes no object of half of it.
const maxManifest = 4 << 20
