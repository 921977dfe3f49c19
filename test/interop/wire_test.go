// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/harness"
)

const quiet = 3 * time.Second

// TestChangesOnTheWire asserts every message that a peer gets while objects change.
func TestChangesOnTheWire(t *testing.T) {
	t.Parallel()
	peer := newScriptedPeer(t, "a", rackA, 64500)
	dns := announcement("dns", "198.51.100.0/24", "med: 5")
	h := newHerald(t, nil, loopback, map[string]string{
		"peer.yaml": peer.manifest(),
		"all.yaml":  announcement("web", "203.0.113.0/24", "med: 10") + dns,
	})
	h.start(t)
	s := peer.accept(t)
	s.wantFirstSync(map[string]uint32{"203.0.113.0/24": 10, "198.51.100.0/24": 5})

	t.Log("a changed MED is one UPDATE")
	h.write(t, "all.yaml", announcement("web", "203.0.113.0/24", "med: 20")+dns)
	s.wantUpdate("203.0.113.0/24", 20)
	s.wantSilence(quiet)

	t.Log("an added prefix is one UPDATE, of that prefix")
	h.write(t, "all.yaml", announcement("web", "203.0.113.0/24, 192.0.2.128/25", "med: 20")+dns)
	s.wantUpdate("192.0.2.128/25", 20)
	s.wantSilence(quiet)

	t.Log("the same again, in another order, is nothing")
	reordered := dns + announcement("web", "192.0.2.128/25, 203.0.113.0/24", "med: 20")
	h.write(t, "all.yaml", reordered)
	h.write(t, "peer.yaml", "# nothing but a comment\n"+peer.manifest())
	s.wantSilence(quiet)
	h.write(t, "all.yaml", reordered)
	h.write(t, "zzz.yaml", announcement("zzz", "192.0.2.0/25", "med: 1")) // comes after everything before
	s.wantUpdate("192.0.2.0/25", 1)

	t.Log("a removed object is one withdrawal")
	h.remove(t, "zzz.yaml")
	s.wantWithdrawal("192.0.2.0/25")

	t.Log("what is broken changes nothing, and the other objects go on")
	h.write(t, "broken.yaml", "kind: [")
	h.write(t, "invalid.yaml", announcement("invalid", "203.0.113.7/24", ""))
	h.write(t, "zzz.yaml", announcement("zzz", "192.0.2.0/25", "med: 2"))
	s.wantUpdate("192.0.2.0/25", 2)
	s.wantSilence(quiet)
}

// TestASNChangeResetsThatPeerAlone: the change class "reset" is Cease/6 for that session alone.
func TestASNChangeResetsThatPeerAlone(t *testing.T) {
	t.Parallel()
	a, b := newScriptedPeer(t, "a", rackA, 64500), newScriptedPeer(t, "b", rackB, 64501)
	h := newHerald(t, nil, loopback, map[string]string{
		"a.yaml": a.manifest(), "b.yaml": b.manifest(), webManifest: announcement("web", "203.0.113.0/24", "med: 10"),
	})
	h.start(t)
	sessionA, sessionB := a.accept(t), b.accept(t)
	want := map[string]uint32{"203.0.113.0/24": 10}
	sessionA.wantFirstSync(want)
	sessionB.wantFirstSync(want)

	b.asn = 64502
	h.write(t, "b.yaml", b.manifest())
	sessionB.wantNotification(wire.CodeCease, wire.CeaseConfigChange)
	b.accept(t).wantFirstSync(want)
	h.wantSession(t, "b", "established again", established)
	sessionA.wantSilence(quiet)
	h.write(t, webManifest, announcement("web", "203.0.113.0/24", "med: 11"))
	sessionA.wantUpdate("203.0.113.0/24", 11)
}

