// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Layout of RFC 9234 §5, derived by hand; in its place among the types.
func TestOTCGolden(t *testing.T) {
	a := wire.Attributes{OTC: 64512, HasOTC: true, LargeCommunities: []wire.LargeCommunity{{Global: 1, Local1: 2, Local2: 3}},
		Unknown: []wire.RawAttribute{{Flags: 0xc0, Type: 34}, {Flags: 0xc0, Type: 36}, {Flags: 0xc0, Type: wire.AttrOTC, Value: make([]byte, 4)}}}
	b := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true})
	wantOctets(t, []byte(b.Bytes), unhex(t, "40 01 01 00 40 02 00 c0 20 0c 000000010000000200000003 c0 22 00 c0 23 04 0000fc00 c0 24 00"))
	got := parseBlock(t, b, wire.UpdateOptions{AS4: true, EBGP: true})
	if !got.HasOTC || got.OTC != 64512 || len(got.Unknown) != 2 {
		t.Errorf("decoded %+v", got)
	}
}

// RFC 9234 §5: the rules of ingress and egress for each of our roles.
func TestOTCRules(t *testing.T) {
	const peerASN = 64513
	without, theirs, another := &wire.Attributes{}, &wire.Attributes{OTC: peerASN, HasOTC: true}, &wire.Attributes{OTC: 1, HasOTC: true}
	tests := []struct {
		role              wire.Role
		theirs, another   bool // a leak, with the peer's ASN and with another one
		attach, withholds bool
	}{
		{wire.RoleProvider, true, true, true, false},
		{wire.RoleRouteServer, true, true, true, false},
		{wire.RoleRouteServerClient, false, false, false, true},
		{wire.RoleCustomer, false, false, false, true},
		{wire.RolePeer, false, true, true, true},
		{wire.Role(9), false, false, false, false},
	}
	for _, tt := range tests {
		if tt.role.Leak(without, peerASN) {
			t.Errorf("%v: a route without OTC is a leak", tt.role)
		}
		if got := tt.role.Leak(theirs, peerASN); got != tt.theirs {
			t.Errorf("%v: leak with the peer's ASN: %v", tt.role, got)
		}
		if got := tt.role.Leak(another, peerASN); got != tt.another {
			t.Errorf("%v: leak with another ASN: %v", tt.role, got)
		}
		if tt.role.AttachesOTC() != tt.attach || tt.role.WithholdsOTC() != tt.withholds {
			t.Errorf("%v: attaches %v, withholds %v", tt.role, tt.role.AttachesOTC(), tt.role.WithholdsOTC())
		}
	}
}
