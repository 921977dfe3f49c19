// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

func testPeer(change ...func(*Peer)) *Peer {
	p := &Peer{
		Name: "tor", Address: netip.MustParseAddrPort("192.0.2.1:179"), LocalASN: 64512, PeerASN: 64500,
		Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

func testOpen(change ...func(*wire.Open)) *wire.Open {
	o := &wire.Open{
		Version: 4, ASN: 64500, HoldTime: 90, RouterID: netip.MustParseAddr("192.0.2.1"), HasCapabilities: true,
		Capabilities: wire.Capabilities{Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}, FourOctetAS: 64500, RouteRefresh: true},
	}
	for _, c := range change {
		c(o)
	}
	return o
}

func TestNegotiate(t *testing.T) {
	id := netip.MustParseAddr("192.0.2.10")
	for name, test := range map[string]struct {
		peer  *Peer
		open  *wire.Open
		want  func(Negotiated) bool
		error [2]uint8
	}{
		"the smaller hold time": {
			testPeer(), testOpen(func(o *wire.Open) { o.HoldTime = 30 }),
			func(n Negotiated) bool { return n.HoldTime == 30*time.Second && n.Keepalive == 10*time.Second }, [2]uint8{},
		},
		"a shorter keepalive is kept": {
			testPeer(func(p *Peer) { p.Timers.Keepalive = 5 * time.Second }), testOpen(),
			func(n Negotiated) bool { return n.Keepalive == 5*time.Second }, [2]uint8{},
		},
		"a longer keepalive than a third is not": {
			testPeer(func(p *Peer) { p.Timers.Keepalive = time.Minute }), testOpen(),
			func(n Negotiated) bool { return n.Keepalive == 30*time.Second }, [2]uint8{},
		},
		"hold time 0 on their side": {
			testPeer(), testOpen(func(o *wire.Open) { o.HoldTime = 0 }),
			func(n Negotiated) bool { return n.HoldTime == 0 && n.Keepalive == 0 }, [2]uint8{},
		},
		"hold time 0 on ours": {
			testPeer(func(p *Peer) { p.Timers.NoHold = true }), testOpen(),
			func(n Negotiated) bool { return n.HoldTime == 0 }, [2]uint8{},
		},
		"families that both offer": {
			testPeer(), testOpen(func(o *wire.Open) { o.Capabilities.Families = []wire.Family{wire.IPv6Unicast} }),
			func(n Negotiated) bool { return slices.Equal(n.Families, []wire.Family{wire.IPv6Unicast}) }, [2]uint8{},
		},
		"without multiprotocol IPv4 alone": {
			testPeer(), testOpen(func(o *wire.Open) { o.Capabilities.Families = nil }),
			func(n Negotiated) bool { return slices.Equal(n.Families, []wire.Family{wire.IPv4Unicast}) }, [2]uint8{},
		},
		"2-octet peer": {
			testPeer(), testOpen(func(o *wire.Open) { o.Capabilities.FourOctetAS = 0 }),
			func(n Negotiated) bool { return !n.AS4 }, [2]uint8{},
		},
		"AS_TRANS is nobody's": { // RFC 6793 §9
			testPeer(func(p *Peer) { p.PeerASN, p.PeerType = 0, PeerTypeExternal }),
			testOpen(func(o *wire.Open) { o.ASN, o.Capabilities.FourOctetAS = wire.ASTrans, 0 }),
			nil, [2]uint8{wire.CodeOpen, wire.OpenBadPeerAS},
		},
		"4-octet ASN": {
			testPeer(func(p *Peer) { p.PeerASN = 4200000000 }),
			testOpen(func(o *wire.Open) { o.ASN, o.Capabilities.FourOctetAS = wire.ASTrans, 4200000000 }),
			func(n Negotiated) bool { return n.AS4 }, [2]uint8{},
		},
		"another AS than configured": {
			testPeer(func(p *Peer) { p.PeerASN = 64499 }), testOpen(), nil, [2]uint8{wire.CodeOpen, wire.OpenBadPeerAS},
		},
		"external expected, internal found": {
			testPeer(func(p *Peer) { p.PeerASN, p.PeerType, p.LocalASN = 0, PeerTypeExternal, 64500 }), testOpen(), nil,
			[2]uint8{wire.CodeOpen, wire.OpenBadPeerAS},
		},
		"internal expected, external found": {
			testPeer(func(p *Peer) { p.PeerASN, p.PeerType = 0, PeerTypeInternal }), testOpen(), nil,
			[2]uint8{wire.CodeOpen, wire.OpenBadPeerAS},
		},
		"any external": {
			testPeer(func(p *Peer) { p.PeerASN, p.PeerType = 0, PeerTypeExternal }), testOpen(),
			func(n Negotiated) bool { return n.AS4 }, [2]uint8{},
		},
		"our identifier inside our AS": {
			testPeer(func(p *Peer) { p.LocalASN = 64500 }), testOpen(func(o *wire.Open) { o.RouterID = id }), nil,
			[2]uint8{wire.CodeOpen, wire.OpenBadIdentifier},
		},
		"our identifier in another AS": { // RFC 6286 §2.1: unique within an AS
			testPeer(), testOpen(func(o *wire.Open) { o.RouterID = id }),
			func(n Negotiated) bool { return n.AS4 }, [2]uint8{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := negotiate(test.peer, localOpen(test.peer, id, restartState{}, true), test.open)
			if test.want == nil {
				var local *localError
				if !errors.As(err, &local) || [2]uint8{local.notification.Code, local.notification.Subcode} != test.error {
					t.Fatalf("error %v, want %v", err, test.error)
				}
				return
			}
			if err != nil || !test.want(n) {
				t.Fatalf("%+v, %v", n, err)
			}
		})
	}
}

func TestKeepsDialled(t *testing.T) {
	low, high := netip.MustParseAddr("9.255.255.255"), netip.MustParseAddr("200.0.0.1")
	for _, test := range []struct {
		us, peer speakerID
		want     bool
	}{
		{speakerID{high, 1}, speakerID{low, 2}, true},
		{speakerID{low, 2}, speakerID{high, 1}, false},
		{speakerID{high, 2}, speakerID{high, 1}, true}, // RFC 6286 §2.3
		{speakerID{high, 1}, speakerID{high, 2}, false},
	} {
		if got := keepsDialled(test.us, test.peer); got != test.want {
			t.Errorf("keepsDialled(%v, %v) = %v", test.us, test.peer, got)
		}
	}
}
