// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// Two speakers that dial each other at the same moment end with exactly one session, without a flap.
func TestBothSidesConnectAtOnce(t *testing.T) {
	for i := range 50 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { bothConnect(t) })
		})
	}
}

func bothConnect(t *testing.T) {
	network := faketest.New()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	a := startSpeaker(ctx, network, us, done)
	b := startSpeaker(ctx, network, them, done)
	if err := a.Apply(config(peerConfig())); err != nil {
		t.Fatal(err)
	}
	back := peerConfig(func(p *given) {
		p.Address, p.LocalASN, p.PeerASN = netip.AddrPortFrom(us, 179), 64500, ourASN
	})
	if err := b.Apply(configAs(them, back)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Second) // the bubble's clock
	synctest.Wait()
	for _, s := range []*speaker.Speaker{a, b} {
		snapshot, _ := peerNamed(s, "tor")
		if snapshot.State != speaker.StateEstablished || snapshot.Flaps != 0 {
			t.Errorf("state %v, %d flaps, error %+v", snapshot.State, snapshot.Flaps, snapshot.LastError)
		}
	}
	if n := network.Open(); n != 2 {
		t.Errorf("%d ends of connections are open, want the two of one session", n)
	}
	cancel()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := network.Open(); n != 0 {
		t.Errorf("%d ends of connections are open after Run", n)
	}
}

func startSpeaker(ctx context.Context, network *faketest.Network, addr netip.Addr, done chan<- error) *speaker.Speaker {
	s := speaker.New(speaker.Options{
		Listen:    []netip.AddrPort{netip.AddrPortFrom(addr, 179)},
		Transport: network.Host(addr),
	})
	go func() { done <- s.Run(ctx) }()
	return s
}

// RFC 4271 §6.8: with both connections in OpenConfirm the one that the higher identifier dialled is kept. Ours is the higher.
func TestCollisionInOpenConfirm(t *testing.T) {
	for _, test := range []struct {
		name         string
		id           string
		keepsDialled bool
	}{
		{"ours is higher", "192.0.2.1", true},
		{"theirs is higher", "192.0.2.200", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig()))
				open := bgptest.Open(64500, test.id, 90, wire.IPv4Unicast)
				dialled := bgptest.Accept(w, l)
				dialled.ExpectOpen()
				incoming := w.dial(netip.AddrPortFrom(us, 179), "")
				incoming.ExpectOpen()
				dialled.Send(open.Append(nil))
				synctest.Wait()
				incoming.Send(open.Append(nil))
				kept, lost := incoming, dialled
				if test.keepsDialled {
					kept, lost = dialled, incoming
				}
				lost.ExpectNotification(wire.CodeCease, wire.CeaseCollision)
				kept.Expect(wire.TypeKeepalive)
				kept.Send(wire.AppendKeepalive(nil))
				w.expectState(speaker.StateEstablished)
			})
		})
	}
}

// RFC 4271 §8.2.2: the ConnectRetryTimer does not run in OpenConfirm. The peer got our KEEPALIVE, is Established, and would refuse
// another connection (§6.8); its own KEEPALIVE takes longer than the interval between attempts to dial.
func TestNoRedialInOpenConfirm(t *testing.T) {
	confirming := func(w *world) *bgptest.Peer {
		w.apply(config(peerConfig()))
		p := w.dial(netip.AddrPortFrom(us, 179), "")
		p.ExpectOpen()
		p.Send(theirOpen(false).Append(nil))
		p.Expect(wire.TypeKeepalive)
		return p
	}
	wait := func() {
		time.Sleep(20 * time.Second) // the bubble's clock
		synctest.Wait()
	}
	t.Run("the KEEPALIVE comes", func(t *testing.T) {
		run(t, func(w *world) {
			p := confirming(w)
			w.listen() // nobody accepts: a dial would hang in OpenSent
			wait()
			if n := w.network.Open(); n != 2 {
				t.Errorf("%d ends of connections are open in OpenConfirm, want the two of one connection", n)
			}
			p.Send(wire.AppendKeepalive(nil))
			w.expectState(speaker.StateEstablished)
		})
	})
	t.Run("the connection is lost", func(t *testing.T) {
		run(t, func(w *world) {
			p := confirming(w)
			l := w.listen()
			wait()
			lost := time.Now()
			p.Conn.Close()
			w.establish(l, theirOpen(false))
			if took := time.Since(lost); took > 0 { // of the bubble's clock
				t.Errorf("dialled after %v, though an attempt was due", took)
			}
		})
	})
	t.Run("the peer opens another", func(t *testing.T) {
		run(t, func(w *world) {
			confirming(w)
			l := w.listen()
			wait()
			w.dial(netip.AddrPortFrom(us, 179), "").ExpectOpen() // and says nothing
			w.establish(l, theirOpen(false))
		})
	})
}

