// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// preserving is the OPEN of a peer that keeps forwarding IPv4 and IPv6 while it restarts, for 60 s.
func preserving(notifications bool) *wire.Open {
	o := bgptest.Open(64500, them.String(), 90, wire.IPv4Unicast, wire.IPv6Unicast)
	o.Capabilities.GracefulRestart = &wire.GracefulRestart{
		Notifications: notifications, RestartTime: 60,
		Families: []wire.GracefulRestartFamily{{Family: wire.IPv4Unicast, Forwarding: true}, {Family: wire.IPv6Unicast, Forwarding: true}},
	}
	return o
}

func (w *world) expectRestarting(want ...wire.Family) {
	w.Helper()
	synctest.Wait()
	var got []wire.Family
	if r := w.snapshot().PeerRestart; r != nil {
		for _, f := range r.Families {
			got = append(got, f.Family)
		}
	}
	if !slices.Equal(got, want) {
		w.Errorf("restarting with %v, want %v", got, want)
	}
}

// RFC 4724 §4.2: what is kept of a peer that went away lasts until its End-of-RIB after it came back.
func TestPeerRestarts(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		connect := func() *bgptest.Peer {
			p := w.dial(netip.AddrPortFrom(us, 179), "")
			p.Handshake(preserving(false))
			w.expectState(speaker.StateEstablished)
			return p
		}
		p := connect()
		w.expectRestarting()
		p.Conn.Close()
		w.expectRestarting(wire.IPv4Unicast, wire.IPv6Unicast)
		time.Sleep(59 * time.Second) // the bubble's clock
		p = connect()
		w.expectRestarting(wire.IPv4Unicast, wire.IPv6Unicast)
		p.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast))
		w.expectRestarting(wire.IPv6Unicast)
		p.Send(wire.AppendEndOfRIB(nil, wire.IPv6Unicast))
		w.expectRestarting()
	})
}

// RFC 4724 §4.2: the routes go when the peer is not back in its restart time, when it says that it did not preserve them,
// and when it is back and says nothing.
func TestPeerRestartIsGivenUp(t *testing.T) {
	lose := func(w *world) {
		p := w.dial(netip.AddrPortFrom(us, 179), "")
		p.Handshake(preserving(false))
		w.expectState(speaker.StateEstablished)
		p.Conn.Close()
		w.expectRestarting(wire.IPv4Unicast, wire.IPv6Unicast)
		w.speaker.TakeChanged()
	}
	back := func(w *world, open *wire.Open) {
		p := w.dial(netip.AddrPortFrom(us, 179), "")
		p.Handshake(open)
		w.expectState(speaker.StateEstablished)
	}
	for name, then := range map[string]func(w *world){
		"not back in time": func(w *world) {
			time.Sleep(61 * time.Second) // the bubble's clock
			synctest.Wait()
			if changed := w.speaker.TakeChanged(); len(changed) != 1 {
				w.Errorf("changed: %v", changed)
			}
		},
		"forwarding was lost": func(w *world) {
			open := preserving(false)
			open.Capabilities.GracefulRestart.Families[0].Forwarding = false
			open.Capabilities.GracefulRestart.Families = open.Capabilities.GracefulRestart.Families[:1]
			back(w, open)
		},
		"without the capability": func(w *world) { back(w, theirOpen(false)) },
		"no End-of-RIB": func(w *world) {
			back(w, preserving(false))
			w.expectRestarting(wire.IPv4Unicast, wire.IPv6Unicast)
			time.Sleep(61 * time.Second) // the bubble's clock
		},
		"administratively down": func(w *world) {
			back(w, preserving(false))
			w.apply(config(peerConfig(passive, func(p *given) { p.AdminDown = true })))
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(config(peerConfig(passive)))
				lose(w)
				then(w)
				w.expectRestarting()
			})
		})
	}
}

