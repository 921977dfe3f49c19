// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile is within the state directory. Who has it locked may write there.
const lockFile = "lock"

// errOthers says why a state is not written while another process has the directory.
var errOthers = errors.New("another process has it: give each herald standalone a --state-dir of its own")

// own claims the state directory for this process: no other process writes there, and the state in it is of the same directory of
// manifests. An obstacle at one attempt may be gone at the next.
func (s *store) own(directory string) error {
	path := filepath.Join(s.dir, lockFile)
	if s.lock != nil && isAt(s.lock, path) {
		return nil
	}
	s.release() // whoever removed the directory lets another process make it anew
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	err = lock(f)
	for _, name := range []string{objectsFile, secretsFile} {
		if other := refuseOther(filepath.Join(s.dir, name), directory); other != nil {
			err = other
		}
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	s.lock = f
	return nil
}

// release lets another process have the directory.
func (s *store) release() {
	if s.lock != nil {
		_ = s.lock.Close()
		s.lock = nil
	}
}

// isAt reports whether an open file is still the one at a path.
func isAt(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(open, there)
}

// refuseOther refuses a state file of another directory of manifests, in any condition or version.
func refuseOther(path, directory string) error {
	f, err := openRegular(path)
	if err != nil {
		return nil // nothing is lost with it, or writing says what is wrong
	}
	defer f.Close()
	var header stateHeader
	line, err := readLine(bufio.NewReader(f), maxHeader)
	if err != nil || json.Unmarshal(line, &header) != nil || header.Directory == "" {
		return nil // it is no state
	}
	return header.belongs(path, directory)
}

// belongs refuses the state of another directory of manifests.
func (h *stateHeader) belongs(path, directory string) error {
	if h.Directory == directory {
		return nil
	}
	return fmt.Errorf("%s is of the manifests in %s: give each directory of manifests a --state-dir of its own, or remove the file "+
		"where those are no more", path, h.Directory)
}
