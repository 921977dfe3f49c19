// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"slices"
	"strings"
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

// different counts the sums in which two digests differ.
func different(t *testing.T, a, b string) int {
	t.Helper()
	n := 0
	a, b = strings.TrimPrefix(a, v1alpha1.DigestVersion), strings.TrimPrefix(b, v1alpha1.DigestVersion)
	for i := 0; i < v1alpha1.DigestSums*v1alpha1.DigestSumLength; i += v1alpha1.DigestSumLength {
		if a[i:i+v1alpha1.DigestSumLength] != b[i:i+v1alpha1.DigestSumLength] {
			n++
		}
	}
	return n
}

func TestDigest(t *testing.T) {
	list := refs(1000)
	digest := digestOf(list...)
	if want := len("v2:") + 64*22; len(digest) != want || !strings.HasPrefix(digest, "v2:") {
		t.Fatalf("a digest of %d characters, %.8s…, want %d", len(digest), digest, want)
	}
	reversed := slices.Clone(list)
	slices.Reverse(reversed)
	if digestOf(reversed...) != digest {
		t.Error("the order shows")
	}
	if n := different(t, digest, digestOf(list[1:]...)); n != 1 {
		t.Errorf("one announcement less changes %d sums, want 1", n)
	}
	newer := slices.Clone(list)
	newer[7].Generation++
	if n := different(t, digest, digestOf(newer...)); n != 1 {
		t.Errorf("a new generation changes %d sums, want 1", n)
	}
	renamed := slices.Clone(list)
	renamed[7].Name = "other"
	if digestOf(renamed...) != digest {
		t.Error("the name shows, though there is a uid")
	}
}

// TestDigestIsTheSameEverywhere: a node and the leader may be of different releases, so a digest must not change between releases.
func TestDigestIsTheSameEverywhere(t *testing.T) {
	// SHA-256("6b4f2c1e-0000-4000-8000-000000000001 3") cut to 128 bits, in base64 without padding.
	const want = "ck_AtrPOPRn7ZP6K7-N--Q"
	got := digestOf(compile.Ref{UID: "6b4f2c1e-0000-4000-8000-000000000001", Generation: 3})
	bucket := compile.TermOf(compile.Ref{UID: "6b4f2c1e-0000-4000-8000-000000000001"}).Bucket()
	at := len(v1alpha1.DigestVersion) + bucket*v1alpha1.DigestSumLength
	if sum := got[at : at+v1alpha1.DigestSumLength]; sum != want {
		t.Errorf("sum %d is %s, want %s", bucket, sum, want)
	}
	if rest := strings.Trim(got[len(v1alpha1.DigestVersion):at]+got[at+v1alpha1.DigestSumLength:], "A"); rest != "" {
		t.Errorf("other sums are not zero: %s", rest)
	}
}

func TestDigestOfNothing(t *testing.T) {
	var none compile.Sums
	if got := status.Digest(&none); got != "" {
		t.Errorf("it is printed: %s", got)
	}
}

func TestDigestWithoutUIDs(t *testing.T) {
	a := compile.Ref{Namespace: "shop", Name: "web", Generation: 1}
	b := compile.Ref{Namespace: "shop", Name: "db", Generation: 1}
	if digestOf(a) == digestOf(b) {
		t.Error("two objects that no API server has stored have one digest")
	}
}
