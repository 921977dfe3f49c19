// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// restarts runs one process after the other on a directory, with a state directory.
type restarts struct {
	t          *testing.T
	dir, state string

	mu  sync.Mutex
	log []string
}

func newRestarts(t *testing.T) *restarts {
	return &restarts{t: t, dir: t.TempDir(), state: filepath.Join(t.TempDir(), "made", "herald")}
}

// run runs a process until it has what is wanted, and returns that. The process ends before.
func (r *restarts) run(what string, want func(snapshot) bool) snapshot {
	r.t.Helper()
	h := startSource(r.t, r.dir, r.state, funcr.New(func(_, line string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.log = append(r.log, line)
	}, funcr.Options{}))
	defer h.stop()
	return h.await(what, want)
}

func (r *restarts) logged(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.log, func(line string) bool { return strings.Contains(line, text) })
}

func always(snapshot) bool { return true }

// TestAgesOutliveARestart: the order of objects is the same after a restart, to the last digit, and a change made meanwhile does
// not make an object young.
func TestAgesOutliveARestart(t *testing.T) {
	r := newRestarts(t)
	write(t, r.dir, "z.yaml", peerManifest("z", "192.0.2.1")+"---\n"+peerManifest("x", "192.0.2.3"))
	r.run("the first peers", func(o snapshot) bool { return len(o.Peers) == 2 })
	write(t, r.dir, "a.yaml", peerManifest("a", "192.0.2.1"))
	before := r.run("the younger peer", func(o snapshot) bool { return len(o.Peers) == 3 })
	if a, x, z := before.Peers[0], before.Peers[1], before.Peers[2]; !a.CreationTimestamp.After(z.CreationTimestamp.Time) ||
		!x.CreationTimestamp.Equal(&z.CreationTimestamp) {
		t.Errorf("what is new is no younger: a %v, x %v, z %v", a.CreationTimestamp, x.CreationTimestamp, z.CreationTimestamp)
	}

	write(t, r.dir, "z.yaml", peerManifest("z", "192.0.2.9")+"---\n"+peerManifest("x", "192.0.2.3"))
	write(t, r.dir, "0.yaml", peerManifest("0-new", "192.0.2.5"))
	after := r.run("everything", func(o snapshot) bool { return len(o.Peers) == 4 })
	for i, peer := range after.Peers[1:] {
		former := before.Peers[i]
		generation := former.Generation
		if peer.Name == "z" {
			generation++
		}
		if !peer.CreationTimestamp.Equal(&former.CreationTimestamp) || peer.UID != former.UID || peer.Generation != generation {
			t.Errorf("%s is %+v, was %+v", peer.Name, peer.ObjectMeta, former.ObjectMeta)
		}
	}
	if !after.Peers[0].CreationTimestamp.After(before.Peers[0].CreationTimestamp.Time) {
		t.Errorf("a peer that came while nobody looked is not the youngest: %v", after.Peers[0].CreationTimestamp)
	}
}

