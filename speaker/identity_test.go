// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

// TestDerivedRouterID: one that was derived stays while the speaker runs, also for a session that is opened anew, and one that a
// person chose takes effect at once.
func TestDerivedRouterID(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		id := func(address string, origin speaker.RouterIDOrigin) {
			cfg := config(peerConfig(active))
			cfg.RouterID, cfg.RouterIDOrigin = netip.MustParseAddr(address), origin
			w.apply(cfg)
		}
		want := func(routerID, pending string) {
			t.Helper()
			waits, _ := netip.ParseAddr(pending)
			if s := w.snapshot(); s.RouterID.String() != routerID || s.PendingRouterID != waits {
				t.Errorf("router ID %v, then %v; want %s, then %s", s.RouterID, s.PendingRouterID, routerID, pending)
			}
		}
		id("10.0.0.1", speaker.RouterIDDerived)
		p := w.establish(l, theirOpen(true))
		id("10.0.0.2", speaker.RouterIDDerived)
		w.expectSilence(p)
		want("10.0.0.1", "10.0.0.2")
		p.Conn.Close()
		p = w.establish(l, theirOpen(true))
		if got := p.Opened.RouterID.String(); got != "10.0.0.1" {
			t.Errorf("the OPEN after a lost connection has the router ID %s", got)
		}
		want("10.0.0.1", "10.0.0.2")
		id("10.0.0.1", speaker.RouterIDDerived)
		want("10.0.0.1", "")

		id("10.0.0.3", speaker.RouterIDChosen)
		p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
		p = w.establish(l, theirOpen(true))
		want("10.0.0.3", "")
		id("10.0.0.2", speaker.RouterIDUnreadable) // a typo
		w.expectSilence(p)
		want("10.0.0.3", "")
		id("10.0.0.2", speaker.RouterIDDerived) // no longer chosen
		p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
		w.establish(l, theirOpen(true))
		want("10.0.0.2", "")
	})
}

// TestCountersOverReset: whatever ends its sessions, the counters of a peer never fall while it is configured.
func TestCountersOverReset(t *testing.T) {
	for name, change := range map[string]func(*speaker.Config){
		"router ID": func(c *speaker.Config) { c.RouterID = them.Next() },
		"local ASN": func(c *speaker.Config) { c.Peers[0].LocalASN = 64513 },
		"families": func(c *speaker.Config) {
			c.Peers[0].Families, c.Peers[0].ApplyImmediate = c.Peers[0].Families[:1], true
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active)))
				p := w.establish(l, theirOpen(true))
				p.Send(wire.AppendEndOfRIB(nil, wire.IPv4Unicast))
				time.Sleep(time.Second) // the bubble's clock
				before := w.snapshot()
				cfg := config(peerConfig(active))
				change(cfg)
				w.apply(cfg)
				p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
				w.expectNoLess(before)
				w.establish(l, theirOpen(true))
				after := w.expectNoLess(before)
				if got, want := after.Messages.Sent[wire.TypeOpen], uint64(2); got != want {
					t.Errorf("%d OPENs were sent, want %d", got, want)
				}
				if got := after.Messages.Sent[wire.TypeNotification]; got != 1 || after.Flaps != 1 {
					t.Errorf("%d NOTIFICATIONs and %d flaps, want one of each", got, after.Flaps)
				}
			})
		})
	}
}

// expectNoLess checks that no counter is less than it was, and returns the snapshot.
func (w *world) expectNoLess(before speaker.PeerSnapshot) speaker.PeerSnapshot {
	w.Helper()
	after := w.snapshot()
	for kind := wire.TypeOpen; kind <= wire.TypeRouteRefresh; kind++ {
		if after.Messages.Sent[kind] < before.Messages.Sent[kind] || after.Messages.Received[kind] < before.Messages.Received[kind] {
			w.Errorf("%v: %+v, before %+v", kind, after.Messages, before.Messages)
		}
	}
	if after.Flaps < before.Flaps {
		w.Errorf("%d flaps after %d", after.Flaps, before.Flaps)
	}
	return after
}
