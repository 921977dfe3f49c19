// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

func keyed(p *given)   { p.Auth = transport.MD5("secret") }
func blocked(p *given) { p.Blocked = keyMissing }

// keyMissing blocks a peer whose key is missing.
var keyMissing = speaker.Blocked{Reason: speaker.BlockedKeyMissing, Text: "no key"}

// RFC 4271 §8.2.2: only a KEEPALIVE or UPDATE that was sent restarts the KeepaliveTimer. Configurations that come all the
// time are for other peers.
func TestKeepalivesUnderConstantChange(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		synctest.Wait()
		w.speaker.TakeChanged()
		before := w.snapshot().Messages.Sent[wire.TypeKeepalive]
		for range 60 {
			time.Sleep(10 * time.Second) // the bubble's clock
			p.Send(wire.AppendKeepalive(nil))
			w.apply(config(peerConfig(active)))
		}
		if sent := w.snapshot().Messages.Sent[wire.TypeKeepalive] - before; sent < 20 {
			t.Errorf("%d KEEPALIVEs in 10 minutes", sent)
		}
		if changed := w.speaker.TakeChanged(); len(changed) > 0 {
			t.Errorf("%v changed, though nothing did", changed)
		}
	})
}

// RFC 4271 §8.2.2: in Active the ConnectRetryTimer runs, also after it fired during a handshake that lost a collision.
func TestRedialAfterCollision(t *testing.T) {
	run(t, func(w *world) {
		l, dialled, open := w.dialledToAHigherPeer()
		time.Sleep(6 * time.Second) // the bubble's clock: beyond the first interval
		incoming := w.dial(netip.AddrPortFrom(us, 179), "")
		incoming.ExpectOpen()
		incoming.Send(open.Append(nil))
		synctest.Wait()
		dialled.Send(open.Append(nil))
		dialled.ExpectNotification(wire.CodeCease, wire.CeaseCollision)
		incoming.Expect(wire.TypeKeepalive)
		incoming.Conn.Close()
		bgptest.Accept(w, l).ExpectOpen()
	})
}

// Whatever is in mid-handshake when a key comes gets not a byte more: it is not signed.
func TestKeyComesMidHandshake(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		p := w.dial(netip.AddrPortFrom(us, 179), "")
		p.ExpectOpen()
		w.apply(config(peerConfig(passive, keyed)))
		if m, err := p.Next(); err == nil {
			t.Errorf("got %v", m)
		}
	})
}

// A restart that the peer is to bridge is silent before Established too: the peer may count the session as Established.
func TestRestartInHandshakeIsSilent(t *testing.T) {
	for name, confirm := range map[string]bool{"OpenSent": false, "OpenConfirm": true} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := bgptest.Accept(w, l)
				p.ExpectOpen()
				if confirm {
					p.Send(theirOpen(true).Append(nil))
					p.Expect(wire.TypeKeepalive)
				}
				w.stop(context.Canceled)
				p.ExpectClose()
			})
		})
	}
}

// A connection that the peer opens just before the old one is lost is not the loser of anything.
func TestSecondConnectionOutlivesTheFirst(t *testing.T) {
	for name, gr := range map[string]bool{"with graceful restart": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(config(peerConfig(passive)))
				first := w.dial(netip.AddrPortFrom(us, 179), "")
				first.Handshake(theirOpen(gr))
				w.expectRoutes(first, "203.0.113.0/24")
				second := w.dial(netip.AddrPortFrom(us, 179), "")
				second.ExpectOpen()
				first.Conn.Close()
				w.expectState(speaker.StateOpenSent)
				second.Send(theirOpen(gr).Append(nil))
				second.Expect(wire.TypeKeepalive)
				second.Send(wire.AppendKeepalive(nil))
				w.expectRoutes(second, "203.0.113.0/24")
				w.expectState(speaker.StateEstablished)
			})
		})
	}
}

