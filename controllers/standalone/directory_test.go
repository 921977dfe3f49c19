// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"strings"
	"testing"
)

// A file is read up to its limit, to the octet; beyond it is refused whole, and what it had before stays.
func TestLargestManifest(t *testing.T) {
	fill := func(manifest string, size int) string {
		return manifest + "#" + strings.Repeat("x", size-len(manifest)-1)
	}
	dir := t.TempDir()
	write(t, dir, "a.yaml", fill(peerManifest("tor", "192.0.2.1"), maxManifest))
	write(t, dir, "b.yaml", peerManifest("other", "192.0.2.9"))
	h := runSource(t, dir)
	o := h.await("the first objects", func(snapshot) bool { return true })
	if len(o.Peers) != 2 || len(o.Problems) != 0 {
		t.Fatalf("a file of %d octets: %s", maxManifest, describe(&o))
	}

	write(t, dir, "a.yaml", fill(peerManifest("tor", "192.0.2.2"), maxManifest+1))
	o = h.await("the refusal", func(o snapshot) bool { return len(o.Problems) == 1 })
	if len(o.Peers) != 2 || o.Peers[1].Spec.Address != "192.0.2.1" || !o.Problems[0].Kept {
		t.Errorf("a file of %d octets: %s", maxManifest+1, describe(&o))
	}
	if p := o.Problems[0]; p.Position() != "a.yaml" || !strings.Contains(p.Message(), "is larger than 4 MiB: split it") {
		t.Errorf("problem at %q: %q", p.Position(), p.Message())
	}

	write(t, dir, "a.yaml", peerManifest("tor", "192.0.2.2"))
	h.await("the shorter file", func(o snapshot) bool { return len(o.Problems) == 0 && o.Peers[1].Spec.Address == "192.0.2.2" })
}
