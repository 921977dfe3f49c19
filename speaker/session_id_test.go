// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// A peer whose neighbour has another address is another session, and the one with the former neighbour ends for good. What was
// published goes on.
func TestAddressThatMoves(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig()))
		p := w.establish(l, theirOpen(true))
		w.speaker.TakeChanged()
		moved := peerConfig(func(p *given) { p.Address = netip.AddrPortFrom(them.Next(), 179) })
		w.apply(config(moved))
		w.expectWithdrawal(p)
		p.ExpectNotification(wire.CodeCease, wire.CeaseAdminShutdown)
		synctest.Wait()
		if _, known := w.speaker.Peer(torID); known {
			t.Errorf("%v is still there", torID)
		}
		s, _ := w.speaker.Peer(moved.ID())
		if s.ID != moved.ID() || s.PeerAddress != moved.Address || s.Messages.Sent[wire.TypeUpdate] == 0 {
			t.Errorf("after the move: %v at %v, %v", s.ID, s.PeerAddress, s.Messages.Sent)
		}
		if s.RemoteRouterID.IsValid() {
			t.Errorf("after the move: router ID %v, which is of the former neighbour", s.RemoteRouterID)
		}
		if changed := w.speaker.TakeChanged(); !slices.Equal(changed, []speaker.SessionID{torID, moved.ID()}) {
			t.Errorf("changed: %v", changed)
		}
	})
}

// RFC 8538 §5.1: with both N bits, a neighbour keeps the routes over any other NOTIFICATION than a Hard Reset. One whose session moves
// to other addresses waits in vain.
func TestMovedSessionEndsForGood(t *testing.T) {
	notifications := func(p *given) { p.GracefulRestart.Notifications = true }
	from := func(local netip.Addr) func(*given) { return func(p *given) { p.LocalAddress = local } }
	other := us.Next()
	for name, test := range map[string]struct {
		before, after func(*given)
		stays         bool // between the same addresses
	}{
		"another neighbour":        {after: func(p *given) { p.Address = netip.AddrPortFrom(them.Next(), 179) }},
		"another neighbour, down":  {after: func(p *given) { p.Address, p.AdminDown = netip.AddrPortFrom(them.Next(), 179), true }},
		"another source":           {before: from(us), after: from(other)},
		"another source than used": {after: from(other)},
		"the source that was used": {after: from(us), stays: true},
		"the system's source":      {before: from(us), after: from(netip.Addr{}), stays: true},
		"another port":             {after: func(p *given) { p.Address = netip.AddrPortFrom(them, 1790) }, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				if test.before == nil {
					test.before = func(*given) {}
				}
				w.apply(config(peerConfig(notifications, test.before)))
				open := theirOpen(true)
				open.Capabilities.GracefulRestart.Notifications = true
				p := w.establish(l, open)
				w.apply(config(peerConfig(notifications, test.after)))
				if test.stays {
					p.ExpectNotification(wire.CodeCease, wire.CeaseConfigChange)
					return
				}
				w.expectWithdrawal(p)
				n := p.ExpectNotification(wire.CodeCease, wire.CeaseHardReset)
				if inner := n.Reason(); inner.Code != wire.CodeCease || inner.Subcode != wire.CeaseAdminShutdown || inner.CeaseText() == "" {
					t.Errorf("wraps %v %x", inner, inner.Data)
				}
			})
		})
	}
}

// Peers of one name are sessions of their own: one that goes is removed, and the other stays.
func TestPeersOfOneName(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		other := peerConfig(passive, func(p *given) { p.Address = netip.AddrPortFrom(them.Next(), 179) })
		w.apply(config(peerConfig(), other))
		p := w.establish(l, theirOpen(true))
		w.expectRoutesOf(other.ID(), 0)
		w.expectRoutesOf(torID, 1)
		w.apply(config(other))
		p.ExpectNotification(wire.CodeCease, wire.CeaseAdminShutdown)
		synctest.Wait()
		if all := w.speaker.Snapshot(); len(all) != 1 || all[0].ID != other.ID() {
			t.Errorf("left: %v", all)
		}
	})
}

// expectRoutesOf checks how many routes were announced on a session.
func (w *world) expectRoutesOf(id speaker.SessionID, want int) {
	w.Helper()
	got := 0
	if err := w.speaker.Routes(id, func(rib.Route) bool { got++; return true }); err != nil || got != want {
		w.Errorf("%v: %d routes, want %d; %v", id, got, want, err)
	}
}

func TestSessionIDsInOrder(t *testing.T) {
	first, second := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.10")
	want := []speaker.SessionID{
		{Peer: "a", Remote: first}, {Peer: "a", Remote: first, VRF: "blue"}, {Peer: "a", Remote: second}, {Peer: "b", Remote: first},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, speaker.SessionID.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("order %v", got)
	}
	if text := got[1].String(); text != "a/192.0.2.9/blue" {
		t.Errorf("text %q", text)
	}
}
