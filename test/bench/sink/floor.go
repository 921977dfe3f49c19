// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// Floor is a program that writes what it has ready, in one write, to each sink that dials in: nothing that has to
// find out what to write can be faster.
type Floor struct {
	listener *net.TCPListener
	messages []byte
	open     *wire.Open

	running sync.WaitGroup
	mu      sync.Mutex
	conns   []net.Conn
	up      []net.Conn // those whose handshake is done
	closed  bool
}

// StartFloor listens at an address. The ASN is that of its OPEN.
func StartFloor(at netip.AddrPort, asn uint32, messages []byte) (*Floor, error) {
	// Go's listeners are MPTCP by default, which a router's are not.
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp", at.String())
	if err != nil {
		return nil, err
	}
	options := Options{Local: at.Addr(), Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
	f := &Floor{listener: listener.(*net.TCPListener), messages: messages, open: options.open(asn)}
	f.running.Go(f.accept)
	return f, nil
}

// Addr is where it listens.
func (f *Floor) Addr() netip.AddrPort { return f.listener.Addr().(*net.TCPAddr).AddrPort() }

func (f *Floor) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return // closed
		}
		f.mu.Lock()
		if f.closed {
			_ = conn.Close()
		} else {
			f.conns = append(f.conns, conn)
			f.running.Go(func() { f.serve(conn) })
		}
		f.mu.Unlock()
	}
}

// serve ends when the sink has gone.
func (f *Floor) serve(conn net.Conn) {
	bgp := bgptest.NewSession(conn, 0)
	defer bgp.Close()
	if err := handshake(bgp, f.open); err != nil {
		return
	}
	f.mu.Lock()
	f.up = append(f.up, conn)
	f.mu.Unlock()
	if err := bgp.Send(f.messages); err != nil {
		return
	}
	for {
		if _, err := bgp.NextButKeepalive(); err != nil {
			return
		}
	}
}

// Send writes a message to every sink that has dialled in, in one write. Where the floor has messages ready, it is for after them.
func (f *Floor) Send(message []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, conn := range f.up {
		if _, err := conn.Write(message); err != nil {
			return err
		}
	}
	return nil
}

// Close ends all sessions.
func (f *Floor) Close() error {
	f.mu.Lock()
	f.closed = true
	for _, conn := range f.conns {
		_ = conn.Close()
	}
	f.mu.Unlock()
	err := f.listener.Close()
	f.running.Wait()
	return err
}