// A second connection that stays silent keeps the peer from nothing once the first is lost: neither from opening another,
// nor from being connected to.
func TestSilentSecondConnection(t *testing.T) {
	lose := func(w *world) {
		first := w.dial(netip.AddrPortFrom(us, 179), "")
		first.Handshake(theirOpen(false))
		w.expectRoutes(first, "203.0.113.0/24")
		silent := w.dial(netip.AddrPortFrom(us, 179), "")
		silent.ExpectOpen()
		first.Conn.Close()
		w.expectState(speaker.StateOpenSent)
	}
	t.Run("the peer opens another", func(t *testing.T) {
		run(t, func(w *world) {
			w.apply(config(peerConfig(passive)))
			lose(w)
			began := time.Now()
			third := w.dial(netip.AddrPortFrom(us, 179), "")
			third.Handshake(theirOpen(false))
			w.expectRoutes(third, "203.0.113.0/24")
			if waited := time.Since(began); waited > 0 { // of the bubble's clock
				t.Errorf("taken after %v", waited)
			}
		})
	})
	t.Run("the peer is connected to", func(t *testing.T) {
		run(t, func(w *world) {
			w.apply(config(peerConfig()))
			lose(w)
			l := w.listen()
			began := time.Now()
			bgptest.Accept(w, l).Handshake(theirOpen(false))
			if waited := time.Since(began); waited > time.Minute { // of the bubble's clock
				t.Errorf("connected to after %v", waited)
			}
		})
	})
}

// A key that is gone ends a second connection in mid-handshake: no new session starts without it.
func TestSecondConnectionOfABlockedPeer(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, keyed)))
		first := w.dial(netip.AddrPortFrom(us, 179), "secret")
		first.Handshake(theirOpen(true))
		w.expectRoutes(first, "203.0.113.0/24")
		second := w.dial(netip.AddrPortFrom(us, 179), "secret")
		second.ExpectOpen()
		w.apply(config(peerConfig(passive, blocked)))
		if m, err := second.Next(); err == nil {
			t.Errorf("got %v", m)
		}
		w.expectState(speaker.StateEstablished)
	})
}

// The end of a session that hangs says nothing of the one that took its place.
func TestSuccessorKeepsItsRecord(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active, func(p *given) {
			p.Export.Announcements = []*rib.Announcement{{
				ID: "many", Name: "many", Prefixes: rib.NewPrefixes(rib.PrefixRange{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Length: 24}),
			}}
		})))
		p := bgptest.Accept(w, l)
		p.Handshake(theirOpen(true)) // and reads nothing more
		w.expectState(speaker.StateEstablished)
		other := netip.MustParseAddr("192.0.2.2")
		l2, err := w.network.Host(other).Listen(t.Context(), netip.AddrPortFrom(other, 179))
		if err != nil {
			t.Fatal(err)
		}
		defer l2.Close()
		w.apply(config(peerConfig(active, func(p *given) { p.Address = netip.AddrPortFrom(other, 179) })))
		q := bgptest.Accept(w, l2)
		q.Handshake(theirOpen(true))
		w.expectRoutes(q, "203.0.113.0/24")
		time.Sleep(10 * time.Second) // the bubble's clock: the old session's farewell is over
		w.expectState(speaker.StateEstablished)
		if s := w.snapshot(); s.Negotiated == nil || s.Routes.Token != 1 {
			t.Errorf("snapshot %+v", s)
		}
	})
}

// RFC 2918 §4: whoever received our capability may ask.
func TestRouteRefreshByPeerWithoutCapability(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		open := theirOpen(false)
		open.Capabilities.RouteRefresh = false
		p := w.establish(l, open)
		p.Send(routeRefresh)
		p.Expect(wire.TypeUpdate)
	})
}

// RFC 4271 §8.2.2: only a KEEPALIVE or UPDATE restarts the hold timer.
func TestRouteRefreshDoesNotHold(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		refresh := (&wire.RouteRefresh{Family: wire.IPv6Unicast}).Append(nil)
		began := time.Now()
		for time.Since(began) < 2*time.Minute {
			time.Sleep(40 * time.Millisecond) // the bubble's clock
			if _, err := p.Conn.Write(refresh); err != nil {
				break
			}
		}
		if took := time.Since(began); took > 92*time.Second {
			t.Errorf("the session was held for %v", took)
		}
	})
}

// What this side ends is recorded as such.
func TestEndsAreRecorded(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*given)
		subcode uint8
	}{
		"reset":      {func(p *given) { p.Timers.Hold, p.ApplyImmediate = 30*time.Second, true }, wire.CeaseConfigChange},
		"admin down": {func(p *given) { p.AdminDown = true }, wire.CeaseAdminShutdown},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := w.establish(l, theirOpen(true))
				w.apply(config(peerConfig(active, test.change)))
				p.ExpectNotification(wire.CodeCease, test.subcode)
				synctest.Wait()
				e := w.snapshot().LastError
				if e == nil || e.Direction != speaker.DirectionSent || e.Code != wire.CodeCease || e.Subcode != test.subcode {
					t.Errorf("last error %+v", e)
				}
			})
		})
	}
}
