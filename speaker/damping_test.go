// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// RFC 4271 §8.1.1, DampPeerOscillations: a session that the peer loses as soon as it is up is opened again at once, once, and
// then after 5 s, 10, 20, 40 and 60, each less at most a quarter of jitter; after one that lasted, at once again.
func TestPeerOscillation(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		lost := time.Now()
		for i, want := range []time.Duration{0, 0, 5, 10, 20, 40, 60, 60} {
			p := w.establish(l, theirOpen(true))
			if took := time.Since(lost); took > want*time.Second || took < want*time.Second*3/4 {
				t.Errorf("session %d after %v, want at most %d s", i, took, want)
			}
			time.Sleep(time.Second) // the bubble's clock
			lost = time.Now()
			p.Conn.Close()
		}
		p := w.establish(l, theirOpen(true))
		for range 3 {
			time.Sleep(25 * time.Second) // the bubble's clock: the session is stable
			p.Send(wire.AppendKeepalive(nil))
		}
		lost = time.Now()
		p.Conn.Close()
		w.establish(l, theirOpen(true))
		if took := time.Since(lost); took != 0 {
			t.Errorf("after a stable session %v", took)
		}
	})
}

// What this side finds wrong with the peer is not tried again at once.
func TestOwnErrorsAreDamped(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		p.Send(make([]byte, wire.HeaderLen))
		p.ExpectNotification(wire.CodeHeader, wire.HeaderNotSynchronized)
		lost := time.Now()
		w.expectState(speaker.StateIdle)
		w.establish(l, theirOpen(true))
		if took := time.Since(lost); took < 3*time.Second {
			t.Errorf("again after %v", took)
		}
	})
}

// A peer that connects and leaves every second, for an hour, is let in about once a minute; in between it is closed unread.
func TestFlappingPassivePeer(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		sessions := 0
		for began := time.Now(); time.Since(began) < time.Hour; time.Sleep(time.Second) { // the bubble's clock
			conn, err := w.peer.Dial(t.Context(), netip.Addr{}, netip.AddrPortFrom(us, 179), transport.SocketOptions{})
			if err != nil {
				t.Fatal(err)
			}
			p := bgptest.NewPeer(t, conn)
			synctest.Wait()
			if w.snapshot().State == speaker.StateIdle {
				if m, err := p.Next(); err == nil {
					t.Fatalf("an idle speaker sent %v", m)
				}
				continue
			}
			p.Handshake(theirOpen(true))
			w.expectRoutes(p, "203.0.113.0/24")
			sessions++
			conn.Close()
		}
		if sessions < 55 || sessions > 85 {
			t.Errorf("%d sessions in an hour", sessions)
		}
		time.Sleep(time.Minute) // the bubble's clock
		p := w.dial(netip.AddrPortFrom(us, 179), "")
		p.Handshake(theirOpen(true))
		w.expectState(speaker.StateEstablished)
	})
}

// A configuration that is new has nothing to do with what was before.
func TestResetIsNotDamped(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		w.establish(l, theirOpen(true)).Conn.Close()
		for hold := range 3 {
			p := w.establish(l, theirOpen(true))
			w.apply(config(peerConfig(active, func(p *given) {
				p.Timers.Hold, p.ApplyImmediate = time.Duration(hold+10)*time.Second, true
			})))
			p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
		}
		before := time.Now()
		w.establish(l, theirOpen(true))
		if took := time.Since(before); took > 0 {
			t.Errorf("after %v", took)
		}
	})
}