// dialledToAHigherPeer has the speaker dial a peer whose own connection would win a collision. It returns the listener, the peer's end
// after our OPEN, and the peer's OPEN.
func (w *world) dialledToAHigherPeer() (transport.Listener, *bgptest.Peer, *wire.Open) {
	w.Helper()
	l := w.listen()
	w.apply(config(peerConfig()))
	p := bgptest.Accept(w, l)
	p.ExpectOpen()
	return l, p, bgptest.Open(64500, "192.0.2.200", 90, wire.IPv4Unicast)
}

// RFC 4271 §6.8: a peer that is Established on the connection that we dialled refuses its own, which took longer, although that one
// wins the collision. Its KEEPALIVE on ours is late. If it never comes, the peer's connection is taken after all.
func TestIncomingBesideAConfirmedDial(t *testing.T) {
	for name, established := range map[string]bool{"the peer is Established": true, "the peer is gone there": false} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				_, dialled, open := w.dialledToAHigherPeer()
				dialled.Send(open.Append(nil))
				dialled.Expect(wire.TypeKeepalive)
				incoming := w.dial(netip.AddrPortFrom(us, 179), "")
				incoming.ExpectOpen()
				incoming.Send(open.Append(nil))
				if established {
					incoming.Send((&wire.Notification{Code: wire.CodeCease, Subcode: wire.CeaseCollision}).Append(nil))
					time.Sleep(time.Second) // the bubble's clock
					dialled.Send(wire.AppendKeepalive(nil))
					w.expectRoutes(dialled, "203.0.113.0/24")
				} else {
					incoming.Expect(wire.TypeKeepalive)
					dialled.ExpectNotification(wire.CodeCease, wire.CeaseCollision)
					incoming.Send(wire.AppendKeepalive(nil))
					w.expectRoutes(incoming, "203.0.113.0/24")
				}
				w.expectState(speaker.StateEstablished)
			})
		})
	}
}

func TestSecondConnectionWhileEstablished(t *testing.T) {
	t.Run("without graceful restart it is refused", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig()))
			w.establish(l, theirOpen(false))
			second := w.dial(netip.AddrPortFrom(us, 179), "")
			second.ExpectOpen()
			second.Send(theirOpen(false).Append(nil))
			second.ExpectNotification(wire.CodeCease, wire.CeaseCollision)
			w.expectState(speaker.StateEstablished)
			if f := w.snapshot().Flaps; f != 0 {
				t.Errorf("%d flaps", f)
			}
		})
	})
	t.Run("with graceful restart it replaces the session silently", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig()))
			first := w.establish(l, theirOpen(true))
			second := w.dial(netip.AddrPortFrom(us, 179), "")
			second.Handshake(theirOpen(true))
			first.ExpectClose()
			w.expectRoutes(second, "203.0.113.0/24")
			w.expectState(speaker.StateEstablished)
		})
	})
	t.Run("one that never speaks changes nothing", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig()))
			first := w.establish(l, theirOpen(true))
			w.dial(netip.AddrPortFrom(us, 179), "").ExpectOpen()
			for range 10 {
				time.Sleep(30 * time.Second) // the bubble's clock
				first.Send(wire.AppendKeepalive(nil))
			}
			w.expectState(speaker.StateEstablished)
		})
	})
}

// A peer that is not configured, or not allowed to connect, gets not a byte.
func TestStrangersAreClosedUnread(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		stranger := w.network.Host(netip.MustParseAddr("192.0.2.99"))
		conn, err := stranger.Dial(t.Context(), netip.Addr{}, netip.AddrPortFrom(us, 179), transport.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := bgptest.NewPeer(t, conn).Next(); err == nil {
			t.Errorf("a stranger got %v", m)
		}
	})
}
