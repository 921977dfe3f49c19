// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
)

// TestTooManyAnnouncements: a configuration that the table cannot hold is refused as a whole, before anything changes.
func TestTooManyAnnouncements(t *testing.T) {
	if err := validateCount(rib.MaxAnnouncements); err != nil {
		t.Errorf("%d announcements: %v", rib.MaxAnnouncements, err)
	}
	if err := validateCount(rib.MaxAnnouncements + 1); !errors.Is(err, rib.ErrTooManyAnnouncements) {
		t.Errorf("%d announcements: %v", rib.MaxAnnouncements+1, err)
	}
}

// TestValidateLooksAtWhatIsNotShared: a peer that was valid is not looked at again, and what only all peers together can do wrong is.
func TestValidateLooksAtWhatIsNotShared(t *testing.T) {
	a, b := progressPeer("a", 1), progressPeer("b", 2)
	former := &Config{RouterID: netip.MustParseAddr("192.0.2.10"), Peers: []*Peer{a, b}}
	if err := former.Validate(); err != nil {
		t.Fatal(err)
	}
	bad := *b
	bad.LocalASN = 0
	named := *a
	for _, test := range []struct {
		name  string
		peers []*Peer
		more  int
		want  string
	}{
		{"the same slice", former.Peers, 0, ""},
		{"the same peers", []*Peer{a, b}, 0, ""},
		{"another value of a peer", []*Peer{a, &bad}, 0, "local ASN 0"},
		{"an ID that another has", []*Peer{a, b, &named}, 0, "another peer has the same name and address"},
		{"one peer twice", []*Peer{a, b, a}, 0, "another peer has the same name"},
		{"exports without a peer", former.Peers, 3, "3 exports for 2 peers"},
	} {
		cfg := &Config{RouterID: former.RouterID, Peers: test.peers, Exports: make([]Export, test.more)}
		err := cfg.validateAfter(former)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
