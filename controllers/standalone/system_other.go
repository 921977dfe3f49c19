// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package standalone

import "os"

// noFollow is nothing that this system knows.
const noFollow = 0

// lstat is of the file, the directory or the link that has the path. This system tells neither an inode nor when it was changed.
func lstat(path string) (stat, error) { return statOf(os.Lstat(path)) }

// fstat is of an open file.
func fstat(f *os.File) (stat, error) { return statOf(f.Stat()) }

func statOf(info os.FileInfo, err error) (stat, error) {
	if err != nil {
		return stat{}, err
	}
	modified := info.ModTime().UnixNano()
	return stat{size: info.Size(), modified: modified, changed: modified}, nil
}

// lock cannot keep another process out on this system.
func lock(*os.File) error { return nil }
