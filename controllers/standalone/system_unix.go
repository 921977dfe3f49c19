// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package standalone

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// noFollow refuses to open a link.
const noFollow = unix.O_NOFOLLOW

// lstat is of the file, the directory or the link that has the path.
func lstat(path string) (stat, error) {
	var status unix.Stat_t
	err := unix.Lstat(path, &status)
	return statOf(&status), err
}

// fstat is of an open file.
func fstat(f *os.File) (stat, error) {
	var status unix.Stat_t
	err := unix.Fstat(int(f.Fd()), &status)
	return statOf(&status), err
}

func statOf(status *unix.Stat_t) stat {
	return stat{
		inode: inode{device: uint64(status.Dev), number: uint64(status.Ino)}, size: status.Size,
		modified: unix.TimespecToNsec(status.Mtim), changed: unix.TimespecToNsec(status.Ctim),
	}
}

// lock locks a file until it is closed, unless another process has it locked.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return errOthers
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EOPNOTSUPP):
		return nil // the file system has no locks, and a state is worth more than the check
	}
	return err
}
