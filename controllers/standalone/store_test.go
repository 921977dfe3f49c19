// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
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
	started := make(chan snapshot, 1)
	go func() {
		source, err := Open(r.dir, r.state, testAdmitter(t), logr.Discard())
		if err != nil {
			t.Errorf("Open: %v", err)
			close(started)
			return
		}
		started <- snapshotOf(source, source.news())
		_ = source.Close()
	}()
	select {
	case <-started:
	case <-time.After(deadline):
		t.Fatal("the start waits for the pipe")
	}
	r.run("the peer", func(o snapshot) bool { return len(o.Peers) == 1 })
	if next, err := readState(path); err != nil || len(next.entries) != 1 {
		t.Errorf("the next state: %v", err)
	}
}

// TestForeignState: each file of state of another directory of manifests is left alone, and the remedy that the problem names
// ends it.
func TestForeignState(t *testing.T) {
	for _, name := range []string{objectsFile, secretsFile} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := newRestarts(t)
			write(t, other.dir, "a.yaml", peerManifest("tor", "192.0.2.1")+
				"---\n{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {password: s3cret}}\n")
			other.run("the other's objects", func(o snapshot) bool { return len(o.Secrets) == 1 })
			r := newRestarts(t)
			if err := os.MkdirAll(r.state, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(r.state, name)
			if err := os.Rename(filepath.Join(other.state, name), path); err != nil {
				t.Fatal(err)
			}
			write(t, r.dir, "a.yaml", peerManifest("tor", "192.0.2.9"))
			h := startSource(t, r.dir, r.state, logr.Discard())
			defer h.stop()
			o := h.await("the problem", func(o snapshot) bool { return len(o.Problems) == 1 })
			if text := o.Problems[0].Message(); !strings.Contains(text, path+" is of the manifests in "+other.dir) || !strings.Contains(text, "remove the file") {
				t.Errorf("problem %s", text)
			}
			if left, err := readState(path); err != nil || left.header.Directory != other.dir {
				t.Errorf("the other's state was written over: %v", err)
			}
			remove(t, r.state, name)
			h.await("the end of the problem", func(o snapshot) bool { return len(o.Problems) == 0 })
			if left, err := readState(filepath.Join(r.state, objectsFile)); err != nil || left.header.Directory != r.dir {
				t.Errorf("the state after the remedy: %v", err)
			}
		})
	}
}

// TestOneProcessHasAStateDirectory: a second process with the same state directory writes nothing and says so, until the first
// ends; one with other manifests leaves the state alone as well.
func TestOneProcessHasAStateDirectory(t *testing.T) {
	first, second := newRestarts(t), newRestarts(t)
	write(t, first.dir, "a.yaml", peerManifest("tor", "192.0.2.1"))
	write(t, second.dir, "a.yaml", peerManifest("tor", "192.0.2.2"))
	one := startSource(t, first.dir, first.state, logr.Discard())
	stop := sync.OnceFunc(one.stop)
	defer stop()
	path := filepath.Join(first.state, objectsFile)
	one.await("the first's peer", always)
	for began := time.Now(); ; {
		if _, err := os.Lstat(path); err == nil {
			break
		}
		if time.Since(began) > deadline {
			t.Fatal("the first process wrote no state")
		}
		runtime.Gosched()
	}
	same := startSource(t, first.dir, first.state, logr.Discard())
	defer same.stop()
	other := startSource(t, second.dir, first.state, logr.Discard())
	defer other.stop()
	said := func(what string) func(snapshot) bool {
		return func(o snapshot) bool { return len(o.Problems) == 1 && strings.Contains(o.Problems[0].Message(), what) }
	}
	same.await("the word of the process on the same manifests", said("another process has it"))
	other.await("the word of the process on other manifests", said(path+" is of the manifests in "+first.dir))
	stop()
	same.await("the directory", func(o snapshot) bool { return len(o.Problems) == 0 })
	if left, err := readState(path); err != nil || left.header.Directory != first.dir {
		t.Errorf("the state was written over: %v", err)
	}
}
