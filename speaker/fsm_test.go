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

// Timers in the states before Established: the OPEN is awaited for 4 minutes, the KEEPALIVE for the negotiated hold time.
func TestTimersBeforeEstablished(t *testing.T) {
	t.Run("OpenSent", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active)))
			p := bgptest.Accept(w, l)
			p.ExpectOpen()
			began := time.Now()
			p.ExpectNotification(wire.CodeHoldTimer, 0)
			if took := time.Since(began); took != 4*time.Minute {
				t.Errorf("after %v", took)
			}
		})
	})
	t.Run("OpenConfirm", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active)))
			p := bgptest.Accept(w, l)
			p.ExpectOpen()
			p.Send(theirOpen(true).Append(nil))
			began := time.Now()
			p.Expect(wire.TypeKeepalive)
			for before := time.Now(); ; before = time.Now() {
				m, err := p.Next()
				interval := time.Since(before)
				if m.Type() == wire.TypeNotification {
					break
				}
				// It goes on while it waits: a third of the hold time, less at most a quarter of jitter.
				if err != nil || m.Type() != wire.TypeKeepalive || interval < 22500*time.Millisecond || interval >= 30*time.Second {
					t.Errorf("%v after %v, error %v", m, interval, err)
				}
			}
			synctest.Wait()
			if e := w.snapshot().LastError; e == nil || e.Code != wire.CodeHoldTimer {
				t.Errorf("error %+v", e)
			}
			if took := time.Since(began); took != 90*time.Second {
				t.Errorf("after %v", took)
			}
		})
	})
}

// RFC 4271 §4.2: a hold time of 0 means neither a hold timer nor KEEPALIVEs.
func TestHoldTimeZero(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		open := theirOpen(true)
		open.HoldTime = 0
		w.establish(l, open)
		time.Sleep(24 * time.Hour) // the bubble's clock
		w.expectState(speaker.StateEstablished)
		if sent := w.snapshot().Messages.Sent[wire.TypeKeepalive]; sent != 1 {
			t.Errorf("%d KEEPALIVEs sent, want the one that accepts the OPEN", sent)
		}
	})
}

// RFC 4271 §4.4: not more than one KEEPALIVE a second, with the least hold time and jitter too.
func TestKeepalivesOfTheLeastHoldTime(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		open := theirOpen(true)
		open.HoldTime = 3
		p := w.establish(l, open)
		for before := time.Now(); p.Conn.SetReadDeadline(time.Now().Add(3*time.Second)) == nil; {
			p.Send(wire.AppendKeepalive(nil))
			p.Expect(wire.TypeKeepalive)
			switch interval := time.Since(before); {
			case interval < time.Second || interval >= 1500*time.Millisecond:
				t.Fatalf("a KEEPALIVE after %v", interval)
			case w.snapshot().Messages.Sent[wire.TypeKeepalive] > 50:
				return
			}
			before = time.Now()
		}
	})
}

// RFC 5492 §3: a peer that refuses optional parameters is tried once without capabilities.
func TestPeerWithoutCapabilities(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := bgptest.Accept(w, l)
		if o := p.ExpectOpen(); !o.HasCapabilities {
			t.Error("no capabilities in the first OPEN")
		}
		p.Send((&wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenUnsupportedParameter}).Append(nil))
		p.ExpectClose()
		p = bgptest.Accept(w, l)
		if o := p.ExpectOpen(); o.HasCapabilities {
			t.Error("capabilities in the second OPEN")
		}
		p.Send((&wire.Open{Version: 4, ASN: 64500, HoldTime: 90, RouterID: them}).Append(nil))
		p.Send(wire.AppendKeepalive(nil))
		p.Expect(wire.TypeKeepalive)
		w.expectRoutes(p, "203.0.113.0/24")
		w.expectState(speaker.StateEstablished)
	})
}

// RFC 2918: routes are sent again, without an End-of-RIB; a family that was not negotiated is ignored.
func TestRouteRefresh(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		p.Send((&wire.RouteRefresh{Family: wire.IPv6Unicast}).Append(nil))
		w.expectSilence(p)
		p.Send(routeRefresh)
		var u wire.Update
		if err := wire.ParseUpdate(p.Expect(wire.TypeUpdate), wire.UpdateOptions{AS4: true, EBGP: true}, &u); err != nil {
			t.Fatal(err)
		}
		if len(u.NLRI) == 0 {
			t.Error("no route in the UPDATE")
		}
		w.expectSilence(p)
	})
}

// Attempts are spaced: 5 s, 10, 20, 40, then 60 s, each less at most a quarter of jitter.
func TestConnectRetryBacksOff(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		last := time.Now()
		for i, want := range []time.Duration{0, 5, 10, 20, 40, 60, 60} {
			p := bgptest.Accept(w, l)
			p.Conn.Close()
			interval := time.Since(last)
			last = time.Now()
			if interval > want*time.Second || interval < want*time.Second*3/4 {
				t.Errorf("attempt %d after %v, want at most %d s", i, interval, want)
			}
		}
	})
}

