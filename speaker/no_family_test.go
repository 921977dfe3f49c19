// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"bytes"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

var (
	multiprotocol4 = []byte{1, 4, 0, 1, 0, 1}
	multiprotocol6 = []byte{1, 4, 0, 2, 0, 1}
)

// families are those of the peer alone.
func families(list ...wire.Family) func(*given) {
	return func(p *given) { p.Families = list }
}

// expectNoFamily takes the NOTIFICATION that lists what we need (RFC 5492 §5), and checks what is told.
func (w *world) expectNoFamily(p *bgptest.Peer, text string, needed ...[]byte) {
	w.Helper()
	n := p.ExpectNotification(wire.CodeOpen, wire.OpenUnsupportedCapability)
	if want := bytes.Join(needed, nil); !bytes.Equal(n.Data, want) {
		w.Errorf("data %x, want %x", n.Data, want)
	}
	p.ExpectClose()
	synctest.Wait()
	e := w.snapshot().LastError
	if want := "no address family in common: " + text + ": sent OPEN Message Error / Unsupported Capability (2/7)"; e == nil ||
		e.Text != want || e.Direction != speaker.DirectionSent || e.Code != wire.CodeOpen || e.Subcode != wire.OpenUnsupportedCapability {
		w.Errorf("error %+v\nwant %s", e, want)
	}
}

// RFC 5492 §3, RFC 4760 §8: a session that could carry nothing is refused.
func TestNoFamilyInCommon(t *testing.T) {
	evpn := wire.Family{AFI: 25, SAFI: 70}
	var many []wire.Family
	for i := range uint8(10) {
		many = append(many, wire.Family{AFI: 99, SAFI: i})
	}
	for name, test := range map[string]struct {
		ours, theirs []wire.Family
		text         string
		needed       [][]byte
	}{
		"other families": {
			[]wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}, []wire.Family{evpn},
			"we have ipv4-unicast and ipv6-unicast, the neighbour has afi-25-safi-70", [][]byte{multiprotocol4, multiprotocol6},
		},
		"no multiprotocol capability": {
			[]wire.Family{wire.IPv6Unicast}, nil,
			"we have ipv6-unicast, the neighbour has ipv4-unicast alone, for it offers no others", [][]byte{multiprotocol6},
		},
		"many families": {
			[]wire.Family{wire.IPv4Unicast}, many,
			"we have ipv4-unicast, the neighbour has afi-99-safi-0 and afi-99-safi-1 and afi-99-safi-2 and afi-99-safi-3 and " +
				"afi-99-safi-4 and afi-99-safi-5 and afi-99-safi-6 and afi-99-safi-7 and 2 more",
			[][]byte{multiprotocol4},
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(families(test.ours...))))
				open := bgptest.Open(64500, them.String(), 90, test.theirs...)
				p := bgptest.Accept(w, l)
				p.ExpectOpen()
				p.Send(open.Append(nil))
				w.expectNoFamily(p, test.text, test.needed...)
				p = w.dial(netip.AddrPortFrom(us, 179), "")
				p.ExpectOpen()
				p.Send(open.Append(nil))
				w.expectNoFamily(p, test.text, test.needed...)
			})
		})
	}
}

// RFC 4760 §8: without the capability there is IPv4 unicast, which is enough for a session.
func TestImpliedFamilyIsEnough(t *testing.T) {
	for name, open := range map[string]*wire.Open{
		"no multiprotocol capability": bgptest.Open(64500, them.String(), 90),
		"no capabilities at all":      {Version: 4, ASN: 64500, HoldTime: 90, RouterID: them},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := bgptest.Accept(w, l)
				p.Handshake(open)
				w.expectState(speaker.StateEstablished)
				if got := w.snapshot().Negotiated.Families; len(got) != 1 || got[0] != wire.IPv4Unicast {
					t.Errorf("negotiated %v", got)
				}
			})
		})
	}
}

// Attempts at a peer without a common family are spaced as those at a peer that does not answer.
func TestNoFamilyBacksOff(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active, families(wire.IPv6Unicast))))
		last := time.Now()
		for i, want := range []time.Duration{0, 5, 10, 20, 40, 60, 60} {
			p := bgptest.Accept(w, l)
			p.ExpectOpen()
			p.Send(theirOpen(false).Append(nil))
			p.ExpectNotification(wire.CodeOpen, wire.OpenUnsupportedCapability)
			interval := time.Since(last)
			last = time.Now()
			if interval > want*time.Second || interval < want*time.Second*3/4 {
				t.Errorf("attempt %d after %v, want at most %d s", i, interval, want)
			}
		}
	})
}

// refuse answers an OPEN with 2/4.
func refuse(p *bgptest.Peer) *wire.Open {
	o := p.ExpectOpen()
	p.Send((&wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenUnsupportedParameter}).Append(nil))
	p.ExpectClose()
	return o
}

// RFC 5492 §3: to do without capabilities is of no use where IPv4 unicast is not wanted.
func TestFallbackKeepsToTheFamilies(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active, families(wire.IPv6Unicast))))
		for range 3 {
			if o := refuse(bgptest.Accept(w, l)); !o.HasCapabilities {
				t.Error("no capabilities in the OPEN")
			}
		}
	})
}

// A peer that refuses capabilities and then offers other families than IPv4 unicast is tried with capabilities again.
func TestFallbackWithoutFamily(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		refuse(bgptest.Accept(w, l))
		six := bgptest.Open(64500, them.String(), 90, wire.IPv6Unicast)
		p := bgptest.Accept(w, l)
		if p.ExpectOpen().HasCapabilities {
			t.Error("capabilities in the second OPEN")
		}
		p.Send(six.Append(nil))
		w.expectNoFamily(p, "we have ipv4-unicast, the neighbour has ipv6-unicast", multiprotocol4, multiprotocol6)
		p = bgptest.Accept(w, l)
		p.Handshake(six)
		w.expectState(speaker.StateEstablished)
		if !p.Opened.HasCapabilities {
			t.Error("no capabilities in the third OPEN")
		}
	})
}

// A peer is tried without capabilities once: whatever comes of it, the next attempt has them again.
func TestOnceWithoutCapabilities(t *testing.T) {
	for name, end := range map[string]func(p *bgptest.Peer){
		"refused again": func(p *bgptest.Peer) {
			p.Send((&wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenUnsupportedParameter}).Append(nil))
			p.ExpectClose()
		},
		"refused for AS_TRANS": func(p *bgptest.Peer) {
			p.Send((&wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenBadPeerAS}).Append(nil))
			p.ExpectClose()
		},
		"closed": func(p *bgptest.Peer) { p.Conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				refuse(bgptest.Accept(w, l))
				p := bgptest.Accept(w, l)
				if p.ExpectOpen().HasCapabilities {
					t.Error("capabilities in the second OPEN")
				}
				end(p)
				if !bgptest.Accept(w, l).ExpectOpen().HasCapabilities {
					t.Error("no capabilities in the third OPEN")
				}
			})
		})
	}
}

// What the session carries goes on when the peer opens a second connection and offers nothing of use.
func TestSecondConnectionWithoutFamily(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig()))
		w.establish(l, theirOpen(true))
		p := w.dial(netip.AddrPortFrom(us, 179), "")
		p.ExpectOpen()
		p.Send(bgptest.Open(64500, them.String(), 90, wire.Family{AFI: 25, SAFI: 70}).Append(nil))
		p.ExpectNotification(wire.CodeOpen, wire.OpenUnsupportedCapability)
		w.expectState(speaker.StateEstablished)
	})
}
