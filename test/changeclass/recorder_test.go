// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// recorder is a neighbour that offers the capabilities that it is offered, sends no routes, and keeps the messages that it receives.
type recorder struct {
	routerID  netip.Addr
	listeners []transport.Listener
	group     sync.WaitGroup

	mu          sync.Mutex
	asn         uint32 // of the next OPEN
	connections []net.Conn
	messages    []message
	closed      bool
	err         error // a message that no speaker may send
}

// message is a received message other than KEEPALIVE.
type message struct {
	connection int
	kind       wire.MessageType
	// announced and withdrawn are the prefixes of an UPDATE, with "#" and the path identifier where there is one.
	announced, withdrawn []string
	// canaries are the prefixes of the canary in an UPDATE, and version is its MED.
	canaries     []string
	version      uint32
	notification wire.Notification
}

func (m message) String() string {
	switch m.kind {
	case wire.TypeUpdate:
		return fmt.Sprintf("#%d UPDATE +%v -%v", m.connection, m.announced, m.withdrawn)
	case wire.TypeNotification:
		return fmt.Sprintf("#%d %v", m.connection, &m.notification)
	}
	return fmt.Sprintf("#%d %v", m.connection, m.kind)
}

// newRecorder listens on a free port of each address.
func newRecorder(t *testing.T, routerID string, addresses ...string) *recorder {
	t.Helper()
	r := &recorder{routerID: netip.MustParseAddr(routerID)}
	t.Cleanup(r.close)
	for _, address := range addresses {
		l, err := transport.System{}.Listen(t.Context(), netip.AddrPortFrom(netip.MustParseAddr(address), 0))
		if err != nil {
			t.Fatal(err)
		}
		r.listeners = append(r.listeners, l)
		r.group.Go(func() { r.accept(l) })
	}
	return r
}

func (r *recorder) close() {
	for _, l := range r.listeners {
		_ = l.Close()
	}
	r.mu.Lock()
	r.closed = true
	for _, conn := range r.connections {
		_ = conn.Close()
	}
	r.mu.Unlock()
	r.group.Wait()
}

func (r *recorder) accept(l transport.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		number := len(r.connections)
		r.connections = append(r.connections, conn)
		if r.closed {
			_ = conn.Close()
		}
		r.mu.Unlock()
		r.group.Go(func() { r.converse(number, conn) })
	}
}

// converse answers an OPEN and keeps what follows until the connection ends.
func (r *recorder) converse(number int, conn net.Conn) {
	bgp := bgptest.NewSession(conn, 0)
	defer bgp.Close()
	m := message{connection: number}
	err := r.answer(bgp)
	for m.kind = wire.TypeOpen; err == nil; {
		r.keep(m)
		var received bgptest.Message
		if received, err = bgp.NextButKeepalive(); err == nil {
			m = message{connection: number, kind: received.Type()}
			err = m.read(received, bgp.UpdateOptions())
		}
	}
	if bgptest.Ended(err) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

func (r *recorder) keep(m message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, m)
}

// answer takes an OPEN, and sends ours, of the same capabilities, and a KEEPALIVE.
func (r *recorder) answer(bgp *bgptest.Session) error {
	theirs, err := bgp.TakeOpen()
	if err != nil {
		return err
	}
	r.mu.Lock()
	asn := r.asn
	r.mu.Unlock()
	ours := *theirs
	ours.ASN, ours.RouterID = uint16(asn), r.routerID
	if ours.Capabilities.FourOctetAS != 0 {
		ours.Capabilities.FourOctetAS = asn
	}
	ours.Capabilities.AddPath = nil
	for _, path := range theirs.Capabilities.AddPath {
		ours.Capabilities.AddPath = append(ours.Capabilities.AddPath, wire.AddPathFamily{Family: path.Family, Mode: wire.AddPathBoth})
	}
	if role := theirs.Capabilities.Role; role != nil {
		for _, other := range []wire.Role{wire.RoleProvider, wire.RoleCustomer, wire.RolePeer, wire.RoleRouteServer, wire.RoleRouteServerClient} {
			if role.Matches(other) {
				ours.Capabilities.Role = &other
			}
		}
	}
	if err := bgp.SendOpen(&ours); err != nil {
		return err
	}
	return bgp.Send(wire.AppendKeepalive(nil))
}

// read takes from a message the parts that the tests look at.
func (m *message) read(received bgptest.Message, options wire.UpdateOptions) (err error) {
	switch m.kind {
	case wire.TypeNotification:
		m.notification, err = wire.ParseNotification(slices.Clone(received.Body()))
		return err
	case wire.TypeUpdate:
	default:
		return nil
	}
	routes, err := bgptest.ParseUpdate(received, options)
	if err != nil {
		return fmt.Errorf("%v: %w", received, err)
	}
	text := func(path wire.Path) string {
		if routes.PathIDs {
			return fmt.Sprintf("%v#%d", path.Prefix, path.ID)
		}
		return path.Prefix.String()
	}
	for _, path := range routes.Withdrawn {
		if !slices.Contains(canaryPrefixes, path.Prefix.String()) { // a withdrawn canary has no version
			m.withdrawn = append(m.withdrawn, text(path))
		}
	}
	for _, path := range routes.Announced {
		if prefix := path.Prefix.String(); slices.Contains(canaryPrefixes, prefix) {
			m.canaries = append(m.canaries, prefix)
		} else {
			m.announced = append(m.announced, text(path))
		}
	}
	m.version = routes.Attributes.MED
	return nil
}

// expect sets the options that the next connection needs to come up.
func (r *recorder) expect(asn uint32, auth transport.Auth) error {
	r.mu.Lock()
	r.asn = asn
	r.mu.Unlock()
	for _, l := range r.listeners {
		if err := l.SetAuth(localAddress, auth); err != nil {
			return err
		}
	}
	return nil
}

// since returns the messages after the first n, and the number of all messages.
func (r *recorder) since(n int) ([]message, int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages[n:]), len(r.messages), r.err
}
