// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestPeersByName: whoever is named is sent it, whatever the labels, and nobody else.
func TestPeersByName(t *testing.T) {
	in := input(func(in *given) {
		in.Peers = append(in.Peers, peer("tor-b", "192.0.2.2", 1), peer("tor-c", "192.0.2.3", 2))
		in.Announcements = []v1alpha1.Announcement{
			announcement("platform", "named", 0, []string{"203.0.113.0/24"}, func(a *v1alpha1.Announcement) {
				a.Spec.Peers = []string{"tor-x", "tor-c", "tor-a"}
			}),
			announcement("platform", "again", 1, []string{"198.51.100.0/24"}, func(a *v1alpha1.Announcement) {
				a.Spec.Peers = []string{"tor-a", "tor-c", "tor-x"}
			}),
		}
	})
	out := compileGiven(in)
	if len(out.Issues) > 0 {
		t.Errorf("issues %v", out.Issues)
	}
	for _, name := range []string{"tor-a", "tor-c"} {
		wantStrings(t, "routes of "+name, routes(peerNamed(t, out, name)), "platform/named 203.0.113.0/24", "platform/again 198.51.100.0/24")
	}
	wantStrings(t, "routes of tor-b", routes(peerNamed(t, out, "tor-b")))
	if eligible := eligible(out.compiler.Catalog(), out.compiler.Catalog().Peer("tor-b")); len(eligible) > 0 {
		t.Errorf("%d announcements are for tor-b, which none names", len(eligible))
	}
}

func down(a *v1alpha1.Announcement) { a.Spec.AdminState = new(v1alpha1.AdminStateDown) }

// TestAdminDown: what is down is decided on, takes nothing of maxPrefixes, and is the older one again once it is up.
func TestAdminDown(t *testing.T) {
	var h history
	at := func(generation int64, change ...func(*v1alpha1.Announcement)) compiled {
		return h.compile(input(func(in *given) {
			in.Peers[0].Spec.AllowedAnnouncements = &v1alpha1.AllowedAnnouncements{MaxPrefixes: new(int32(1))}
			older := announcement("platform", "older", 0, []string{"203.0.113.0/24"}, change...)
			older.Generation = generation
			in.Announcements = []v1alpha1.Announcement{older, announcement("platform", "younger", 1, []string{"203.0.113.0/24"})}
		}))
	}
	for generation, want := range []struct {
		change   func(*v1alpha1.Announcement)
		routes   string
		verdicts []string
	}{
		{func(*v1alpha1.Announcement) {}, "platform/older 203.0.113.0/24", []string{"platform/older ok", "platform/younger OverMaxPrefixes"}},
		{down, "platform/younger 203.0.113.0/24", []string{"platform/older AdminDown", "platform/younger ok"}},
		{func(*v1alpha1.Announcement) {}, "platform/older 203.0.113.0/24", []string{"platform/older ok", "platform/younger OverMaxPrefixes"}},
	} {
		got := sessionPeer(t, at(int64(generation+1), want.change))
		wantStrings(t, "routes", routes(got), want.routes)
		wantStrings(t, "verdicts", verdicts(got), want.verdicts...)
	}
}
