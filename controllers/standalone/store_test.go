// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
)

// TestPipeInPlaceOfAState: a pipe, which nobody may ever write to, does not hold up a start, and the next state takes its place.
func TestPipeInPlaceOfAState(t *testing.T) {
	r := newRestarts(t)
	if err := os.MkdirAll(r.state, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.state, objectsFile)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // an opener that waits goes on
		if f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0); err == nil {
			_ = f.Close()
		}
	})
	write(t, r.dir, "a.yaml", peerManifest("tor", "192.0.2.1"))
	started := make(chan Objects, 1)
	go func() {
		source, err := Open(r.dir, r.state, testAdmitter(t), logr.Discard())
		if err != nil {
			t.Errorf("Open: %v", err)
			close(started)
			return
		}
		started <- source.objects()
		_ = source.Close()
	}()
	select {
	case <-started:
	case <-time.After(deadline):
		t.Fatal("the start waits for the pipe")
	}
	r.run("the peer", func(o Objects) bool { return len(o.Peers) == 1 })
	if next, err := readState(path); err != nil || len(next.entries) != 1 {
		t.Errorf("the next state: %v", err)
	}
}
