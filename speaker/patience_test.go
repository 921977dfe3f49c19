// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// trickle writes a byte every ten seconds, until the other end has had enough, and returns how long that took.
func trickle(p *bgptest.Peer, b []byte) time.Duration {
	began := time.Now()
	for _, c := range b {
		if _, err := p.Conn.Write([]byte{c}); err != nil {
			break
		}
		time.Sleep(10 * time.Second) // the bubble's clock
	}
	return time.Since(began)
}

// A byte every ten seconds is no message: only whole ones count, in every state.
func TestOneByteEveryTenSeconds(t *testing.T) {
	endless := append(header(4096, wire.TypeUpdate), make([]byte, 4077)...)
	for name, test := range map[string]struct {
		lead  func(w *world, p *bgptest.Peer)
		bytes []byte
		limit time.Duration
	}{
		"OpenSent":    {func(_ *world, p *bgptest.Peer) { p.ExpectOpen() }, theirOpen(true).Append(nil), 4 * time.Minute},
		"OpenConfirm": {func(_ *world, p *bgptest.Peer) { p.ExpectOpen(); p.Send(theirOpen(true).Append(nil)) }, endless, 90 * time.Second},
		"Established": {func(w *world, p *bgptest.Peer) { p.Handshake(theirOpen(true)) }, endless, 91 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := bgptest.Accept(w, l)
				test.lead(w, p)
				if took := trickle(p, test.bytes); took > test.limit+20*time.Second {
					t.Errorf("given up after %v", took)
				}
				synctest.Wait()
				if e := w.snapshot().LastError; e == nil || e.Code != wire.CodeHoldTimer || e.Direction != speaker.DirectionSent {
					t.Errorf("error %+v", e)
				}
			})
		})
	}
}

// However many connections a peer opens and says nothing on, one is kept, for as long as an OPEN is waited for; a session
// goes on beside it.
func TestManySilentConnections(t *testing.T) {
	for name, live := range map[string]bool{"without a session": false, "beside a session": true} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(config(peerConfig(passive)))
				var session *bgptest.Peer
				if live {
					session = w.dial(netip.AddrPortFrom(us, 179), "")
					session.Handshake(theirOpen(true))
					w.expectState(speaker.StateEstablished)
				}
				goroutines, open := runtime.NumGoroutine(), w.network.Open()
				const silent = 1000
				for range silent {
					conn, err := w.peer.Dial(t.Context(), netip.Addr{}, netip.AddrPortFrom(us, 179), transport.SocketOptions{})
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					synctest.Wait()
				}
				// Our ends are closed, but for one and those that are told so; the peer's are not.
				if ends := w.network.Open() - open - silent; ends > 10 {
					t.Errorf("%d connections are kept", ends)
				}
				if grown := runtime.NumGoroutine() - goroutines; grown > 20 {
					t.Errorf("%d goroutines more", grown)
				}
				for range 10 {
					time.Sleep(29 * time.Second) // the bubble's clock
					if live {
						session.Send(wire.AppendKeepalive(nil))
					}
				}
				synctest.Wait()
				if ends := w.network.Open() - open - silent; ends != 0 {
					t.Errorf("%d connections are kept after the wait for an OPEN", ends)
				}
				if live {
					w.expectState(speaker.StateEstablished)
				}
			})
		})
	}
}

// A shutdown communication arrives as people wrote it, cut at a character and shown without what could harm a terminal
// (RFC 9003 §2 and §6).
func TestShutdownCommunication(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		text := "Wartung für 2 h"
		w.apply(config(peerConfig(active, func(p *given) { p.AdminDown, p.DownText = true, text })))
		if n := p.ExpectNotification(wire.CodeCease, wire.CeaseAdminShutdown); n.CeaseText() != text {
			t.Errorf("text %q", n.CeaseText())
		}
		w.apply(config(peerConfig(active)))
		p = w.establish(l, theirOpen(true))
		bell := append([]byte{9}, "\x07be\xff back"...) // not UTF-8 either
		p.Send((&wire.Notification{Code: wire.CodeCease, Subcode: wire.CeaseAdminShutdown, Data: bell}).Append(nil))
		p.ExpectClose()
		synctest.Wait()
		const want = "received Cease / Administrative Shutdown (6/2): \"\uFFFDbe\uFFFD back\""
		if e := w.snapshot().LastError; e == nil || e.Text != want {
			t.Errorf("error %+v, want %s", e, want)
		}
	})
}
