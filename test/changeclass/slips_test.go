// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestSlips: of an edit that cannot be used, only the removals take effect on the wire; its changes and additions wait until the
// object can be used.
func TestSlips(t *testing.T) {
	type (
		peer = v1alpha1.BGPPeerSpec
		net  = v1alpha1.AnnouncementSpec
	)
	badPeer := func(s *peer) { s.Port, s.NodeSelector = new(int32(0)), rack("b") }
	badNet := func(s *net) { s.PathID, s.Attributes.MED = new(int64(-1)), new(int64(9)) }
	for _, row := range []struct {
		name      string
		edit      func(*objects)
		withdrawn []string
		atWitness bool
	}{
		{name: "of a BGPPeer", edit: ofPeer(func(s *peer) { badPeer(s); s.Address = otherAddress })},
		{name: "of a BGPPeer, a field of a later version", edit: ofPeer(func(s *peer) { s.UnknownFields, s.LocalASN = []string{"newer"}, new(int64(1)) })},
		{name: "of a BGPPeer, an entry gone", edit: ofPeer(func(s *peer) { badPeer(s); s.AllowedAnnouncements.Tenants = nil }), withdrawn: []string{tenant4}},
		{
			name: "of a BGPPeer, in an entry", edit: ofPeer(func(s *peer) { s.AllowedAnnouncements.Tenants[0].Prefixes[0].CIDR = "203.0.113.1/24" }),
			withdrawn: []string{tenant4},
		},
		{name: "of an Announcement", edit: ofNet(func(s *net) { badNet(s); s.Prefixes = append(s.Prefixes, "192.0.2.0/25") })},
		{
			name: "of an Announcement, a prefix gone", edit: ofNet(func(s *net) { badNet(s); s.Prefixes = []string{net6} }),
			withdrawn: []string{net4}, atWitness: true,
		},
		{
			name: "of an Announcement, down", edit: ofNet(func(s *net) { badNet(s); s.AdminState = new(v1alpha1.AdminStateDown) }),
			withdrawn: []string{net4, net6}, atWitness: true,
		},
		{
			name: "of an Announcement, a shorter life", edit: ofNet(func(s *net) { badNet(s); s.ExpireAfterSeconds = new(int32(60)) }),
			withdrawn: []string{net4, net6}, atWitness: true,
		},
		{name: "of an Announcement, a source of a later version", edit: ofNet(func(s *net) { s.UnknownFields, s.Prefixes = []string{"newer"}, nil })},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, func(*objects) {})
			l.slips = true
			l.edit(row.edit)
			if len(l.output.Issues) != 1 {
				t.Fatalf("issues %v, want one", l.output.Issues)
			}
			l.settle()
			l.wantPending()
			l.edited.wantEffect(t, nil, row.withdrawn)
			if !row.atWitness {
				row.withdrawn = nil
			}
			l.witness.wantEffect(t, nil, row.withdrawn)
		})
	}
}
