// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// The snapshot says which configuration it speaks of, in every state.
func TestRevision(t *testing.T) {
	revision := func(n int) func(*given) { return func(p *given) { active(p); p.Revision = n } }
	run(t, func(w *world) {
		w.network.Blackhole(them, true)
		for n, change := range []func(*given){
			func(p *given) { p.AdminDown = true },
			func(p *given) { p.Blocked = keyMissing },
			func(*given) {}, // connects
			func(*given) {},
		} {
			w.apply(config(peerConfig(revision(n), change)))
			if got := w.snapshot().Revision; got != n {
				t.Errorf("revision %v, want %d", got, n)
			}
		}
	})
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(revision(1))))
		p := w.establish(l, theirOpen(true))
		w.apply(config(peerConfig(revision(2))))
		if got := w.snapshot().Revision; got != 2 {
			t.Errorf("revision %v of a live session, want 2", got)
		}
		w.expectSilence(p)
	})
}

// Authentication that is configured ends an unsigned session, whether or not its key is there yet; it starts again signed.
func TestKeyThatComesLateResets(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active)))
		p := w.establish(l, theirOpen(true))
		w.apply(config(peerConfig(active, func(p *given) { p.Blocked = keyMissing })))
		p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
		w.expectState(speaker.StateIdle)
		if err := l.SetAuth(us, transport.MD5("secret")); err != nil {
			t.Fatal(err)
		}
		w.apply(config(peerConfig(active, func(p *given) { p.Auth = transport.MD5("secret") })))
		w.establish(l, theirOpen(true))
	})
}

// The node's address is next hop self of the family that the session's own address is not of.
func TestNodeAddressChanges(t *testing.T) {
	open := func() *wire.Open { return bgptest.Open(64500, them.String(), 90, wire.IPv4Unicast, wire.IPv6Unicast) }
	run(t, func(w *world) {
		l := w.listen()
		cfg := config(peerConfig(active, func(p *given) {
			p.Export.Announcements = append(p.Export.Announcements, &rib.Announcement{ID: "b", Name: "b", Prefixes: prefixes("2001:db8:1::/48")})
		}))
		w.apply(cfg)
		p := bgptest.Accept(w, l)
		p.Handshake(open())
		w.expectState(speaker.StateEstablished)
		other := *cfg
		other.NodeAddress4 = us.Next() // the session's own address is the next hop of IPv4
		w.apply(&other)
		w.expectState(speaker.StateEstablished)
		p.Expect(wire.TypeUpdate) // 203.0.113.0/24
		p.Expect(wire.TypeUpdate) // two End-of-RIBs
		p.Expect(wire.TypeUpdate)
		nextHop := func(cfg *speaker.Config) netip.Addr {
			w.apply(cfg)
			var u wire.Update
			err := wire.ParseUpdate(p.Expect(wire.TypeUpdate), wire.UpdateOptions{AS4: true, EBGP: true, Families: cfg.Peers[0].Families}, &u)
			switch {
			case err != nil:
				t.Fatal(err)
			case u.MPReach != nil:
				return u.MPReach.NextHop
			case u.MPUnreach == nil:
				t.Fatalf("UPDATE %+v, want one of IPv6", u)
			}
			return netip.Addr{}
		}
		for _, address := range []string{"2001:db8::2", "2001:db8::3", ""} {
			next := other
			next.NodeAddress6, _ = netip.ParseAddr(address)
			if got := nextHop(&next); got != next.NodeAddress6 {
				t.Errorf("next hop %v, want %v", got, next.NodeAddress6)
			}
		}
		w.expectSilence(p)
		if s := w.snapshot(); s.Flaps > 0 || s.State != speaker.StateEstablished {
			t.Errorf("%v after %d flaps", s.State, s.Flaps)
		}
	})
}

// A peer that waits to be connected to, by a process that does not listen, says so.
func TestPassiveWithoutListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := speaker.New(speaker.Options{Transport: faketest.New().Host(us)})
		if err := s.Apply(config(peerConfig(passive))); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		if p, _ := peerNamed(s, "tor"); p.ListenerError == "" {
			t.Errorf("snapshot %+v", p)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