// TestLastGoodContentOutlivesARestart: what a broken file had stays, whether it was broken before the restart or meanwhile. What is
// gone goes.
func TestLastGoodContentOutlivesARestart(t *testing.T) {
	const prefixes = "203.0.113.0/24,203.0.114.0/24"
	for name, broken := range map[string]string{
		"no YAML":           "{",
		"no UTF-8":          "\xff",
		"a refused object":  strings.Replace(announcementManifest("web", "203.0.113.7/24"), "{name: web}", "{name: web, namespace: shop}", 1),
		"a misspelt kind":   "{apiVersion: herald.network/v1alpha1, kind: Anouncement, metadata: {name: web}}",
		"no name":           "{apiVersion: herald.network/v1alpha1, kind: Announcement, metadata: {}}",
		"too large":         "#" + strings.Repeat("x", maxManifest),
		"a link to nothing": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestarts(t)
			good := strings.Replace(announcementManifest("web", "203.0.113.0/24", "203.0.114.0/24"), "{name: web}", "{name: web, namespace: shop}", 1)
			write(t, r.dir, "web.yaml", good)
			write(t, r.dir, "gone.yaml", announcementManifest("gone", "198.51.100.0/24"))
			write(t, r.dir, "secret.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {password: s3cret}}")
			first := r.run("the first version", func(o snapshot) bool { return len(o.Announcements) == 2 })

			remove(t, r.dir, "gone.yaml")
			if broken == "" {
				remove(t, r.dir, "web.yaml")
				link(t, "nowhere", filepath.Join(r.dir, "web.yaml"))
			} else {
				write(t, r.dir, "web.yaml", broken)
			}
			write(t, r.dir, "secret.yaml", "{")
			for range 3 {
				o := r.run("the objects after a restart", always)
				if len(o.Announcements) != 1 || strings.Join(o.Announcements[0].Object().Spec.Prefixes, ",") != prefixes ||
					o.Announcements[0].Ref() != first.Announcements[1].Ref() {
					t.Fatalf("in force: %s", describe(&o))
				}
				if len(o.Secrets) != 1 || string(o.Secrets[0].Data["password"]) != "s3cret" {
					t.Errorf("the key is not in force: %v", names(o.Secrets))
				}
				if len(o.Problems) != 2 || !o.Problems[0].Kept || !o.Problems[1].Kept || o.Problems[0].Lost != "" {
					t.Errorf("problems: %s", describe(&o))
				}
			}

			remove(t, r.dir, "web.yaml")
			r.run("the removal", func(o snapshot) bool { return len(o.Announcements) == 0 })
			write(t, r.dir, "web.yaml", good)
			o := r.run("another object of that name", func(o snapshot) bool { return len(o.Announcements) == 1 })
			formerMeta, nowMeta := first.Announcements[1].meta(), o.Announcements[0].meta()
			if !nowMeta.CreationTimestamp.After(formerMeta.CreationTimestamp.Time) {
				t.Error("an object that was removed is as old as before")
			}
		})
	}
}

// TestHeldVersionOutlivesARestart: what admission lets pass and nobody can use leaves the version before in force, after a restart
// too.
func TestHeldVersionOutlivesARestart(t *testing.T) {
	content := func(asn int64, former content) content {
		object := &v1alpha1.BGPPeer{Spec: v1alpha1.BGPPeerSpec{Address: "192.0.2.1", PeerASN: &asn}}
		object.Name = "tor"
		return newContent(object, identity{GroupKind: v1alpha1.GroupVersion.WithKind("BGPPeer").GroupKind(), Name: "tor"}, former, false)
	}
	valid := content(64500, nil)
	entries := []entry{{content: content(23456, content(0, valid)), place: place{file: "a.yaml"}}}
	for range 2 {
		var file bytes.Buffer
		written := state{header: stateHeader{Version: stateVersion}, entries: entries}
		if err := written.write(&file, func(identity) bool { return true }); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := readState(path)
		if err != nil {
			t.Fatal(err)
		}
		p := read.entries[0].content.(*peer)
		if p.issue == nil || !p.issue.Held || p.versions.InForce == nil || *p.object().(*v1alpha1.BGPPeer).Spec.PeerASN != 23456 ||
			*p.held().(*v1alpha1.BGPPeer).Spec.PeerASN != 64500 {
			t.Errorf("read %+v", p)
		}
		entries = read.entries
	}
}

