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
)

// recorder is a neighbour that offers what it is offered, says nothing more, and keeps what it is told.
type recorder struct {
	routerID  netip.Addr
	listeners []transport.Listener
	group     sync.WaitGroup

	mu          sync.Mutex
	asn         uint32 // of the next OPEN
	connections []net.Conn
	messages    []message
	closed      bool
	err         error // what no speaker may send
}

// message is one that came, but KEEPALIVE.
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
	defer conn.Close()
	reader := wire.NewReader(conn)
	reader.SetMaxLen(wire.MaxExtendedMessageLen)
	var options wire.UpdateOptions
	var update wire.Update
	for {
		kind, body, err := reader.Next()
		if err != nil {
			return
		}
		m := message{connection: number, kind: kind}
		switch kind {
		case wire.TypeKeepalive:
			continue
		case wire.TypeOpen:
			options, err = r.answer(conn, body)
		case wire.TypeUpdate:
			if err = wire.ParseUpdate(body, options, &update); err == nil {
				m.read(&update)
			}
		case wire.TypeNotification:
			m.notification, err = wire.ParseNotification(slices.Clone(body))
		}
		r.mu.Lock()
		r.messages = append(r.messages, m)
		if err != nil && r.err == nil {
			r.err = fmt.Errorf("%v %x: %w", kind, body, err)
		}
		r.mu.Unlock()
	}
}

// answer sends our OPEN, of the same capabilities, and a KEEPALIVE.
func (r *recorder) answer(conn net.Conn, body []byte) (wire.UpdateOptions, error) {
	theirs, err := wire.ParseOpen(body)
	if err != nil {
		return wire.UpdateOptions{}, err
	}
	r.mu.Lock()
	asn := r.asn
	r.mu.Unlock()
	ours := *theirs
	ours.ASN, ours.RouterID = uint16(asn), r.routerID
	if ours.Capabilities.FourOctetAS != 0 {
		ours.Capabilities.FourOctetAS = asn
	}
	options := wire.UpdateOptions{
		AS4: ours.Capabilities.FourOctetAS != 0, EBGP: asn != theirs.PeerASN(),
		ExtendedNextHop: len(ours.Capabilities.ExtendedNextHop) > 0, Families: ours.Capabilities.Families,
	}
	ours.Capabilities.AddPath = nil
	for _, path := range theirs.Capabilities.AddPath {
		ours.Capabilities.AddPath = append(ours.Capabilities.AddPath, wire.AddPathFamily{Family: path.Family, Mode: wire.AddPathBoth})
		if path.Mode.Sends() {
			options.AddPath = append(options.AddPath, path.Family)
		}
	}
	if role := theirs.Capabilities.Role; role != nil {
		for _, other := range []wire.Role{wire.RoleProvider, wire.RoleCustomer, wire.RolePeer, wire.RoleRouteServer, wire.RoleRouteServerClient} {
			if role.Matches(other) {
				ours.Capabilities.Role = &other
			}
		}
	}
	_, err = conn.Write(wire.AppendKeepalive(ours.Append(nil)))
	return options, err
}

// read takes the prefixes out of an UPDATE.
func (m *message) read(u *wire.Update) {
	add := func(to *[]string, family wire.Family, pathIDs bool, nlri []byte) {
		for path, err := range wire.Paths(family, pathIDs, nlri) {
			switch {
			case err != nil:
				continue // ParseUpdate has looked
			case slices.Contains(canaryPrefixes, path.Prefix.String()):
				m.canaries = append(m.canaries, path.Prefix.String())
			case pathIDs:
				*to = append(*to, fmt.Sprintf("%v#%d", path.Prefix, path.ID))
			default:
				*to = append(*to, path.Prefix.String())
			}
		}
	}
	add(&m.withdrawn, wire.IPv4Unicast, u.PathIDs, u.Withdrawn)
	if u.MPUnreach != nil {
		add(&m.withdrawn, u.MPUnreach.Family, u.MPUnreach.PathIDs, u.MPUnreach.NLRI)
	}
	m.canaries = nil // one that is withdrawn tells nothing
	add(&m.announced, wire.IPv4Unicast, u.PathIDs, u.NLRI)
	if u.MPReach != nil {
		add(&m.announced, u.MPReach.Family, u.MPReach.PathIDs, u.MPReach.NLRI)
	}
	m.version = u.Attributes.MED
}

// expect sets what is needed for the next connection to come up.
func (r *recorder) expect(asn uint32, key string) error {
	r.mu.Lock()
	r.asn = asn
	r.mu.Unlock()
	for _, l := range r.listeners {
		if err := l.SetMD5Key(localAddress, key); err != nil {
			return err
		}
	}
	return nil
}

// since returns what came after the first n messages, and how many there are now.
func (r *recorder) since(n int) ([]message, int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages[n:]), len(r.messages), r.err
}
