// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestOpenWithoutDirectory(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none"), "", testAdmitter(t), logr.Discard())
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a missing directory: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, "", testAdmitter(t), logr.Discard()); err == nil {
		t.Error("a file is taken for a directory")
	}
}

func TestEveryKindAndForm(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "10-peers.yaml", "# two documents\n---\n"+peerManifest("tor-a", "192.0.2.1")+"---\n"+peerManifest("tor-b", "192.0.2.2"))
	write(t, dir, "20-web.yml", announcementManifest("web", "203.0.113.0/24"))
	write(t, dir, "30-secret.json", `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"key"},"stringData":{"password":"s3cret"}}`)
	write(t, dir, "40-rest.yaml", `apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: web}}}
- {apiVersion: v1, kind: Node, metadata: {name: node-1}, status: {addresses: [{type: InternalIP, address: 192.0.2.10}]}}
`)
	write(t, dir, "50-UPPER.YAML", announcementManifest("upper", "198.51.100.0/25"))
	write(t, dir, "60-title.Yml", announcementManifest("title", "198.51.100.128/26"))
	write(t, dir, "70.Json", `{"apiVersion":"herald.network/v1alpha1","kind":"Announcement","metadata":{"name":"json"},"spec":{"prefixes":["192.0.2.0/24"]}}`)
	write(t, dir, ".hidden.yaml", peerManifest("hidden", "192.0.2.3"))
	write(t, dir, "README.md", "not a manifest")
	if err := os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}

	o := runSource(t, dir).await("the first objects", func(snapshot) bool { return true })
	if got := names(o.Peers); !slices.Equal(got, []string{"tor-a", "tor-b"}) {
		t.Errorf("peers %v", got)
	}
	var announcements []string
	for _, a := range o.Announcements {
		announcements = append(announcements, a.Ref().String())
	}
	if !slices.Equal(announcements, []string{"default/json", "default/title", "default/upper", "default/web"}) {
		t.Errorf("announcements %v", announcements)
	}
	if len(o.Secrets) != 1 || string(o.Secrets[0].Data["password"]) != "s3cret" || o.Secrets[0].Namespace != "default" {
		t.Errorf("secrets %v", names(o.Secrets))
	}
	if len(o.Namespaces) != 1 || o.Namespaces[0].Labels["team"] != "web" {
		t.Errorf("namespaces %v", names(o.Namespaces))
	}
	if len(o.Nodes) != 1 || len(o.Nodes[0].Status.Addresses) != 1 {
		t.Errorf("nodes %v", names(o.Nodes))
	}
	if len(o.Problems) != 0 {
		t.Errorf("problems: %s", describe(&o))
	}
	peer := o.Peers[0]
	if peer.Generation != 1 || peer.UID == "" || peer.UID == o.Peers[1].UID ||
		peer.CreationTimestamp.IsZero() || !peer.CreationTimestamp.Equal(&o.Peers[1].CreationTimestamp) {
		t.Errorf("metadata %+v", peer.ObjectMeta)
	}
	if peer.Spec.Port == nil || *peer.Spec.Port != 179 {
		t.Errorf("the default of port is missing: %+v", peer.Spec)
	}
}

func names[T client.Object](objects []T) []string {
	out := make([]string, len(objects))
	for i, o := range objects {
		out[i] = strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")
	}
	return out
}

