// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// limitVariable tells a child of TestWithoutWatches which limit of the kernel is to be 0.
const limitVariable = "HERALD_TEST_LIMIT"

// TestWithoutWatches runs the tests of this package that change files where the kernel has no watch to give: in a user
// namespace of their own, whose limits are no other process's.
func TestWithoutWatches(t *testing.T) {
	t.Parallel()
	for _, limit := range []string{"max_inotify_instances", "max_inotify_watches"} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.parallel=16",
				"-test.run=^(TestLimit|TestEveryChangeIsSeen|TestChangeOfNothingButTimes|TestConfigMapSwap|TestDirectoryReplaced)$")
			child.Env = append(os.Environ(), limitVariable+"="+limit)
			child.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
			}
			output, err := child.CombinedOutput()
			if child.Process == nil && os.Getenv("CI") != "true" {
				t.Skipf("SKIPPED, needs a user namespace: %v", err)
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			for _, want := range []string{"--- PASS: TestLimit", "--- PASS: TestEveryChangeIsSeen", "are not watched in full"} {
				if !strings.Contains(string(output), want) {
					t.Errorf("no %q in\n%s", want, output)
				}
			}
		})
	}
}

// The child sets the limit before anything else runs.
func init() {
	if limit := os.Getenv(limitVariable); limit != "" {
		if err := os.WriteFile(filepath.Join("/proc/sys/user", limit), []byte("0"), 0); err != nil {
			panic(err)
		}
	}
}

// TestLimit holds in the child that no watch is to be had, and elsewhere that it is.
func TestLimit(t *testing.T) {
	source, err := Open(t.TempDir(), "", testAdmitter(t), testLog(t))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = source.Close() })
	source.look()
	if limited := os.Getenv(limitVariable) != ""; limited != (len(source.watcher.watched) == 0) {
		t.Errorf("watched: %v", source.watcher.watched)
	}
}
