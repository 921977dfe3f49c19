// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/harness"
)

// scriptedPeer is a neighbour of the test's own: it says what the test tells it, and keeps every message.
type scriptedPeer struct {
	name     string
	asn      uint32
	hold     uint16 // seconds
	graceful bool   // offers graceful restart (RFC 4724)
	echo     bool   // answers each KEEPALIVE with one
	address  netip.AddrPort
	listener net.Listener
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
		// Herald's OPEN comes first. A connection that waited here for too long was given up, and another follows.
		opened := &openedConn{Conn: conn, reader: bufio.NewReader(conn)}
		if _, err := opened.reader.Peek(1); err == nil {
			return p.handshake(t, opened)
		}
		_ = conn.Close()
	}
}

// openedConn is a connection of which something was looked at already.
type openedConn struct {
	net.Conn
	reader *bufio.Reader
}

// Read implements net.Conn.
func (c *openedConn) Read(b []byte) (int, error) { return c.reader.Read(b) }

// handshake exchanges OPENs and KEEPALIVEs on a connection, then reads on until it ends.
func (p *scriptedPeer) handshake(t *testing.T, conn net.Conn) *scriptedSession {
	t.Helper()
	s := &scriptedSession{t: t, name: p.name, conn: conn, echo: p.echo, more: make(chan struct{}, 1), ended: make(chan struct{})}
	s.send(p.open().Append(nil))
	go s.read()
	t.Cleanup(func() {
		_ = conn.Close()
		<-s.ended
	})
	kind, body := s.next()
	if kind != wire.TypeOpen {
		t.Fatalf("%s: %s instead of an OPEN: %x", p.name, kind, body)
	}
	open, err := wire.ParseOpen(body)
	if err != nil {
		t.Fatalf("%s: OPEN: %v", p.name, err)
	}
	s.open = open
	s.send(wire.AppendKeepalive(nil))
	return s
}

func (p *scriptedPeer) open() *wire.Open {
	open := &wire.Open{
		Version: wire.Version, ASN: uint16(p.asn), HoldTime: p.hold, RouterID: netip.MustParseAddr("192.0.2.1"),
		HasCapabilities: true,
		Capabilities: wire.Capabilities{
			Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}, RouteRefresh: true, FourOctetAS: p.asn,
		},
	}
	if p.graceful {
		open.Capabilities.GracefulRestart = &wire.GracefulRestart{RestartTime: 120}
	}
	return open
}

// message is one that came.
type message struct {
	kind wire.MessageType
	body []byte
	at   time.Time
}

// scriptedSession is a connection of a scriptedPeer.
type scriptedSession struct {
	t    *testing.T
	name string
	conn net.Conn
	echo bool
	open *wire.Open // Herald's

	mu       sync.Mutex
	messages []message
	taken    int // how many of them next has returned or passed over
	err      error
	more     chan struct{}
	ended    chan struct{}
}

func (s *scriptedSession) send(octets []byte) {
	s.t.Helper()
	if _, err := s.conn.Write(octets); err != nil {
		s.t.Fatalf("%s: send: %v", s.name, err)
	}
}

// read keeps every message until the connection ends.
func (s *scriptedSession) read() {
	defer close(s.ended)
	reader := wire.NewReader(s.conn)
	for {
		kind, body, err := reader.Next()
		s.mu.Lock()
		if err != nil {
			s.err = err
		} else {
			s.messages = append(s.messages, message{kind: kind, body: slices.Clone(body), at: time.Now()})
		}
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
		if s.echo && kind == wire.TypeKeepalive {
			_, _ = s.conn.Write(wire.AppendKeepalive(nil)) // the read that follows shows the error
		}
	}
}

// poll returns the next message that is no KEEPALIVE, if it has come.
func (s *scriptedSession) poll() (message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.taken < len(s.messages) {
		m := s.messages[s.taken]
		s.taken++
		if m.kind != wire.TypeKeepalive {
			return m, true
		}
	}
	return message{}, false
}

// next waits for the next message that is no KEEPALIVE.
func (s *scriptedSession) next() (wire.MessageType, []byte) {
	s.t.Helper()
	m := s.nextMessage()
	return m.kind, m.body
}

func (s *scriptedSession) nextMessage() message {
	s.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		if m, ok := s.poll(); ok {
			return m
		}
		select {
		case <-s.more:
		case <-s.ended:
			if m, ok := s.poll(); ok {
				return m
			}
			s.t.Fatalf("%s: the connection ended: %v", s.name, s.err)
		case <-timer.C:
			s.t.Fatalf("%s: no message within %v", s.name, patience)
		}
	}
}