func TestProblems(t *testing.T) {
	good := peerManifest("good", "192.0.2.1")
	for _, tc := range []struct {
		name     string
		files    map[string]string
		position string
		object   string
		message  string
	}{
		{"no YAML", map[string]string{"a.yaml": good + "---\n{"}, "a.yaml, document 2 (line 6)", "", "yaml"},
		{"no object", map[string]string{"a.yaml": good + "---\n- 1\n"}, "a.yaml, document 2 (line 6)", "", "want an object"},
		{"no kind", map[string]string{"a.yaml": good + "---\napiVersion: v1\n"}, "a.yaml, document 2 (line 6)", "", "kind is missing"},
		{"no name", map[string]string{"a.yaml": good + "---\napiVersion: v1\nkind: Secret\n"}, "a.yaml, document 2 (line 6)", "Secret", "metadata.name"},
		{"a number for a name", map[string]string{"a.yaml": good + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: 1234}\n"},
			"a.yaml, document 2 (line 6)", "", "Secret: metadata.name: want a string, have a number: write it in quotes"},
		{"a number for a label", map[string]string{"a.yaml": good + "---\napiVersion: v1\nkind: Node\nmetadata: {name: left, labels: {rack: 7}}\n"},
			"a.yaml, document 2 (line 6)", "Node left", "metadata.labels[rack]: Invalid value: want a string, have a number: write it in quotes"},
		{"key written twice", map[string]string{"a.yaml": good + "---\nkind: Secret\nkind: Secret\n"}, "a.yaml, document 2 (line 6)", "", "already set"},
		{"foreign kind", map[string]string{"a.yaml": good + "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n"},
			"a.yaml, document 2 (line 6)", "ConfigMap x", "v1 ConfigMap is not read here"},
		{"written by speakers", map[string]string{"a.yaml": good + "---\n{apiVersion: herald.network/v1alpha1, kind: BGPSession, metadata: {name: x}}\n"},
			"a.yaml, document 2 (line 6)", "BGPSession x", "is not read here"},
		{"unknown field", map[string]string{"a.yaml": good + "---\n" + strings.Replace(peerManifest("x", "192.0.2.9"), "localASN", "localAS", 1)},
			"a.yaml, document 2 (line 6)", "BGPPeer x", `unknown field "spec.localAS"`},
		{"schema", map[string]string{"a.yaml": good + "---\n" + strings.Replace(peerManifest("x", "192.0.2.9"), "64512", `"64512"`, 1)},
			"a.yaml, document 2 (line 6)", "BGPPeer x", "spec.localASN"},
		{"rule", map[string]string{"a.yaml": good, "b.yaml": announcementManifest("web", "203.0.113.7/24")},
			"b.yaml, document 1 (line 1)", "Announcement default/web", "host bits are set"},
		{"duplicate in two files", map[string]string{"a.yaml": good, "b.yaml": peerManifest("good", "192.0.2.2")},
			"b.yaml, document 1 (line 1)", "BGPPeer good", "a.yaml, document 1 (line 1)"},
		{"duplicate in one file", map[string]string{"a.yaml": good + "---\n" + peerManifest("good", "192.0.2.2")},
			"a.yaml, document 2 (line 6)", "BGPPeer good", "a.yaml, document 1 (line 1)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range tc.files {
				write(t, dir, name, content)
			}
			o := runSource(t, dir).await("the first objects", func(snapshot) bool { return true })
			if got := names(o.Peers); !slices.Equal(got, []string{"good"}) || o.Peers[0].Spec.Address != "192.0.2.1" {
				t.Errorf("in force: %s", describe(&o))
			}
			if len(o.Problems) != 1 {
				t.Fatalf("want one problem: %s", describe(&o))
			}
			p := o.Problems[0]
			if p.Position() != tc.position || p.Object != tc.object || !strings.Contains(p.Message(), tc.message) || p.Since.IsZero() {
				t.Errorf("problem at %q of %q: %q", p.Position(), p.Object, p.Message())
			}
		})
	}
}

func TestUnreadableFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", peerManifest("good", "192.0.2.1"))
	if err := os.Symlink("nowhere", filepath.Join(dir, "b.yaml")); err != nil {
		t.Fatal(err)
	}
	h := runSource(t, dir)
	o := h.await("the first objects", func(snapshot) bool { return true })
	if len(o.Peers) != 1 || len(o.Problems) != 1 || o.Problems[0].Position() != "b.yaml" {
		t.Fatalf("a dangling link: %s", describe(&o))
	}
	remove(t, dir, "b.yaml")
	h.await("the end of the problem", func(o snapshot) bool { return len(o.Problems) == 0 && len(o.Peers) == 1 })
}

