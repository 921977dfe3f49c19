// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// TestCheckIsWhatReadingSays asks the catalog about versions that it was made from, and others: what is in force may be an older
// one, and another object may have had the name.
func TestCheckIsWhatReadingSays(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		in := randomInput(r)
		var h history
		for step := range 12 {
			next := clone(in)
			edit(r, &next)
			if a := &next.Announcements[r.IntN(len(next.Announcements))]; r.IntN(3) == 0 {
				a.Generation++
				a.Spec.Attributes = &v1alpha1.PathAttributes{Origin: new(v1alpha1.Origin("Elsewhere"))}
			}
			if p := &next.Peers[r.IntN(len(next.Peers))]; r.IntN(3) == 0 {
				p.Generation++
				p.Spec.ApplyMode = new(unknownMode)
			}
			catalog := h.compile(next).compiler.Catalog()
			for _, given := range []given{in, next} {
				for i := range given.Peers {
					_, want := compile.ReadPeer(&given.Peers[i], compile.Versions[compile.Peer]{})
					if got := withoutHeld(catalog.CheckPeer(&given.Peers[i])); !reflect.DeepEqual(got, want) {
						t.Fatalf("seed %d, step %d: %s: %v, want %v", seed, step, given.Peers[i].Name, got, want)
					}
				}
				for i := range given.Announcements {
					_, want := compile.ReadAnnouncement(&given.Announcements[i], compile.Versions[compile.Announcement]{})
					_, got := catalog.CheckAnnouncement(&given.Announcements[i])
					if got = withoutHeld(got); !reflect.DeepEqual(got, want) {
						t.Fatalf("seed %d, step %d: %s: %v, want %v", seed, step, given.Announcements[i].Name, got, want)
					}
				}
			}
			in = next
		}
	}
}

// withoutHeld is an issue as it is where no older version is in force.
func withoutHeld(issue *compile.Issue) *compile.Issue {
	if issue == nil || !issue.Held {
		return issue
	}
	bare := *issue
	bare.Held, bare.InForce = false, 0
	bare.Message, _, _ = strings.Cut(bare.Message, fmt.Sprintf("; generation %d is in force", issue.InForce))
	return &bare
}
