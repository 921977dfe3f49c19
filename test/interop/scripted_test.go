// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// scriptedPeer is a neighbour that the test plays: it sends the messages that the test gives it.
type scriptedPeer struct {
	name      string
	asn       uint32
	hold      uint16 // seconds
	graceful  bool   // offers graceful restart (RFC 4724)
	keepalive bool   // sends KEEPALIVEs
	address   netip.AddrPort
	listener  net.Listener
}

var (
	loopback = netip.MustParseAddr("127.0.0.1") // Herald's
	rackA    = netip.MustParseAddr("127.0.0.2")
	rackB    = netip.MustParseAddr("127.0.0.3")
)

// newScriptedPeer listens on a free port of an address.
func newScriptedPeer(t *testing.T, name string, address netip.Addr, asn uint32) *scriptedPeer {
	t.Helper()
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return &scriptedPeer{
		name: name, asn: asn, hold: 90, address: listener.Addr().(*net.TCPAddr).AddrPort(), listener: listener,
	}
}

// manifest is the BGPPeer for it, labelled with its name as rack.
func (p *scriptedPeer) manifest(spec ...string) string {
	return peerManifest{
		Name: p.name, Address: p.address.Addr(), Port: p.address.Port(), LocalASN: heraldASN, PeerASN: p.asn,
		Labels: "{rack: " + p.name + "}", Spec: append([]string{"timers: {connectRetrySeconds: 1}"}, spec...),
	}.String()
}

// accept takes the next connection to OpenConfirm and beyond.
func (p *scriptedPeer) accept(t *testing.T) *scriptedSession {
	t.Helper()
	if err := p.listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			t.Fatalf("%s: no connection: %v", p.name, err)
		}
		s := p.session(t, conn)
		if _, err := s.TakeOpen(); err == nil {
			s.answer()
			return s
		} else if !bgptest.Ended(err) {
			t.Fatalf("%s: %v", p.name, err)
		}
		_ = s.Close() // a connection that waited here for too long was given up, and another follows
	}
}

// handshake takes a connection to OpenConfirm and beyond.
func (p *scriptedPeer) handshake(t *testing.T, conn net.Conn) *scriptedSession {
	t.Helper()
	s := p.session(t, conn)
	s.ExpectOpen()
	s.answer()
	return s
}

func (p *scriptedPeer) session(t *testing.T, conn net.Conn) *scriptedSession {
	s := &scriptedSession{Peer: bgptest.NewPeer(t, conn), t: t, peer: p}
	s.Patience = patience
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (p *scriptedPeer) open() *wire.Open {
	open := bgptest.Open(p.asn, "192.0.2.1", p.hold, wire.IPv4Unicast, wire.IPv6Unicast)
	if p.graceful {
		open.Capabilities.GracefulRestart = &wire.GracefulRestart{RestartTime: 120}
	}
	return open
}

// scriptedSession is a connection of a scriptedPeer.
type scriptedSession struct {
	*bgptest.Peer
	t    *testing.T
	peer *scriptedPeer
}

// answer sends what follows Herald's OPEN.
func (s *scriptedSession) answer() {
	s.t.Helper()
	if err := s.SendOpen(s.peer.open()); err != nil {
		s.t.Fatalf("%s: send an OPEN: %v", s.peer.name, err)
	}
	s.Send(wire.AppendKeepalive(nil))
	if s.peer.keepalive {
		s.Keepalive(s.HoldTime() / 3)
	}
}

// next waits for the next message that is no KEEPALIVE.
func (s *scriptedSession) next() bgptest.Message {
	s.t.Helper()
	m, err := s.NextButKeepalive()
	if err != nil {
		s.t.Fatalf("%s: no message: %v", s.peer.name, err)
	}
	return m
}

// nextUpdate waits for the next message, which must be an UPDATE.
func (s *scriptedSession) nextUpdate() *bgptest.Routes {
	s.t.Helper()
	m := s.next()
	if m.Type() != wire.TypeUpdate {
		s.t.Fatalf("%s: %v instead of an UPDATE", s.peer.name, m)
	}
	routes, err := bgptest.ParseUpdate(m, s.UpdateOptions())
	if err != nil {
		s.t.Fatalf("%s: %v: %v", s.peer.name, m, err)
	}
	return routes
}

// wantFirstSync takes UPDATEs until each prefix came with its MED, then the End-of-RIB of both families.
func (s *scriptedSession) wantFirstSync(want map[string]uint32) {
	s.t.Helper()
	got := map[string]uint32{}
	for ends := 0; ends < 2; {
		routes := s.nextUpdate()
		if routes.EndOfRIB {
			ends++
			continue
		}
		for _, path := range routes.Announced {
			got[path.Prefix.String()] = routes.Attributes.MED
		}
		if len(routes.Withdrawn) > 0 {
			s.t.Fatalf("%s: the first synchronisation withdraws %v", s.peer.name, routes.Withdrawn)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Fatalf("%s: first synchronisation %v, want %v", s.peer.name, got, want)
	}
}

// wantUpdate takes one UPDATE, the very next message, which announces one prefix with a MED.
func (s *scriptedSession) wantUpdate(prefix string, med uint32) {
	s.t.Helper()
	routes := s.nextUpdate()
	if !onePath(routes.Announced, prefix) || len(routes.Withdrawn) > 0 || routes.Attributes.MED != med {
		s.t.Fatalf("%s: UPDATE of %+v, want %s with MED %d", s.peer.name, routes, prefix, med)
	}
}

// wantWithdrawal takes one UPDATE, the very next message, which withdraws one prefix.
func (s *scriptedSession) wantWithdrawal(prefix string) {
	s.t.Helper()
	routes := s.nextUpdate()
	if !onePath(routes.Withdrawn, prefix) || len(routes.Announced) > 0 {
		s.t.Fatalf("%s: UPDATE of %+v, want the withdrawal of %s", s.peer.name, routes, prefix)
	}
}

func onePath(paths []wire.Path, prefix string) bool {
	return len(paths) == 1 && paths[0].Prefix.String() == prefix
}

// wantNotification takes the very next message, which must be a NOTIFICATION, and the end of the connection.
func (s *scriptedSession) wantNotification(code, subcode uint8) (n wire.Notification, at time.Time) {
	s.t.Helper()
	m := s.next()
	at = time.Now()
	n = s.Notification(m, code, subcode)
	s.wantEnd()
	return n, at
}

// wantEnd waits for the connection to end without another message.
func (s *scriptedSession) wantEnd() {
	s.t.Helper()
	m, err := s.NextButKeepalive()
	if !errors.Is(err, io.EOF) {
		s.t.Fatalf("%s: %v, %v instead of the end of the connection", s.peer.name, m, err)
	}
}

// wantSilence checks that nothing but KEEPALIVEs comes for a while.
func (s *scriptedSession) wantSilence(duration time.Duration) {
	s.t.Helper()
	if err := s.Quiet(duration); err != nil {
		s.t.Fatalf("%s: %v", s.peer.name, err)
	}
}

// paced calls each at an interval, the first time at once, until it returns false.
func paced(ctx context.Context, interval time.Duration, each func() bool) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for each() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
