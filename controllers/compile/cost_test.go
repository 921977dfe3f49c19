// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// TestChangeCostsItsOwnWork compares what changes allocate beside a thousand announcements and beside ten thousand: every verdict that is
// judged and every chunk that is copied is an allocation.
func TestChangeCostsItsOwnWork(t *testing.T) {
	const peers = 5
	for name, change := range map[string]func(in *given, i int) *v1alpha1.Announcement{
		"an edit": func(in *given, i int) *v1alpha1.Announcement {
			a := &in.Announcements[i%len(in.Announcements)]
			a.Generation++
			a.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(i))}
			return a
		},
		"a renewal": func(in *given, i int) *v1alpha1.Announcement {
			a := &in.Announcements[0]
			renewedAt(born.Add(time.Duration(i) * time.Second))(a)
			return a
		},
		"an expiry": func(in *given, i int) *v1alpha1.Announcement {
			in.Now = born.Add(time.Duration(i) * time.Hour)
			return &in.Announcements[0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			var allocations [2]float64
			for k, announcements := range []int{1_000, 10_000} {
				in := many(announcements, peers)
				in.Now = born
				in.Announcements[0].Spec.ExpireAfterSeconds = new(int32(100))
				var h history
				h.compile(in)
				i := 0
				allocations[k] = testing.AllocsPerRun(50, func() {
					i++
					a := change(&in, i)
					h.compiler.Update(&compile.Inputs{Now: in.Now, Announcements: map[string]compile.Reading[compile.Announcement]{
						a.Namespace + "/" + a.Name: h.reader.Announcement(a),
					}})
				})
			}
			if few, n := allocations[0], allocations[1]; n > 1.1*few+10 {
				t.Errorf("a change allocates %v times beside 10,000 announcements, and %v times beside 1,000", n, few)
			}
		})
	}
}
