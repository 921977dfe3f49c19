// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

func TestDiscardOverLimit(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(5))))
		p := w.arrive(theirOpen(false))
		p.Send(reachable(hosts(0, 5)...))
		w.expectCounts(5, false)
		p.Send(reachable(hosts(5, 5)...))
		w.expectCounts(5, true)
		p.Send(unreachable(hosts(0, 3)...))
		p.Send(reachable(hosts(20, 2)...)) // there is room again
		w.expectReceived("10.0.0.3/32", "10.0.0.4/32", "10.0.0.20/32", "10.0.0.21/32")
		w.expectState(speaker.StateEstablished)
		w.apply(config(peerConfig(passive, report(50)))) // what was dropped is asked for
		expectRefresh(w, p)
		p.Send(reachable(hosts(3, 7)...))
		w.expectCounts(9, false)
		w.apply(config(peerConfig(passive, report(4))))
		w.expectCounts(4, true)
		p.Conn.Close()
		w.expectTotal(0)
		p = w.arrive(theirOpen(false))
		p.Send(reachable(hosts(0, 1)...))
		w.expectCounts(1, false)
	})
}

// expectTotal wants so many routes kept of all families.
func (w *world) expectTotal(want int) {
	w.Helper()
	synctest.Wait()
	got := 0
	for _, c := range w.snapshot().Received.Families {
		got += c.Routes
	}
	if got != want {
		w.Errorf("%d routes, want %d", got, want)
	}
}

// RFC 4486 §4: Cease/1 with family and limit. The next session waits, longer each time, unless the limit is raised.
func TestTeardownOverLimit(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(5, speaker.ReceiveTeardown))))
		teardown := func() {
			w.Helper()
			p := w.arrive(theirOpen(false))
			p.Send(reachable(hosts(0, 6)...))
			n := p.ExpectNotification(wire.CodeCease, wire.CeaseMaxPrefixes)
			if got, want := hex.EncodeToString(n.Data), "00010100000005"; got != want {
				w.Errorf("data %s, want %s", got, want)
			}
			w.expectState(speaker.StateIdle)
			w.expectReceived()
		}
		refused := func() {
			w.Helper()
			p := w.dial(netip.AddrPortFrom(us, 179), "")
			p.ExpectClose()
		}
		teardown()
		refused()
		time.Sleep(time.Minute) // the bubble's clock
		teardown()
		time.Sleep(50 * time.Second) // not yet: a jittered 2 minutes
		refused()
		time.Sleep(70 * time.Second)
		teardown()
		w.apply(config(peerConfig(passive, report(6, speaker.ReceiveTeardown))))
		p := w.arrive(theirOpen(false)) // at once
		p.Send(reachable(hosts(0, 6)...))
		w.expectCounts(6, false)
		w.apply(config(peerConfig(passive, report(3, speaker.ReceiveTeardown))))
		p.ExpectNotification(wire.CodeCease, wire.CeaseMaxPrefixes)
	})
}

// A peer whose routes are few and whose path attributes are too many octets is bounded too: 64 MiB of them.
func TestAttributesOverLimit(t *testing.T) {
	heavy := func(w *world, p *bgptest.Peer, route int) {
		a := &wire.Attributes{}
		for i := range 16_000 {
			a.Communities = append(a.Communities, wire.Community(route<<16+i))
		}
		p.Send(reachableWith(a, hosts(route, 1)...))
		synctest.Wait()
	}
	const fit, more = 1045, 20
	for name, test := range map[string]struct {
		onLimit speaker.ReceiveLimit
		then    func(w *world, p *bgptest.Peer)
	}{
		"Discard": {speaker.ReceiveDiscard, func(w *world, p *bgptest.Peer) {
			for route := range more {
				heavy(w, p, fit+route)
			}
			w.expectState(speaker.StateEstablished)
			if r := w.snapshot().Received; !r.Excess || r.OctetLimit != 64<<20 || r.Families[0].Routes+r.Families[0].Dropped != fit+more {
				w.Errorf("received %+v", r)
			}
		}},
		"Teardown": {speaker.ReceiveTeardown, func(w *world, p *bgptest.Peer) {
			for route := 0; w.snapshot().State == speaker.StateEstablished && route < more; route++ {
				heavy(w, p, fit+route)
			}
			p.ExpectNotification(wire.CodeCease, wire.CeaseOutOfResources)
			w.expectState(speaker.StateIdle)
			const want = "the peer has more than 67108864 octets of path attributes: sent Cease / Out of Resources (6/8)"
			if e := w.snapshot().LastError; e == nil || e.Text != "peer's UPDATE: "+want && e.Text != want {
				w.Errorf("error %+v", e)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				w.apply(config(peerConfig(passive, report(2000, test.onLimit), func(p *given) { p.Capabilities.ExtendedMessage = true })))
				p := w.arrive(theirOpen(false))
				for route := range fit {
					heavy(w, p, route)
				}
				w.expectCounts(fit, false)
				test.then(w, p)
			})
		})
	}
}

// RFC 8538 §4: a peer that keeps routes over other NOTIFICATIONs is told not to, and nothing of it is kept.
func TestTeardownIsAHardReset(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(5, speaker.ReceiveTeardown), func(p *given) { p.GracefulRestart.Notifications = true })))
		p := w.arrive(preserving(true))
		p.Send(reachable(hosts(0, 6)...))
		n := p.ExpectNotification(wire.CodeCease, wire.CeaseHardReset)
		if got, want := hex.EncodeToString(n.Data), "0601"+"00010100000005"; got != want {
			w.Errorf("data %s, want %s", got, want)
		}
		w.expectReceived()
	})
}

// RFC 8538 §4: nothing is kept after the Hard Reset for too many routes, also where a NOTIFICATION of the peer's follows them.
func TestTeardownBesideANotification(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(5, speaker.ReceiveTeardown), func(p *given) { p.GracefulRestart.Notifications = true })))
		p := w.arrive(preserving(true))
		p.Send(wire.NewCease(wire.CeaseAdminReset, "").Append(reachable(hosts(0, 6)...)))
		p.ExpectNotification(wire.CodeCease, wire.CeaseHardReset)
		w.expectRestarting()
		w.expectReceived()
		if e := w.snapshot().LastError; e == nil || !strings.Contains(e.Text, "received Cease / Administrative Reset") {
			w.Errorf("error %+v", e)
		}
	})
}