// route is what an UPDATE says of one prefix.
type wireRoute struct {
	prefix    netip.Prefix
	withdrawn bool
	med       uint32
	asPath    string
}

// nextUpdate waits for the next message, which must be an UPDATE, and returns its IPv4 routes.
func (s *scriptedSession) nextUpdate() []wireRoute {
	s.t.Helper()
	kind, body := s.next()
	if kind != wire.TypeUpdate {
		s.t.Fatalf("%s: %s instead of an UPDATE: %x", s.name, kind, body)
	}
	var update wire.Update
	families := []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	if err := wire.ParseUpdate(body, wire.UpdateOptions{AS4: true, EBGP: true, Families: families}, &update); err != nil {
		s.t.Fatalf("%s: UPDATE %x: %v", s.name, body, err)
	}
	var routes []wireRoute
	for prefix, err := range wire.Prefixes(wire.IPv4Unicast, update.Withdrawn) {
		routes = append(routes, wireRoute{prefix: mustPrefix(s.t, prefix, err), withdrawn: true})
	}
	for prefix, err := range wire.Prefixes(wire.IPv4Unicast, update.NLRI) {
		routes = append(routes, wireRoute{
			prefix: mustPrefix(s.t, prefix, err), med: update.Attributes.MED, asPath: update.Attributes.ASPath.String(),
		})
	}
	return routes
}

func mustPrefix(t *testing.T, prefix netip.Prefix, err error) netip.Prefix {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return prefix
}

// wantRoutes takes UPDATEs until each prefix came with its MED, then the End-of-RIB of both families.
func (s *scriptedSession) wantFirstSync(want map[string]uint32) {
	s.t.Helper()
	got := map[string]uint32{}
	for ends := 0; ends < 2; {
		routes := s.nextUpdate()
		if len(routes) == 0 {
			ends++
		}
		for _, route := range routes {
			got[route.prefix.String()] = route.med
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Fatalf("%s: first synchronisation %v, want %v", s.name, got, want)
	}
}

// wantUpdate takes one UPDATE, the very next message, which announces one prefix with a MED.
func (s *scriptedSession) wantUpdate(prefix string, med uint32) {
	s.t.Helper()
	routes := s.nextUpdate()
	if len(routes) != 1 || routes[0].withdrawn || routes[0].prefix.String() != prefix || routes[0].med != med {
		s.t.Fatalf("%s: UPDATE of %+v, want %s with MED %d", s.name, routes, prefix, med)
	}
}

// wantWithdrawal takes one UPDATE, the very next message, which withdraws one prefix.
func (s *scriptedSession) wantWithdrawal(prefix string) {
	s.t.Helper()
	routes := s.nextUpdate()
	if len(routes) != 1 || !routes[0].withdrawn || routes[0].prefix.String() != prefix {
		s.t.Fatalf("%s: UPDATE of %+v, want the withdrawal of %s", s.name, routes, prefix)
	}
}

// wantNotification takes the very next message, which must be a NOTIFICATION, and the end of the connection.
func (s *scriptedSession) wantNotification(code, subcode uint8) (n wire.Notification, at time.Time) {
	s.t.Helper()
	m := s.nextMessage()
	if m.kind != wire.TypeNotification {
		s.t.Fatalf("%s: %s instead of a NOTIFICATION: %x", s.name, m.kind, m.body)
	}
	n, err := wire.ParseNotification(m.body)
	if err != nil {
		s.t.Fatalf("%s: NOTIFICATION: %v", s.name, err)
	}
	if n.Code != code || n.Subcode != subcode {
		s.t.Fatalf("%s: %v, want %d/%d", s.name, &n, code, subcode)
	}
	s.wantEnd()
	return n, m.at
}

// wantEnd waits for the connection to end without another message.
func (s *scriptedSession) wantEnd() {
	s.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		s.t.Fatalf("%s: the connection did not end within %v", s.name, patience)
	}
	if m, ok := s.poll(); ok {
		s.t.Fatalf("%s: %s before the end: %x", s.name, m.kind, m.body)
	}
	if !errors.Is(s.err, io.EOF) {
		s.t.Errorf("%s: the connection ended with %v", s.name, s.err)
	}
}

// wantSilence sees nothing but KEEPALIVEs for a while.
func (s *scriptedSession) wantSilence(duration time.Duration) {
	s.t.Helper()
	harness.Steadily(s.t, duration, s.name+" hears KEEPALIVEs alone", func() error {
		if m, ok := s.poll(); ok {
			return fmt.Errorf("%s: %x", m.kind, m.body)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the connection ended: %w", s.err)
		default:
			return nil
		}
	})
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