// TestKeysAreNobodysToRead: the state is for its owner alone, keys lie apart from the rest, and one that is gone from the
// manifests is gone.
func TestKeysAreNobodysToRead(t *testing.T) {
	r := newRestarts(t)
	const key = "s3cret-of-the-session"
	write(t, r.dir, "peer.yaml", peerManifest("tor", "192.0.2.1"))
	write(t, r.dir, "secret.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {password: "+key+"}}")
	r.run("the objects", func(o snapshot) bool { return len(o.Secrets) == 1 && len(o.Peers) == 1 })
	holders := func() (with []string) {
		t.Helper()
		err := filepath.WalkDir(r.state, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if mode := info.Mode(); mode.Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v", path, mode)
			}
			if d.IsDir() {
				return nil
			}
			data, err := os.ReadFile(path)
			if bytes.Contains(data, []byte(key)) || bytes.Contains(data, []byte(base64.StdEncoding.EncodeToString([]byte(key)))) {
				with = append(with, d.Name())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return with
	}
	if got := holders(); !slices.Equal(got, []string{secretsFile}) {
		t.Errorf("the key is in %v", got)
	}
	remove(t, r.dir, "secret.yaml")
	write(t, r.state, secretsFile+aside, key) // of a process that was killed
	r.run("the end of the key", func(o snapshot) bool { return len(o.Secrets) == 0 })
	if got := holders(); len(got) != 0 {
		t.Errorf("the key is gone, and still in %v", got)
	}
}

// TestBrokenStateIsDoneWithout: a line says which file and why, the manifests are read as if there were none, and the next
// state is good.
func TestBrokenStateIsDoneWithout(t *testing.T) {
	sign := func(lines string) string {
		sum := sha256.Sum256([]byte(lines))
		trailer, err := json.Marshal(stateTrailer{SHA256: sum[:]})
		if err != nil {
			t.Fatal(err)
		}
		return lines + string(trailer) + "\n"
	}
	body := func(s string) string { return s[:strings.LastIndex(strings.TrimSuffix(s, "\n"), "\n")+1] }
	for name, tc := range map[string]struct {
		change func(string) string
		want   string
	}{
		"empty":            {func(string) string { return "" }, "it is cut short"},
		"cut in a line":    {func(s string) string { return s[:len(s)/2] }, "it is cut short"},
		"cut after a line": {body, "it was changed or cut short"},
		"a flipped bit":    {func(s string) string { return strings.Replace(s, "192.0.2.1", "192.0.2.3", 1) }, "it was changed or cut short"},
		"something else":   {func(string) string { return "hello\nworld\n" }, "it is no state of herald standalone"},
		"another version":  {func(s string) string { return sign(strings.Replace(body(s), `"version":1`, `"version":2`, 1)) }, "it has version 2"},
		"another directory": {func(s string) string {
			return sign(strings.Replace(body(s), `"directory":"`, `"directory":"/other`, 1))
		}, "a --state-dir of its own"},
		"an unknown kind":             {func(s string) string { return sign(strings.Replace(body(s), `"kind":"BGPPeer"`, `"kind":"Router"`, 1)) }, "Router"},
		"a later version's":           {func(s string) string { return sign(strings.Replace(body(s), `"dated"`, `"newer":1,"dated"`, 1)) }, "no object where one is to be"},
		"a first line without an end": {func(string) string { return strings.Repeat("x", maxHeader+1) }, "line 1: it is no state of herald standalone"},
		"an object without an end": {func(s string) string {
			return s[:strings.Index(s, "\n")+1] + strings.Repeat("x", maxLine+1)
		}, "line 2: it is no state of herald standalone"},
		"zero octets inside": {func(s string) string { return s[:20] + strings.Repeat("\x00", len(s)-21) + "\n" }, "it was changed or cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestarts(t)
			dated := strings.Replace(peerManifest("tor", "192.0.2.1"), "{name: tor}", `{name: tor, creationTimestamp: "2020-01-01T00:00:00Z"}`, 1)
			write(t, r.dir, "a.yaml", dated)
			first := r.run("the peer", func(o snapshot) bool { return len(o.Peers) == 1 })
			path := filepath.Join(r.state, objectsFile)
			state, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tc.change(string(state))), 0o600); err != nil {
				t.Fatal(err)
			}
			write(t, r.dir, "b.yaml", "{")
			o := r.run("the objects", always)
			if !r.logged(tc.want) || !r.logged(objectsFile) {
				t.Errorf("no line with %q in %q", tc.want, r.log)
			}
			if len(o.Peers) != 1 || o.Peers[0].UID != first.Peers[0].UID || len(o.Problems) != 1 {
				t.Errorf("in force: %s", describe(&o))
			}
			next, err := readState(path)
			if err != nil {
				t.Fatalf("the next state: %v", err)
			}
			if foreign := name == "another directory"; foreign != (next.header.Directory != r.dir) {
				t.Errorf("the next state is of %s", next.header.Directory)
			}
		})
	}
}