func TestChangeBreakRepair(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "peer.yaml", peerManifest("tor", "192.0.2.1"))
	h := runSource(t, dir)
	first := h.await("the peer", func(o snapshot) bool { return len(o.Peers) == 1 }).Peers[0]

	write(t, dir, "peer.yaml", "# a comment\n"+peerManifest("tor", "192.0.2.1"))
	same := h.await("the comment", func(o snapshot) bool { return len(o.Peers) == 1 }).Peers[0]
	if same.Generation != 1 {
		t.Errorf("a comment moved the generation to %d", same.Generation)
	}

	write(t, dir, "peer.yaml", peerManifest("tor", "192.0.2.2"))
	second := h.await("the change", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.2" }).Peers[0]
	if second.Generation != 2 || second.UID != first.UID || first.Spec.Address != "192.0.2.1" {
		t.Errorf("changed: generation %d, uid %s, before %s", second.Generation, second.UID, first.UID)
	}

	for _, broken := range []string{
		"{",
		strings.Replace(peerManifest("tor", "192.0.2.3"), "BGPPeer", "BGPPer", 1),
		strings.Replace(peerManifest("tor", "192.0.2.3"), "name: tor", "labels: {}", 1),
		peerManifest("tor", "nonsense"),
	} {
		write(t, dir, "peer.yaml", broken)
		o := h.await("the refusal of "+broken, func(o snapshot) bool {
			return len(o.Problems) == 1 && len(o.Peers) == 1 && o.Peers[0] == second
		})
		if !o.Problems[0].Kept {
			t.Errorf("%s: not told that the former version stays", o.Problems[0].String())
		}
		write(t, dir, "peer.yaml", peerManifest("tor", "192.0.2.2"))
		o = h.await("the repair", func(o snapshot) bool { return len(o.Problems) == 0 })
		if o.Peers[0].Generation != 2 {
			t.Errorf("after the repair: generation %d", o.Peers[0].Generation)
		}
		second = o.Peers[0]
	}

	remove(t, dir, "peer.yaml")
	h.await("the removal", func(o snapshot) bool { return len(o.Peers) == 0 && len(o.Problems) == 0 })
}

func TestBrokenDocumentKeepsItsFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "all.yaml", peerManifest("a", "192.0.2.1")+"---\n"+peerManifest("b", "192.0.2.2"))
	write(t, dir, "other.yaml", peerManifest("c", "192.0.2.3"))
	h := runSource(t, dir)
	h.await("the peers", func(o snapshot) bool { return len(o.Peers) == 3 })

	// a is changed, b is now unreadable: a follows, b stays.
	write(t, dir, "all.yaml", peerManifest("a", "192.0.2.9")+"---\n: {\n")
	o := h.await("the change", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.9" })
	if got := names(o.Peers); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("in force %v", got)
	}

	// The other file's object is its own affair, and b may move there.
	write(t, dir, "other.yaml", peerManifest("b", "192.0.2.22"))
	o = h.await("b's move", func(o snapshot) bool { return o.Peers[1].Spec.Address == "192.0.2.22" })
	if got := names(o.Peers); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("in force %v", got)
	}

	write(t, dir, "all.yaml", peerManifest("a", "192.0.2.9"))
	h.await("the repair", func(o snapshot) bool { return len(o.Problems) == 0 && len(o.Peers) == 2 })
}

