// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// localFileSystems are those whose leases know every writer. Network file systems refuse a lease for reasons of their own.
var localFileSystems = []int64{
	unix.BTRFS_SUPER_MAGIC, unix.EXT4_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, unix.RAMFS_MAGIC,
	unix.TMPFS_MAGIC, unix.XFS_SUPER_MAGIC,
}

// writersOf asks whether anybody has an open file open for writing too: the kernel then refuses a read lease. The lease is given
// back at once, so that it delays nobody. Only the file's owner and the privileged may ask.
func writersOf(f *os.File) writers {
	var fileSystem unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fileSystem); err != nil || !slices.Contains(localFileSystems, int64(fileSystem.Type)) {
		return writersUnknown
	}
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return writersPresent
	case err != nil:
		return writersUnknown
	}
	// Closing the file would do it too, a little later.
	_, _ = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	return writersAbsent
}