// RFC 8538 §4: with the N bit on both sides a NOTIFICATION, or an expired hold timer, is a restart too, but for a Hard Reset.
func TestNotificationsKeepRoutes(t *testing.T) {
	cease := wire.NewCease(wire.CeaseAdminReset, "")
	for name, test := range map[string]struct {
		ours, theirs bool
		end          func(p *bgptest.Peer)
		retained     bool
	}{
		"received, both":           {true, true, func(p *bgptest.Peer) { p.Send(cease.Append(nil)) }, true},
		"received, we alone":       {true, false, func(p *bgptest.Peer) { p.Send(cease.Append(nil)) }, false},
		"received, peer alone":     {false, true, func(p *bgptest.Peer) { p.Send(cease.Append(nil)) }, false},
		"Hard Reset, both":         {true, true, func(p *bgptest.Peer) { p.Send(wire.NewHardReset(cease).Append(nil)) }, false},
		"hold timer, both":         {true, true, func(p *bgptest.Peer) { p.ExpectNotification(wire.CodeHoldTimer, 0) }, true},
		"hold timer, neither":      {false, false, func(p *bgptest.Peer) { p.ExpectNotification(wire.CodeHoldTimer, 0) }, false},
		"send hold timer, both":    {true, true, func(p *bgptest.Peer) { stuck(t, p) }, true},
		"send hold timer, neither": {false, false, func(p *bgptest.Peer) { stuck(t, p) }, false},
		"connection lost, both":    {true, true, func(p *bgptest.Peer) { p.Conn.Close() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(config(peerConfig(passive, func(p *given) { p.GracefulRestart.Notifications = test.ours })))
				p := w.dial(netip.AddrPortFrom(us, 179), "")
				p.Handshake(preserving(test.theirs))
				w.expectState(speaker.StateEstablished)
				test.end(p)
				if test.retained {
					w.expectRestarting(wire.IPv4Unicast, wire.IPv6Unicast)
				} else {
					w.expectRestarting()
				}
			})
		})
	}
}

// stuck reads nothing, and sends KEEPALIVEs until the session is over.
func stuck(t *testing.T, p *bgptest.Peer) {
	p.Conn.(*faketest.Conn).Shut(true)
	for began := time.Now(); ; time.Sleep(time.Second) { // the bubble's clock
		if _, err := p.Conn.Write(wire.AppendKeepalive(nil)); err != nil {
			return
		}
		if time.Since(began) > time.Hour {
			t.Fatal("the session lasts")
		}
	}
}

// RFC 8538 §3.1: the reason that a Hard Reset wraps is told.
func TestHardResetReceived(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		p.Send(wire.NewHardReset(wire.NewCease(wire.CeaseAdminShutdown, "moved \x07 away")).Append(nil))
		p.ExpectClose()
		synctest.Wait()
		const want = "received Cease / Hard Reset (6/9): Cease / Administrative Shutdown (6/2) \"moved \uFFFD away\""
		if e := w.snapshot().LastError; e == nil || e.Text != want || e.Code != wire.CodeCease || e.Subcode != wire.CeaseHardReset {
			t.Errorf("error %+v", e)
		}
	})
}

// Some speakers send the End-of-RIB of each family that they know: one that was not negotiated is neither malformed nor does
// it end anything (RFC 4724 §2, RFC 4760 §8).
func TestEndOfRIBOfAFamilyNotNegotiated(t *testing.T) {
	flow := wire.Family{AFI: wire.AFIIPv4, SAFI: 133}
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		p := w.arrive(theirOpen(true))
		for _, f := range []wire.Family{wire.IPv6Unicast, flow} {
			p.Send(wire.AppendEndOfRIB(nil, f))
		}
		if got := w.counts(); got != (counts{}) {
			t.Errorf("counted %+v", got)
		}
		if lines := w.logged("malformed"); len(lines) > 0 {
			t.Errorf("logged %q", lines)
		}
		w.expectState(speaker.StateEstablished)
	})
}
