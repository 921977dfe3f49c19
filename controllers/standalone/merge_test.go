// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"strings"
	"testing"
)

func TestDuplicateTakesOver(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.yaml", peerManifest("tor", "192.0.2.2"))
	h := runSource(t, dir)
	h.await("the peer", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.2" })
	write(t, dir, "a.yaml", peerManifest("tor", "192.0.2.1"))
	h.await("the first file", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.1" && len(o.Problems) == 1 })
	remove(t, dir, "a.yaml")
	h.await("the second file", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.2" && len(o.Problems) == 0 })
}

// A refused document comes first by its place, and does not hide the one that is good.
func TestRefusedDuplicateDoesNotCount(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", peerManifest("tor", "nonsense"))
	write(t, dir, "b.yaml", peerManifest("tor", "192.0.2.2"))
	write(t, dir, "c.yaml", peerManifest("tor", "192.0.2.3"))
	h := runSource(t, dir)
	o := h.await("the first objects", func(snapshot) bool { return true })
	if len(o.Peers) != 1 || o.Peers[0].Spec.Address != "192.0.2.2" {
		t.Errorf("in force: %s", describe(&o))
	}
	checkProblems(t, &o, "a.yaml, document 1 (line 1): BGPPeer tor: spec.address",
		"c.yaml, document 1 (line 1): BGPPeer tor: metadata.name: the same object is in b.yaml")

	// What is admitted counts although a former version might stay.
	write(t, dir, "b.yaml", peerManifest("tor", "192.0.2.22"))
	o = h.await("the change", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.22" })
	if len(o.Problems) != 2 || o.Problems[0].Kept {
		t.Errorf("after the change: %s", describe(&o))
	}

	remove(t, dir, "c.yaml")
	write(t, dir, "b.yaml", peerManifest("tor", "rubbish"))
	o = h.await("two refusals", func(o snapshot) bool {
		return len(o.Problems) == 2 && strings.Contains(o.Problems[1].Message(), "spec.address")
	})
	if len(o.Peers) != 1 || o.Peers[0].Spec.Address != "192.0.2.22" || !o.Problems[0].Kept || !o.Problems[1].Kept {
		t.Errorf("both refused: %s", describe(&o))
	}
}

func checkProblems(t *testing.T, o *snapshot, want ...string) {
	t.Helper()
	if len(o.Problems) != len(want) {
		t.Fatalf("want %d problems: %s", len(want), describe(o))
	}
	for i := range want {
		if have := o.Problems[i].String(); !strings.HasPrefix(have, want[i]) {
			t.Errorf("problem %q, want %q", have, want[i])
		}
	}
}

// The new version of what is in force is refused: what is in force stays, whoever else has a good version of it.
func TestRefusedVersionKeepsItsObject(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", peerManifest("tor", "192.0.2.1"))
	write(t, dir, "b.yaml", peerManifest("tor", "192.0.2.2"))
	h := runSource(t, dir)
	h.await("the first file's", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.1" && len(o.Problems) == 1 })

	const duplicate = "b.yaml, document 1 (line 1): BGPPeer tor: metadata.name: the same object is in a.yaml"
	for _, broken := range []string{"nonsense", "rubbish"} { // refused once, and once more
		write(t, dir, "a.yaml", peerManifest("tor", broken))
		o := h.await("the refusal of "+broken, func(o snapshot) bool {
			return len(o.Problems) == 2 && strings.Contains(o.Problems[0].Message(), broken)
		})
		if len(o.Peers) != 1 || o.Peers[0].Spec.Address != "192.0.2.1" || !o.Problems[0].Kept {
			t.Errorf("after the refusal: %s", describe(&o))
		}
		checkProblems(t, &o, "a.yaml, document 1 (line 1): BGPPeer tor: spec.address", duplicate)
	}

	remove(t, dir, "a.yaml")
	h.await("the other file's", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.2" && len(o.Problems) == 0 })
}

// The same within one file: the document counts, not only the file.
func TestRefusedDocumentKeepsItsObject(t *testing.T) {
	dir := t.TempDir()
	other := peerManifest("other", "192.0.2.9") + "---\n"
	write(t, dir, "all.yaml", peerManifest("tor", "nonsense")+"---\n"+peerManifest("tor", "192.0.2.1")+"---\n"+peerManifest("tor", "192.0.2.2"))
	h := runSource(t, dir)
	h.await("the second document's", func(o snapshot) bool { return o.Peers[0].Spec.Address == "192.0.2.1" })

	write(t, dir, "all.yaml", other+peerManifest("tor", "nonsense")+"---\n"+peerManifest("tor", "rubbish")+"---\n"+peerManifest("tor", "192.0.2.2"))
	o := h.await("the refusal", func(o snapshot) bool { return len(o.Peers) == 2 })
	if o.Peers[1].Spec.Address != "192.0.2.1" {
		t.Errorf("after the refusal: %s", describe(&o))
	}
	checkProblems(t, &o, "all.yaml, document 2 (line 6): BGPPeer tor: spec.address", "all.yaml, document 3 (line 11): BGPPeer tor: spec.address",
		"all.yaml, document 4 (line 16): BGPPeer tor: metadata.name: the same object is in all.yaml, document 3")
}

// What the API server's code says for programs is left out.
func TestCausesArePlain(t *testing.T) {
	for _, tc := range []struct{ name, manifest, want string }{
		{
			"a missing field", strings.Replace(peerManifest("tor", "192.0.2.1"), "address: 192.0.2.1, ", "", 1),
			"spec.address: Required value",
		},
		{
			"the object's own name", peerManifest("tor.a", "192.0.2.1"),
			"metadata.name: write a DNS label of at most 63 lower-case letters, digits and '-', such as tor-a",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a.yaml", tc.manifest)
			o := runSource(t, dir).await("the refusal", func(o snapshot) bool { return len(o.Problems) == 1 })
			if got := o.Problems[0].Message(); got != tc.want {
				t.Errorf("message %q, want %q", got, tc.want)
			}
		})
	}
}