// What is new is younger than what is in force, whatever its name, and a change does not make an object young.
func TestFirstSightIsAge(t *testing.T) {
	dir := t.TempDir()
	source, err := Open(dir, "", testAdmitter(t), logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	})
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) // the clock stands still
	scan := func() map[string]time.Time {
		t.Helper()
		source.load(t.Context(), now)
		created := map[string]time.Time{}
		for _, p := range snapshotOf(source, source.news()).Peers {
			created[p.Name] = p.CreationTimestamp.Time
		}
		return created
	}
	explicit := strings.Replace(peerManifest("old", "192.0.2.9"), "{name: old}", `{name: old, creationTimestamp: "2020-01-01T00:00:00Z"}`, 1)
	write(t, dir, "m.yaml", peerManifest("m", "192.0.2.1")+"---\n"+peerManifest("p", "192.0.2.2")+"---\n"+explicit)
	first := scan()
	if !first["m"].Equal(now) || !first["p"].Equal(now) || first["old"].Year() != 2020 {
		t.Errorf("at first: %v", first)
	}

	write(t, dir, "a.yaml", peerManifest("a", "192.0.2.3"))
	write(t, dir, "m.yaml", peerManifest("m", "192.0.2.11")+"---\n"+peerManifest("p", "nonsense")+"---\n"+explicit)
	second := scan()
	if !second["a"].After(first["m"]) || !second["m"].Equal(first["m"]) || !second["p"].Equal(first["p"]) || second["old"].Year() != 2020 {
		t.Errorf("after the change: %v, before %v", second, first)
	}

	now = now.Add(-time.Hour) // the clock is set back
	write(t, dir, "0.yaml", peerManifest("b", "192.0.2.4"))
	if third := scan(); !third["b"].After(second["a"]) || !third["a"].Equal(second["a"]) {
		t.Errorf("at last: %v, before %v", third, second)
	}
}

// TestConfigMapSwap changes files as the kubelet does: a new hidden directory, and ..data renamed onto it.
func TestConfigMapSwap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	publish := func(version, content string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, version), "peer.yaml", content)
		if err := os.Symlink(version, filepath.Join(dir, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	publish("..1", peerManifest("tor", "192.0.2.1"))
	if err := os.Symlink(filepath.Join("..data", "peer.yaml"), filepath.Join(dir, "peer.yaml")); err != nil {
		t.Fatal(err)
	}
	h := runSource(t, dir)
	h.await("the first version", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.1" })
	for i, address := range []string{"192.0.2.2", "192.0.2.3"} {
		publish(fmt.Sprintf("..%d", i+2), peerManifest("tor", address))
		if err := os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..%d", i+1))); err != nil {
			t.Fatal(err)
		}
		o := h.await("the next version", func(o snapshot) bool { return o.Peers[0].Spec.Address == address })
		if len(o.Problems) != 0 {
			t.Errorf("problems: %s", describe(&o))
		}
	}
}

func TestLinkedFileChanges(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	write(t, elsewhere, "real.yaml", peerManifest("tor", "192.0.2.1"))
	if err := os.Symlink(filepath.Join(elsewhere, "real.yaml"), filepath.Join(dir, "peer.yaml")); err != nil {
		t.Fatal(err)
	}
	h := runSource(t, dir)
	h.await("the first version", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.1" })
	write(t, elsewhere, "real.yaml", peerManifest("tor", "192.0.2.2"))
	h.await("the change", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.2" })
}

func TestDirectoryReplaced(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "manifests")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "peer.yaml", peerManifest("tor", "192.0.2.1"))
	h := runSource(t, dir)
	h.await("the peer", func(o snapshot) bool { return len(o.Peers) == 1 })

	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	o := h.await("the directory's absence", func(o snapshot) bool { return len(o.Problems) == 1 })
	if len(o.Peers) != 1 || !o.Problems[0].Kept {
		t.Errorf("without its directory: %s", describe(&o))
	}

	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "peer.yaml", peerManifest("tor", "192.0.2.2"))
	h.await("the new directory's peer", func(o snapshot) bool {
		return len(o.Peers) == 1 && o.Peers[0].Spec.Address == "192.0.2.2" && len(o.Problems) == 0
	})
	write(t, dir, "peer.yaml", peerManifest("tor", "192.0.2.3"))
	h.await("a change in the new directory", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.3" })
}

func TestSecretsStayHidden(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: key}, stringdata: {password: s3cret}}")
	o := runSource(t, dir).await("the first objects", func(snapshot) bool { return true })
	if len(o.Problems) != 1 {
		t.Fatalf("want one problem: %s", describe(&o))
	}
	p := o.Problems[0]
	if shown := fmt.Sprintf("%s %+v", p.String(), p.StatusObject()); strings.Contains(shown, "s3cret") {
		t.Errorf("the key is shown: %s", shown)
	}
	if len(o.Secrets) != 0 {
		t.Errorf("in force: %v", names[*corev1.Secret](o.Secrets))
	}
}