// TestOnePrefixTwoAnnouncements: for two peers both are sent; for one peer the older is sent, and the younger has the reason Conflict,
// unless the attributes are the same.
func TestOnePrefixTwoAnnouncements(t *testing.T) {
	t.Parallel()
	const prefix = "203.0.113.0/24"
	a, b := newScriptedPeer(t, "a", rackA, 64500), newScriptedPeer(t, "b", rackB, 64501)
	older := func(med int, racks string) string {
		return announcement("older", prefix, fmt.Sprintf("med: %d", med), selectRacks(racks))
	}
	younger := func(med int, racks string) string {
		return announcement("younger", prefix, fmt.Sprintf("med: %d", med), selectRacks(racks))
	}
	h := newHerald(t, nil, loopback, map[string]string{
		"a.yaml": a.manifest(), "b.yaml": b.manifest(), "older.yaml": older(1, "a"), "younger.yaml": younger(2, "b"),
	})
	h.start(t)
	sessionA, sessionB := a.accept(t), b.accept(t)
	sessionA.wantFirstSync(map[string]uint32{prefix: 1})
	sessionB.wantFirstSync(map[string]uint32{prefix: 2})

	t.Log("where both are eligible the older stays")
	h.write(t, "younger.yaml", younger(2, "a, b"))
	h.wantSession(t, "a", "younger withheld for Conflict", func(s *v1alpha1.BGPSession) bool {
		return withheld(s, "younger") == v1alpha1.ReasonConflict
	})
	sessionA.wantSilence(quiet)
	sessionB.wantSilence(quiet)
	h.wantSession(t, "b", "nothing withheld", func(s *v1alpha1.BGPSession) bool { return withheld(s, "younger") == "" })

	t.Log("with the same attributes the route is that of both")
	h.write(t, "younger.yaml", younger(1, "a, b"))
	sessionB.wantUpdate(prefix, 1)
	h.wantSession(t, "a", "nothing withheld", func(s *v1alpha1.BGPSession) bool { return withheld(s, "younger") == "" })
	sessionA.wantSilence(quiet)
	h.write(t, "younger.yaml", younger(2, "a, b"))
	sessionB.wantUpdate(prefix, 2)
	h.wantSession(t, "a", "younger withheld for Conflict", func(s *v1alpha1.BGPSession) bool {
		return withheld(s, "younger") == v1alpha1.ReasonConflict
	})

	t.Log("once the older is gone the younger replaces it, without a withdrawal between")
	h.remove(t, "older.yaml")
	sessionA.wantUpdate(prefix, 2)
	sessionA.wantSilence(quiet)
	sessionB.wantSilence(quiet)
	h.wantSession(t, "a", "nothing withheld", func(s *v1alpha1.BGPSession) bool { return withheld(s, "younger") == "" })
}

func selectRacks(racks string) string {
	return fmt.Sprintf("peerSelector: {matchExpressions: [{key: rack, operator: In, values: [%s]}]}", racks)
}

// withheld is the reason why a session was not sent an announcement, "" if it was sent.
func withheld(session *v1alpha1.BGPSession, name string) string {
	if session.Status.Announcements == nil {
		return ""
	}
	withheld := session.Status.Announcements.Withheld
	i := slices.IndexFunc(withheld, func(w v1alpha1.WithheldAnnouncement) bool { return w.Name == name })
	if i < 0 {
		return ""
	}
	return withheld[i].Reason
}

// TestKeepaliveInPieces: a KEEPALIVE that takes two of the three seconds of hold time to arrive counts once it is whole. The
// bytes of a KEEPALIVE that never ends do not count: the hold timer expires (4/0).
func TestKeepaliveInPieces(t *testing.T) {
	t.Parallel()
	peer := newScriptedPeer(t, "a", rackA, 64500)
	peer.hold = 3
	h := newHerald(t, nil, loopback, map[string]string{"peer.yaml": peer.manifest()})
	h.start(t)
	s := peer.accept(t)
	s.wantFirstSync(map[string]uint32{})
	octets := slices.Repeat(wire.AppendKeepalive(nil), 4)
	whole := len(octets)
	octets = append(octets, wire.AppendKeepalive(nil)[:18]...) // one that does not end
	var last time.Time
	sent := 0
	paced(t.Context(), 100*time.Millisecond, func() bool {
		if sent == len(octets) {
			return false
		}
		s.Send(octets[sent : sent+1])
		sent++
		if sent == whole {
			last = time.Now()
			s.wantSilence(10 * time.Millisecond)
		}
		return true
	})
	_, at := s.wantNotification(wire.CodeHoldTimer, 0)
	if after := at.Sub(last); after < 2500*time.Millisecond || after > 5*time.Second {
		t.Errorf("the hold timer of 3 s expired %v after the last KEEPALIVE", after)
	}
	h.wantSession(t, "a", "says so", func(s *v1alpha1.BGPSession) bool {
		return hasReason(s, v1alpha1.ConditionEstablished, v1alpha1.ReasonNotificationSent) ||
			s.Status.LastError != nil && s.Status.LastError.Code != nil && *s.Status.LastError.Code == int32(wire.CodeHoldTimer)
	})
}

