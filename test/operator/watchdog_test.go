// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// exitStalled is the exit status of a process that its watchdog ends.
const exitStalled = 3

// TestWatchdogEndsAStalledProcess: a process stalls because all its peers wait for a log that nobody reads; the watchdog ends the
// process.
func TestWatchdogEndsAStalledProcess(t *testing.T) {
	t.Parallel() // it waits for most of its time
	dir := t.TempDir()
	var manifests strings.Builder
	for i := range 100 {
		fmt.Fprintf(&manifests, "---\napiVersion: herald.network/v1alpha1\nkind: BGPPeer\nmetadata: {name: tor-%d}\n"+
			"spec: {address: 127.0.66.%d, port: 1, localASN: %d, peerASN: %d}\n", i, i+1, localASN, routerASN)
	}
	if err := os.WriteFile(filepath.Join(dir, "peers.yaml"), []byte(manifests.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	unread, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	defer stderr.Close()
	if _, err := unix.FcntlInt(stderr.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), herald, "standalone", "--manifests="+dir, "--node-name=node-1",
		"--health-address=127.0.0.1:0", "--watchdog=2s")
	process.Stderr = stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- process.Wait() }()
	select {
	case err = <-done:
	case <-time.After(patience):
		t.Fatalf("it goes on after %v", patience)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitStalled {
		t.Errorf("it ended with %v, want exit status %d", err, exitStalled)
	}
}
