// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// survey is what a look at the directory found, without reading a file.
type survey struct {
	// err says why the directory cannot be listed.
	err error
	// files are the manifests, sorted by name.
	files  []sighting
	places places
}

// sighting is a manifest as it was found.
type sighting struct {
	// name is that of the file within the directory.
	name  string
	facts facts
}

// facts tell cheaply whether a file may have changed. Every write, every rename, and every link that is swapped in the path of the
// file changes at least one of them, with or without an event.
type facts struct {
	// path is where the file is, with no link in it.
	path string
	stat
	// err says why there are no facts.
	err string
}

// stat is what the system says of a file.
type stat struct {
	inode inode
	size  int64
	// modified and changed are in nanoseconds of Unix time. The second cannot be set by whoever writes the file.
	modified, changed int64
}

// inode tells files apart on one machine.
type inode struct{ device, number uint64 }

// look surveys a directory, an absolute path. Hidden entries are skipped, as Kubernetes' mounts of ConfigMaps need: there
// ..data is a link to a hidden directory that holds the files.
func look(dir string) survey {
	s := survey{places: places{directories: map[string]inode{}, decisive: map[string]bool{}}}
	dir, err := s.places.follow(dir)
	if err == nil {
		s.places.manifests = dir
		err = s.list(dir)
	}
	if err != nil {
		s.err = fmt.Errorf("read the manifests: %w", err)
	}
	return s
}

func (s *survey) list(dir string) error {
	s.places.watch(dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if !isManifest(name) || entry.IsDir() {
			continue
		}
		path := filepath.Join(dir, name)
		if entry.Type()&os.ModeSymlink != 0 {
			if path, err = s.places.follow(path); err != nil {
				s.files = append(s.files, sighting{name, facts{err: err.Error()}})
				continue
			}
		}
		s.files = append(s.files, sighting{name, factsOf(path)})
	}
	return nil
}

// isManifest goes by the ending, in letters of either case: a file that looks like a manifest must not be passed over in silence.
func isManifest(name string) bool {
	return !strings.HasPrefix(name, ".") &&
		slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(name)))
}

// factsOf takes a path without links.
func factsOf(path string) facts {
	found, err := lstat(path)
	return factsFrom(path, found, err)
}

// factsOfOpen are those of a file that was opened by a path.
func factsOfOpen(f *os.File, path string) facts {
	found, err := fstat(f)
	return factsFrom(path, found, err)
}

func factsFrom(path string, found stat, err error) facts {
	if err != nil {
		return facts{path: path, err: err.Error()}
	}
	return facts{path: path, stat: found}
}

// timeGrain is more than the steps in which a file system counts time: a file may have changed once more within a step, and look as
// it did.
const timeGrain = 2 * time.Second

// mayHide reports whether a file that was read at an instant may have changed since without another look.
func (f *facts) mayHide(read time.Time) bool {
	newest := time.Unix(0, max(f.modified, f.changed))
	return newest.Sub(read).Abs() < timeGrain
}

// places are the paths that decide which files the manifests are: in each directory of the path, the entry that leads on.
type places struct {
	// directories are to be watched. They are named without links.
	directories map[string]inode
	// decisive are the paths whose change may lead elsewhere.
	decisive map[string]bool
	// manifests is the directory itself, in which every manifest counts.
	manifests string
}

// maxLinks is how many links a path may go through, as in the kernel.
const maxLinks = 40

// follow takes every link on a path, and notes where it went through. It returns the path without links.
func (p *places) follow(path string) (string, error) {
	current, links := string(filepath.Separator), 0
	rest := strings.Split(path, string(filepath.Separator))
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			current = filepath.Dir(current)
			continue
		}
		p.watch(current)
		next := filepath.Join(current, name)
		p.decisive[next] = true
		target, err := os.Readlink(next)
		if errors.Is(err, syscall.EINVAL) { // no link
			current = next
			continue
		}
		if err != nil {
			return "", err
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: %w", path, syscall.ELOOP)
		}
		if filepath.IsAbs(target) {
			current = string(filepath.Separator)
		}
		rest = append(strings.Split(target, string(filepath.Separator)), rest...)
	}
	return current, nil
}

// watch notes a directory.
func (p *places) watch(dir string) {
	if _, known := p.directories[dir]; known {
		return
	}
	if found, err := lstat(dir); err == nil {
		p.directories[dir] = found.inode
	}
}

// concern reports whether a change of what has the path may change the manifests.
func (p *places) concern(path string) bool {
	_, watched := p.directories[path]
	return watched || p.decisive[path] || filepath.Dir(path) == p.manifests && isManifest(filepath.Base(path))
}