// R is for the time after the process's start, F says that the host's forwarding outlived it.
func TestRestartAndForwardingBits(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		if gr := p.Opened.Capabilities.GracefulRestart; !gr.Restarting || !gr.Families[0].Forwarding {
			t.Errorf("first OPEN: %+v", gr)
		}
		p.Conn.Close()
		p = w.establish(l, theirOpen(true))
		if gr := p.Opened.Capabilities.GracefulRestart; gr.Restarting || !gr.Families[0].Forwarding {
			t.Errorf("after a lost connection: %+v", gr)
		}
	})
}

// RFC 4724 §4.2: a peer gives up the routes that it keeps for us if F is not set. The host is not up for long enough to answer for
// routes of a former process here, so F is for those of this one.
func TestForwardingBitOfThisProcess(t *testing.T) {
	longLived := func(p *given) {
		p.GracefulRestart.LongLivedStaleTime, p.GracefulRestart.Notifications = 24*time.Hour, true
	}
	open := theirOpen(true)
	open.Capabilities.GracefulRestart.Notifications = true
	reset := func(w *world, p *bgptest.Peer, cfg *speaker.Config) {
		w.apply(cfg)
		p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange) // which the peer bridges (RFC 8538 §4)
		p.Conn.Close()
	}
	for name, again := range map[string]func(w *world, l transport.Listener, p *bgptest.Peer) *bgptest.Peer{
		"after a loss": func(w *world, l transport.Listener, p *bgptest.Peer) *bgptest.Peer {
			p.Conn.Close()
			return w.establish(l, open)
		},
		"beside the session": func(w *world, _ transport.Listener, p *bgptest.Peer) *bgptest.Peer {
			second := w.dial(netip.AddrPortFrom(us, 179), "")
			second.Handshake(open)
			p.ExpectClose()
			return second
		},
		"with another router ID": func(w *world, l transport.Listener, p *bgptest.Peer) *bgptest.Peer {
			reset(w, p, configAs(us.Next(), peerConfig(longLived)))
			return w.establish(l, open)
		},
		"with another ASN of ours": func(w *world, l transport.Listener, p *bgptest.Peer) *bgptest.Peer {
			reset(w, p, config(peerConfig(longLived, func(p *given) { p.LocalASN++ })))
			return w.establish(l, open)
		},
		"with authentication": func(w *world, l transport.Listener, p *bgptest.Peer) *bgptest.Peer {
			if err := l.SetAuth(us, transport.MD5("secret")); err != nil {
				t.Fatal(err)
			}
			reset(w, p, config(peerConfig(longLived, keyed)))
			return w.establish(l, open)
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(longLived)))
				p := w.establish(l, open)
				if c := p.Opened.Capabilities; c.GracefulRestart.Families[0].Forwarding || c.LongLived[0].Forwarding {
					t.Errorf("first OPEN: %+v, %+v", c.GracefulRestart, c.LongLived)
				}
				w.expectState(speaker.StateEstablished)
				c := again(w, l, p).Opened.Capabilities
				if gr := c.GracefulRestart; gr.Restarting || !gr.Families[0].Forwarding || !c.LongLived[0].Forwarding {
					t.Errorf("second OPEN: %+v, %+v", gr, c.LongLived)
				}
			})
		})
	}
}

// RFC 4271 §8.2.2: what restarts the KeepaliveTimer is a KEEPALIVE or an UPDATE, for nothing else restarts the peer's hold timer.
func TestRouteRefreshIsNoKeepalive(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active, func(p *given) { p.Export = export{Token: 1} })))
		open := theirOpen(true)
		open.Capabilities.EnhancedRefresh = true
		p := bgptest.Accept(w, l)
		p.Handshake(open)
		w.expectRoutes(p)
		before := w.snapshot().Messages.Sent
		for range 30 { // each is answered by two ROUTE-REFRESHs and no UPDATE
			p.Send(routeRefresh)
			p.Send(wire.AppendKeepalive(nil))
			time.Sleep(5 * time.Second) // the bubble's clock
		}
		after := w.snapshot().Messages.Sent
		sent := func(t wire.MessageType) uint64 { return after[t] - before[t] }
		if sent(wire.TypeKeepalive) < 5 || sent(wire.TypeRouteRefresh) != 60 || sent(wire.TypeUpdate) != 0 {
			t.Errorf("sent in 150 s: %d KEEPALIVEs, %d ROUTE-REFRESHs, %d UPDATEs",
				sent(wire.TypeKeepalive), sent(wire.TypeRouteRefresh), sent(wire.TypeUpdate))
		}
	})
}
