// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
)

// many is a node with so many peers and announcements of one prefix.
func many(announcements, peers int) given {
	return input(func(in *given) {
		in.TrustAll = true
		in.Peers = nil
		for i := range peers {
			in.Peers = append(in.Peers, peer(fmt.Sprint("tor-", i), fmt.Sprintf("192.0.2.%d", i+1), 0, func(p *v1alpha1.BGPPeer) {
				p.Spec.AllowedAnnouncements = &v1alpha1.AllowedAnnouncements{MaxPrefixes: new(int32(1 << 20))}
			}))
		}
		for i := range announcements {
			in.Announcements = append(in.Announcements, announcement("platform", fmt.Sprint("ann-", i), i%7, []string{prefixAt(i)}))
		}
	})
}

func prefixAt(i int) string { return fmt.Sprintf("%d.%d.%d.0/24", 1+i>>16, i>>8&255, i&255) }

// BenchmarkOneChange changes one announcement, read included.
func BenchmarkOneChange(b *testing.B) {
	for _, size := range []struct{ announcements, peers int }{{1_000, 1}, {10_000, 1}, {1_000, 20}, {10_000, 20}} {
		b.Run(fmt.Sprintf("%dx%d", size.announcements, size.peers), func(b *testing.B) {
			in := many(size.announcements, size.peers)
			var h history
			out := h.compile(in)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				changed := &in.Announcements[i%size.announcements]
				changed.Generation++
				changed.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(i))}
				reading := h.reader.Announcement(changed)
				next := h.compiler.Update(&compile.Inputs{
					Announcements: map[string]compile.Reading[compile.Announcement]{changed.Namespace + "/" + changed.Name: reading},
				})
				if next.Config == out.Config || next.Config.Announcements.Len() != size.announcements {
					b.Fatalf("%d announcements, want %d and a new configuration", next.Config.Announcements.Len(), size.announcements)
				}
				out.Output = next
			}
		})
	}
}
