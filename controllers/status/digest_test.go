// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

func refs(n int) []compile.Ref {
	var list []compile.Ref
	for i := range n {
		list = append(list, ref(fmt.Sprint("ann-", i)))
	}
	return list
}

// different counts the hashes in which two digests differ.
func different(a, b string) int {
	n := 0
	for i := 0; i < len(a); i += v1alpha1.DigestHashLength {
		if a[i:i+v1alpha1.DigestHashLength] != b[i:i+v1alpha1.DigestHashLength] {
			n++
		}
	}
	return n
}

func TestDigest(t *testing.T) {
	list := refs(1000)
	digest := status.Digest(list)
	if len(digest) != v1alpha1.DigestHashes*v1alpha1.DigestHashLength {
		t.Fatalf("a digest of %d characters", len(digest))
	}
	reversed := slices.Clone(list)
	slices.Reverse(reversed)
	if status.Digest(reversed) != digest {
		t.Error("the order shows")
	}
	if n := different(digest, status.Digest(list[1:])); n != 1 {
		t.Errorf("one announcement less changes %d hashes, want 1", n)
	}
	newer := slices.Clone(list)
	newer[7].Generation++
	if n := different(digest, status.Digest(newer)); n != 1 {
		t.Errorf("a new generation changes %d hashes, want 1", n)
	}
	if n := different(digest, status.Digest(nil)); n != v1alpha1.DigestHashes {
		t.Errorf("1,000 announcements fill %d hashes, want all", n)
	}
	renamed := slices.Clone(list)
	renamed[7].Name = "other"
	if status.Digest(renamed) != digest {
		t.Error("the name shows, though there is a uid")
	}
}

func TestDigestWithoutUIDs(t *testing.T) {
	a := []compile.Ref{{Namespace: "shop", Name: "web", Generation: 1}}
	b := []compile.Ref{{Namespace: "shop", Name: "db", Generation: 1}}
	if status.Digest(a) == status.Digest(b) {
		t.Error("two objects that no API server has stored have one digest")
	}
}
