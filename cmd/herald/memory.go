// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryShare is the part of the memory of a control group, in percent, that Go may use before its collector works harder. The
// rest is for memory that Go does not count: the program itself and the buffers of the kernel.
const memoryShare = 90

// limitMemory tells Go how much memory the control group of the process may use, as Kubernetes and systemd set it. Without the limit
// the heap may grow to twice the live memory, and the kernel kills the process although half of its memory is garbage. $GOMEMLIMIT
// wins.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if limit, ok := memoryLimit(os.DirFS("/")); ok {
		debug.SetMemoryLimit(limit / 100 * memoryShare)
	}
}

// memoryLimit is the least limit of the control groups, of either version, that the process is in.
func memoryLimit(root fs.FS) (limit int64, ok bool) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(groups)) {
		// A line is number:controllers:path, and of version 2 it has no controllers.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		folder, file := "sys/fs/cgroup", "memory.max"
		switch {
		case fields[1] == "memory":
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		case fields[1] != "":
			continue
		}
		// In a container the path may be the host's: a directory that is missing limits nothing, and the top is the container's own group.
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			if n := memoryNumber(root, path.Join(folder, group, file)); n > 0 && (!ok || n < limit) {
				limit, ok = n, true
			}
			if group == "/" {
				break
			}
		}
	}
	return limit, ok
}

// memoryNumber is the limit in a file, 0 for none. Without a limit, version 2 writes "max" and version 1 an impossibly large number.
func memoryNumber(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n > 1<<60 {
		return 0
	}
	return n
}
