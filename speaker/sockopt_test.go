// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/test/bgptest"
)

// The options of a connection are on it before anything is read, whichever side opened it. The kernel gives it up only after
// the send hold timer would have, also when that changes in place.
func TestSocketOptions(t *testing.T) {
	secured := func(p *given) { p.TTLSecurityHops = 2 }
	want := transport.SocketOptions{TTL: 255, MinTTL: 254, UserTimeout: 16 * time.Minute} // twice the default of 480 s
	check := func(w *world, p *bgptest.Peer) {
		w.Helper()
		synctest.Wait()
		got := p.Conn.(*faketest.Conn).OptionsOfOther()
		if got.Auth = want.Auth; got != want {
			w.Errorf("options %+v, want %+v", got, want)
		}
	}
	t.Run("dialled", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active, secured)))
			p := bgptest.Accept(w, l)
			check(w, p)
		})
	})
	t.Run("accepted", func(t *testing.T) {
		run(t, func(w *world) {
			w.apply(config(peerConfig(passive, secured)))
			check(w, w.dial(netip.AddrPortFrom(us, 179), ""))
		})
	})
	t.Run("second", func(t *testing.T) {
		run(t, func(w *world) {
			w.apply(config(peerConfig(passive, secured)))
			w.dial(netip.AddrPortFrom(us, 179), "").Handshake(theirOpen(true))
			w.expectState(speaker.StateEstablished)
			check(w, w.dial(netip.AddrPortFrom(us, 179), ""))
		})
	})
	t.Run("send hold", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active, secured)))
			p := w.establish(l, theirOpen(true))
			w.apply(config(peerConfig(active, secured, func(p *given) { p.Timers.SendHold = time.Hour })))
			want.UserTimeout = 2 * time.Hour
			check(w, p)
		})
	})
	t.Run("no hold time", func(t *testing.T) { // RFC 9687 §4.3: no send hold timer either
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active, secured)))
			open := theirOpen(true)
			open.HoldTime = 0
			p := w.establish(l, open)
			want.UserTimeout = 0
			check(w, p)
		})
	})
}
