// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBelieves: when a new content counts.
func TestBelieves(t *testing.T) {
	for _, tc := range []struct {
		writers           writers
		takesAway, rested bool
		want              bool
	}{
		{writersAbsent, false, false, true},
		{writersAbsent, true, false, true},
		{writersPresent, false, false, false},
		{writersPresent, false, true, true},
		{writersPresent, true, true, false},
		{writersUnknown, false, false, true},
		{writersUnknown, true, false, false},
		{writersUnknown, true, true, true},
	} {
		if got := believes(tc.writers, tc.takesAway, tc.rested); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}

// opened is a manifest that a program has open.
func opened(t *testing.T, path string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func put(t *testing.T, f *os.File, text string) {
	t.Helper()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// TestWriterAtWork changes a file as programs do that write it in place: a redirection empties it first, an editor truncates
// and writes, another one appends. Until the file is closed nothing of what it had is lost, and nothing half written counts.
func TestWriterAtWork(t *testing.T) {
	const list = `apiVersion: herald.network/v1alpha1
kind: Announcement
metadata: {name: list}
spec:
  prefixes:
`
	for name, tc := range map[string]struct {
		flags int
		// steps are written one by one. The file has them all when it is closed.
		steps []string
		// told is set when the file is told to be written, which it is not while all that it had is there.
		told bool
	}{
		"a slow command's redirection": {os.O_TRUNC, []string{"", peerManifest("a", "192.0.2.21") + "---\n", peerManifest("b", "192.0.2.22")}, true},
		"an editor that truncates": {os.O_TRUNC, []string{
			peerManifest("a", "192.0.2.21") + "---\n" + strings.TrimSuffix(peerManifest("b", "192.0.2.22"), "64500}\n"),
			"64500}\n",
		}, true},
		"a list that is cut in its middle": {os.O_TRUNC, []string{
			peerManifest("a", "192.0.2.21") + "---\n" + peerManifest("b", "192.0.2.22") + "---\n" + list + "  - 192.0.2.0/25\n",
			"  - 192.0.2.128/25\n",
		}, true},
		"a list that grows": {os.O_TRUNC, []string{
			peerManifest("a", "192.0.2.21") + "---\n" + peerManifest("b", "192.0.2.22") + "---\n" + announcementManifest("list", "192.0.2.0/25", "192.0.2.128/25") +
				"# a comment of some length, so that the file is no smaller than before\n",
			"---\n" + announcementManifest("more", "198.51.100.0/24"),
		}, false},
		"one that appends": {os.O_APPEND, []string{"---\n" + strings.TrimSuffix(peerManifest("c", "192.0.2.23"), "64500}\n"), "64500}\n"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			before := peerManifest("a", "192.0.2.1") + "---\n" + peerManifest("b", "192.0.2.2") +
				"---\n" + list + "  - 192.0.2.0/25\n  - 192.0.2.128/25\n"
			write(t, dir, "a.yaml", before)
			h := runSource(t, dir)
			h.await("the peers", func(o snapshot) bool { return len(o.Peers) == 2 })

			file := opened(t, filepath.Join(dir, "a.yaml"), tc.flags)
			whole := func(o snapshot) {
				t.Helper()
				if len(o.Peers) < 2 || o.Peers[0].Name != "a" || o.Peers[0].Spec.Address != "192.0.2.1" || o.Peers[1].Spec.Address != "192.0.2.2" ||
					!strings.Contains(describe(&o), "192.0.2.0/25,192.0.2.128/25") {
					t.Errorf("while the file is written: %s", describe(&o))
				}
			}
			for i, step := range tc.steps {
				put(t, file, step)
				if tc.told && i == 0 {
					h.await("the word that the file is written", func(o snapshot) bool {
						whole(o)
						return len(o.Problems) == 1 && o.Problems[0].Kept && o.Problems[0].Message() == beingWritten
					})
				}
				// A file that comes later is in force, so this one was looked at.
				other := fmt.Sprintf("other-%d", i)
				write(t, dir, other+".yaml", announcementManifest(other, fmt.Sprintf("10.%d.0.0/16", i)))
				h.await(other, func(o snapshot) bool {
					if tc.told {
						whole(o)
					}
					return strings.Contains(describe(&o), other)
				})
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(filepath.Join(dir, "a.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			peers := strings.Count(string(content), "kind: BGPPeer")
			h.await("the end", func(o snapshot) bool {
				return len(o.Problems) == 0 && len(o.Peers) == peers && strings.Contains(string(content), o.Peers[0].Spec.Address+",") &&
					len(o.Announcements) == len(tc.steps)+strings.Count(string(content), "kind: Announcement")
			})
		})
	}
}

// TestEmptiedBeforeTheStart: a process that starts anew while a file is being written goes on with what the former one had of it.
func TestEmptiedBeforeTheStart(t *testing.T) {
	r := newRestarts(t)
	write(t, r.dir, "a.yaml", peerManifest("a", "192.0.2.1"))
	r.run("the peer", func(o snapshot) bool { return len(o.Peers) == 1 })
	file := opened(t, filepath.Join(r.dir, "a.yaml"), os.O_TRUNC)
	for range 2 {
		o := r.run("the objects after a restart", func(snapshot) bool { return true })
		if len(o.Peers) != 1 || len(o.Problems) != 1 || o.Problems[0].Message() != beingWritten || !o.Problems[0].Kept {
			t.Errorf("while the file is written: %s", describe(&o))
		}
	}
	put(t, file, peerManifest("a", "192.0.2.2"))
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	r.run("the new version", func(o snapshot) bool { return len(o.Problems) == 0 && o.Peers[0].Spec.Address == "192.0.2.2" })
}

// TestLooksAfterAStartDuringAWrite: every look after a start leaves in force what the former process had of a file that is being
// written, not only the first.
func TestLooksAfterAStartDuringAWrite(t *testing.T) {
	r := newRestarts(t)
	write(t, r.dir, "a.yaml", peerManifest("a", "192.0.2.1"))
	r.run("the peer", func(o snapshot) bool { return len(o.Peers) == 1 })
	opened(t, filepath.Join(r.dir, "a.yaml"), os.O_TRUNC)
	source, err := Open(r.dir, r.state, testAdmitter(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	for n := range 4 { // at once, so within the first second
		source.load(t.Context(), time.Now())
		o := snapshotOf(source, source.news())
		if len(o.Peers) != 1 || len(o.Problems) != 1 || o.Problems[0].Message() != beingWritten || !o.Problems[0].Kept {
			t.Errorf("at look %d: %s", n+1, describe(&o))
		}
	}
}

// TestEmptiedAndClosed: whoever empties a file and closes it means it.
func TestEmptiedAndClosed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", peerManifest("a", "192.0.2.1"))
	h := runSource(t, dir)
	h.await("the peer", func(o snapshot) bool { return len(o.Peers) == 1 })
	if err := os.Truncate(filepath.Join(dir, "a.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	h.await("its end", func(o snapshot) bool { return len(o.Peers) == 0 && len(o.Problems) == 0 })
}

// TestOpenAtTheStart: a file that is being written when nothing is in force yet is taken as it is, and followed.
func TestOpenAtTheStart(t *testing.T) {
	dir := t.TempDir()
	file := opened(t, filepath.Join(dir, "a.yaml"), os.O_CREATE)
	put(t, file, peerManifest("a", "192.0.2.1"))
	h := runSource(t, dir)
	h.await("the first peer", func(o snapshot) bool { return len(o.Peers) == 1 })
	put(t, file, "---\n"+peerManifest("b", "192.0.2.2"))
	h.await("the second, though the file is never closed", func(o snapshot) bool { return len(o.Peers) == 2 && len(o.Problems) == 0 })
}

// TestUnknownWritersRest: where nobody can tell whether a writer is there, what takes something away waits for a rest, and
// no more.
func TestUnknownWritersRest(t *testing.T) {
	source, err := Open(t.TempDir(), "", testAdmitter(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	former := decode(file{name: "a.yaml", data: []byte(peerManifest("a", "192.0.2.1"))}, nil)
	former.facts.size = 100
	empty := decode(file{name: "a.yaml"}, former)
	now := time.Now()
	look := func(after time.Duration) *manifest {
		return source.settle(file{name: "a.yaml", steady: true, writers: writersUnknown}, empty, former, now.Add(after))
	}
	for _, after := range []time.Duration{0, restPeriod / 2, restPeriod - 1} {
		if m := look(after); m == empty || m.waits {
			t.Errorf("after %v: %+v", after, m)
		}
	}
	if m := look(restPeriod); m != empty {
		t.Errorf("after a rest: %+v", m)
	}
	if len(source.waits) != 0 {
		t.Errorf("still waits: %+v", source.waits)
	}
}
