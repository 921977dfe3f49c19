// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"crypto/sha256"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestReportsAreShared: ten thousand sessions with the same report cost one report, and a report that no session has costs nothing.
func TestReportsAreShared(t *testing.T) {
	r := &reports{known: map[[sha256.Size]byte]weak.Pointer[v1alpha1.AnnouncementsStatus]{}}
	report := func(name string) *v1alpha1.AnnouncementsStatus {
		return r.share(&v1alpha1.AnnouncementsStatus{Digest: "v2:", Withheld: []v1alpha1.WithheldAnnouncement{{Name: name}}})
	}
	first, second, other := report("web"), report("web"), report("db")
	if first != second || first == other {
		t.Errorf("equal reports are shared: %v, others: %v, want the equal ones alone", first == second, first == other)
	}
	if got := r.share(nil); got != nil {
		t.Errorf("nothing became %+v", got)
	}
	runtime.KeepAlive(first)
	runtime.KeepAlive(other)
	remembered := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.known)
	}
	deadline := time.After(time.Minute)
	for remembered() > 0 {
		runtime.GC()
		select {
		case <-deadline:
			t.Fatalf("%d reports are remembered, want none: nobody holds them", remembered())
		case <-time.After(time.Millisecond):
		}
	}
}
