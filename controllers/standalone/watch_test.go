// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// layout is a directory of manifests with one file, peer.yaml, and a way to change what the file is without an event at it.
type layout struct {
	// build makes the first version below root, whose peer has the address, and returns the directory to read.
	build func(t *testing.T, root, address string) (dir string)
	// change puts another version in place.
	change func(t *testing.T, root, address string)
}

// layouts are the ways in which people and programs put manifests in place, other than by writing the file.
var layouts = map[string]layout{
	"a link among the ancestors is swapped": {
		build: func(t *testing.T, root, address string) string {
			release(t, root, "v1/herald", address)
			link(t, "v1", filepath.Join(root, "current"))
			return filepath.Join(root, "current", "herald")
		},
		change: func(t *testing.T, root, address string) {
			release(t, root, address+"/herald", address)
			link(t, address, filepath.Join(root, "current"))
		},
	},
	"a link behind a link among the ancestors is swapped": {
		build: func(t *testing.T, root, address string) string {
			release(t, root, "store/v1/herald", address)
			link(t, "v1", filepath.Join(root, "store", "current"))
			link(t, filepath.Join(root, "store", "current"), filepath.Join(root, "etc"))
			return filepath.Join(root, "etc", "herald")
		},
		change: func(t *testing.T, root, address string) {
			release(t, root, "store/"+address+"/herald", address)
			link(t, address, filepath.Join(root, "store", "current"))
		},
	},
	"the directory is a link that is swapped": {
		build: func(t *testing.T, root, address string) string {
			release(t, root, "v1", address)
			link(t, "v1", filepath.Join(root, "current"))
			return filepath.Join(root, "current")
		},
		change: func(t *testing.T, root, address string) {
			release(t, root, address, address)
			link(t, address, filepath.Join(root, "current"))
		},
	},
	"the file is a link through a link that is swapped": {
		build: func(t *testing.T, root, address string) string {
			release(t, root, "store/v1", address)
			link(t, "v1", filepath.Join(root, "store", "current"))
			release(t, root, "herald", address)
			link(t, "../store/current/peer.yaml", filepath.Join(root, "herald", "peer.yaml"))
			return filepath.Join(root, "herald")
		},
		change: func(t *testing.T, root, address string) {
			release(t, root, "store/"+address, address)
			link(t, address, filepath.Join(root, "store", "current"))
		},
	},
	"the parent is moved away and made anew": {
		build: func(t *testing.T, root, address string) string {
			release(t, root, "etc/herald", address)
			return filepath.Join(root, "etc", "herald")
		},
		change: func(t *testing.T, root, address string) {
			if err := os.Rename(filepath.Join(root, "etc"), filepath.Join(root, "before-"+address)); err != nil {
				t.Fatal(err)
			}
			release(t, root, "etc/herald", address)
		},
	},
	"the parent's parent is removed and made anew": {
		build: func(t *testing.T, root, address string) string {
			release(t, root, "etc/network/herald", address)
			return filepath.Join(root, "etc", "network", "herald")
		},
		change: func(t *testing.T, root, address string) {
			if err := os.RemoveAll(filepath.Join(root, "etc")); err != nil {
				t.Fatal(err)
			}
			release(t, root, "etc/network/herald", address)
		},
	},
	"the file is a link whose directory is made anew": {
		build: func(t *testing.T, root, address string) string {
			release(t, root, "store/etc", address)
			release(t, root, "herald", address)
			link(t, filepath.Join(root, "store/etc/peer.yaml"), filepath.Join(root, "herald", "peer.yaml"))
			return filepath.Join(root, "herald")
		},
		change: func(t *testing.T, root, address string) {
			if err := os.RemoveAll(filepath.Join(root, "store")); err != nil {
				t.Fatal(err)
			}
			release(t, root, "store/etc", address)
		},
	},
}

// release makes a directory with a peer.yaml.
func release(t *testing.T, root, name, address string) {
	t.Helper()
	dir := filepath.Join(root, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "peer.yaml", peerManifest("tor", address))
}

// link puts a link in place in one step.
func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// TestEveryChangeIsSeen: wherever on the way to a file something is swapped, and once more after that.
func TestEveryChangeIsSeen(t *testing.T) {
	for name, l := range layouts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			h := runSource(t, l.build(t, root, "192.0.2.1"))
			has := func(address string) func(snapshot) bool {
				return func(o snapshot) bool {
					return len(o.Peers) == 1 && o.Peers[0].Spec.Address == address && len(o.Problems) == 0
				}
			}
			h.await("the first version", has("192.0.2.1"))
			for _, address := range []string{"192.0.2.2", "192.0.2.3"} {
				l.change(t, root, address)
				h.await("version "+address, has(address))
			}
		})
	}
}

// TestWatchesCoverEveryChange: that none of those changes waits for the next look. What there is to watch is watched.
func TestWatchesCoverEveryChange(t *testing.T) {
	for name, l := range layouts {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			source, err := Open(l.build(t, root, "192.0.2.1"), "", testAdmitter(t), testLog(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = source.Close() })
			for _, address := range []string{"192.0.2.2", "192.0.2.3"} {
				source.look()
				l.change(t, root, address)
				awaitEvent(t, source)
			}
		})
	}
}

// awaitEvent waits for an event that concerns the manifests.
func awaitEvent(t *testing.T, source *Source) {
	t.Helper()
	timeout := time.NewTimer(deadline)
	defer timeout.Stop()
	for {
		select {
		case event := <-source.watcher.events():
			if source.watcher.places.concern(filepath.Clean(event.Name)) {
				return
			}
		case <-timeout.C:
			t.Fatal("no event")
		}
	}
}

// TestChangeOfNothingButTimes: a file of the same size and modification time is another one, with or without an event.
func TestChangeOfNothingButTimes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "peer.yaml")
	then := time.Now().Add(-time.Hour)
	put := func(address string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(peerManifest("tor", address)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	put("192.0.2.1")
	h := runSource(t, dir)
	for _, address := range []string{"192.0.2.2", "192.0.2.3", "192.0.2.4"} {
		put(address)
		h.await("version "+address, func(o snapshot) bool { return len(o.Peers) == 1 && o.Peers[0].Spec.Address == address })
	}
}

// TestUnchangedFilesAreNotRead: one changed file among many costs its own reading.
func TestUnchangedFilesAreNotRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "peer.yaml")
	source, err := Open(dir, "", testAdmitter(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	write(t, dir, "peer.yaml", peerManifest("tor", "192.0.2.1"))
	source.load(t.Context(), time.Now())
	m := source.files["peer.yaml"]
	if m.settled(source.found.files[0].facts) {
		t.Error("a file that was written this instant is not to be read again, though it may change within the clock's step")
	}
	m.read = m.read.Add(timeGrain) // as if it were read later
	if source.look() {
		t.Error("a file that did not change is to be read again")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if !source.look() {
		t.Error("a file that was touched is not to be read again")
	}
}