// TestDecommissionOnTheWire: withdrawals, then Cease/2 with a text (RFC 9003).
func TestDecommissionOnTheWire(t *testing.T) {
	t.Parallel()
	_, s, h := establish(t, true)
	h.stop(t, syscall.SIGINT)
	s.wantWithdrawal("203.0.113.0/24")
	n, _ := s.wantNotification(wire.CodeCease, wire.CeaseAdminShutdown)
	if n.CeaseText() == "" {
		t.Error("without a text")
	}
}

// TestRestartOnTheWire: with graceful restart negotiated, the connection ends without a NOTIFICATION, and the next
// process says in its OPEN that it has restarted, until the End-of-RIB.
func TestRestartOnTheWire(t *testing.T) {
	t.Parallel()
	peer, s, h := establish(t, true)
	restarting(t, s, true)
	h.stop(t, syscall.SIGTERM)
	s.wantEnd()
	h.start(t)
	s = peer.accept(t)
	restarting(t, s, true)
	s.wantFirstSync(map[string]uint32{"203.0.113.0/24": 10})
	h.wantSession(t, "a", "established", established)
	_ = s.Close()
	restarting(t, peer.accept(t), false)
}

func restarting(t *testing.T, s *scriptedSession, want bool) {
	t.Helper()
	gr := s.Opened.Capabilities.GracefulRestart
	if gr == nil || gr.Restarting != want {
		t.Errorf("graceful restart of the OPEN is %+v, want R = %t (RFC 4724 §3)", gr, want)
	}
}

// TestRestartWithoutGracefulRestart: the peer could not distinguish a restart from a loss, so Herald sends Cease/4.
func TestRestartWithoutGracefulRestart(t *testing.T) {
	t.Parallel()
	_, s, h := establish(t, false)
	h.stop(t, syscall.SIGTERM)
	s.wantNotification(wire.CodeCease, wire.CeaseAdminReset)
}

// establish starts a Herald with one announcement and one peer, and waits until the peer has the announcement.
func establish(t *testing.T, graceful bool) (*scriptedPeer, *scriptedSession, *herald) {
	t.Helper()
	peer := newScriptedPeer(t, "a", rackA, 64500)
	peer.graceful = graceful
	h := newHerald(t, nil, loopback, map[string]string{
		"peer.yaml": peer.manifest(), webManifest: announcement("web", "203.0.113.0/24", "med: 10"),
	})
	h.start(t)
	s := peer.accept(t)
	s.wantFirstSync(map[string]uint32{"203.0.113.0/24": 10})
	return peer, s, h
}

// TestBlackholedConnect: a connect that nobody answers ends with its timer, and at once with the process.
func TestBlackholedConnect(t *testing.T) {
	t.Parallel()
	link := harness.NewLink(t)
	if err := link.Node.Blackhole(t.Context(), link.Router.IPv4); err != nil {
		t.Fatal(err)
	}
	h := newHerald(t, link.Node, link.Node.IPv4, map[string]string{"peer.yaml": peerManifest{
		Address: link.Router.IPv4, LocalASN: heraldASN, PeerASN: routerASN, Spec: []string{"timers: {connectRetrySeconds: 1}"},
	}.String()})
	h.start(t)
	h.wantSession(t, "tor-a", "ConnectionFailed", func(s *v1alpha1.BGPSession) bool {
		return hasReason(s, v1alpha1.ConditionEstablished, v1alpha1.ReasonConnectionFailed)
	})
	h.wantSession(t, "tor-a", "connecting again", func(s *v1alpha1.BGPSession) bool {
		return s.Status.State == v1alpha1.SessionConnect
	})
	began := time.Now()
	h.stop(t, syscall.SIGTERM)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v to end", took)
	}
}
