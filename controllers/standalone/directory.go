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
	"slices"
	"strings"
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

// manifestNames returns the names of the manifests in dir, sorted. Hidden entries are skipped, as Kubernetes' mounts of
// ConfigMaps need: there ..data is a link to a hidden directory that holds the files.
func manifestNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the manifests: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); isManifest(name) && !entry.IsDir() {
			names = append(names, name)
		}
	}
	return names, nil
}

// isManifest goes by the ending, in letters of either case: a file that looks like a manifest must not be passed over in silence.
func isManifest(name string) bool {
	return !strings.HasPrefix(name, ".") &&
		slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(name)))
}

// readManifests reads the named files. One that has gone since it was listed is left out: its removal is an event of its
// own.
func readManifests(dir string, names []string) []file {
	var files []file
	for _, name := range names {
		path := filepath.Join(dir, name)
		data, err := readRegular(path)
		if errors.Is(err, fs.ErrNotExist) {
			if _, linkErr := os.Lstat(path); errors.Is(linkErr, fs.ErrNotExist) {
				continue
			}
		}
		files = append(files, file{name: name, data: data, err: err})
	}
	return files
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

// linkedDirectories returns the directories, other than dir, that hold what the named entries of dir are links to.
func linkedDirectories(dir string, names []string) []string {
	var dirs []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			// A dangling link is reported when it is read.
			continue
		}
		dirs = append(dirs, filepath.Dir(target))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