// TestStateThatCannotBeWritten is told among the problems, with what a restart would lose, and tried again.
func TestStateThatCannotBeWritten(t *testing.T) {
	r := newRestarts(t)
	if err := os.WriteFile(filepath.Dir(r.state), nil, 0o600); err != nil { // a file in the place of its parent
		t.Fatal(err)
	}
	write(t, r.dir, "a.yaml", peerManifest("tor", "192.0.2.1"))
	h := startSource(t, r.dir, r.state, logr.Discard())
	defer h.stop()
	o := h.await("the problem", func(o snapshot) bool { return len(o.Problems) == 1 })
	if p := o.Problems[0]; p.Position() != "--state-dir "+r.state || !strings.Contains(p.Message(), "cannot be written: a restart would lose") || p.Since.IsZero() {
		t.Errorf("problem %s", p.String())
	}
	write(t, r.dir, "a.yaml", "{")
	o = h.await("the broken file", func(o snapshot) bool { return len(o.Problems) == 2 })
	if text := o.Problems[0].String(); !strings.HasSuffix(text, "but a restart would lose it: --state-dir cannot be written)") {
		t.Errorf("problem %s", text)
	}
	if err := os.Remove(filepath.Dir(r.state)); err != nil {
		t.Fatal(err)
	}
	o = h.await("the state", func(o snapshot) bool { return len(o.Problems) == 1 })
	if text := o.Problems[0].String(); !strings.HasSuffix(text, "(what was in force before stays)") {
		t.Errorf("problem %s", text)
	}
}

// TestWithoutStateAProblemSaysSo: there is no state directory.
func TestWithoutStateAProblemSaysSo(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", peerManifest("tor", "192.0.2.1"))
	h := runSource(t, dir)
	h.await("the peer", func(o snapshot) bool { return len(o.Peers) == 1 })
	write(t, dir, "a.yaml", "{")
	o := h.await("the problem", func(o snapshot) bool { return len(o.Problems) == 1 })
	const want = "(what was in force before stays, but a restart would lose it: there is no --state-dir)"
	if text := o.Problems[0].String(); !strings.HasSuffix(text, want) {
		t.Errorf("problem %s, want %s", text, want)
	}
}

// TestStartWithoutTheDirectory: a directory that is away while the process starts anew takes nothing with it.
func TestStartWithoutTheDirectory(t *testing.T) {
	r := newRestarts(t)
	r.dir = filepath.Join(t.TempDir(), "manifests")
	if _, err := Open(r.dir, r.state, testAdmitter(t), logr.Discard()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("neither a directory nor a state: %v", err)
	}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, r.dir, "a.yaml", peerManifest("tor", "192.0.2.1"))
	r.run("the peer", func(o snapshot) bool { return len(o.Peers) == 1 })
	if err := os.Rename(r.dir, r.dir+".away"); err != nil {
		t.Fatal(err)
	}
	o := r.run("the directory's absence", always)
	if len(o.Peers) != 1 || len(o.Problems) != 1 || !o.Problems[0].Kept {
		t.Errorf("without the directory: %s", describe(&o))
	}
	if err := os.Rename(r.dir+".away", r.dir); err != nil {
		t.Fatal(err)
	}
	o = r.run("the directory's return", always)
	if len(o.Peers) != 1 || len(o.Problems) != 0 {
		t.Errorf("with the directory: %s", describe(&o))
	}
}

// TestStateIsWrittenInItsTime: the latest state counts, and the last one is written before the end, whatever the pace.
func TestStateIsWrittenInItsTime(t *testing.T) {
	r := newRestarts(t)
	for i := range 5 {
		name := fmt.Sprintf("p%d", i)
		write(t, r.dir, name+".yaml", peerManifest(name, fmt.Sprintf("192.0.2.%d", i+1)))
		r.run(name, func(o snapshot) bool { return len(o.Peers) == i+1 })
		left, err := readState(filepath.Join(r.state, objectsFile))
		if err != nil || len(left.entries) != i+1 {
			t.Fatalf("after %s: %v, %d objects", name, err, len(left.entries))
		}
	}
	r.run("the same", always)
	if !r.logged(`"msg"="state of the former process taken over" "objects"=4 "manifestsChanged"=true`) ||
		!r.logged(`"msg"="state of the former process taken over" "objects"=5 "manifestsChanged"=false`) {
		t.Errorf("log: %q", r.log)
	}
}
