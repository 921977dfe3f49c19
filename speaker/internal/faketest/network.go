// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package faketest has a TCP network in memory, for tests of the speaker under testing/synctest.
package faketest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	"github.com/herald-bgp/herald/speaker/transport"
)

// Network connects Hosts. The zero value is not usable: see New.
type Network struct {
	mu        sync.Mutex
	listeners map[netip.AddrPort]*Listener
	blackhole map[netip.Addr]bool
	nextPort  uint16
	conns     map[*Conn]struct{} // that are not closed

	listenError error
}

// New returns a network without hosts.
func New() *Network {
	return &Network{
		listeners: map[netip.AddrPort]*Listener{},
		blackhole: map[netip.Addr]bool{},
		nextPort:  40000,
		conns:     map[*Conn]struct{}{},
	}
}

// Blackhole makes dials to addr hang until their context ends, or stops that.
func (n *Network) Blackhole(addr netip.Addr, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blackhole[addr] = on
}

// FailListen makes Listen fail with err, on every host, until it is nil.
func (n *Network) FailListen(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listenError = err
}

// Open is how many ends of connections are not closed.
func (n *Network) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns)
}

// Host is the transport of one machine.
type Host struct {
	network *Network
	addrs   []netip.Addr
	// LinkLocalAddr is the link-local address that SharedLink answers, where it is set.
	LinkLocalAddr netip.Addr
}

var _ transport.Transport = (*Host)(nil)

// Host returns the transport of a machine with those addresses.
func (n *Network) Host(addrs ...netip.Addr) *Host { return &Host{network: n, addrs: addrs} }

// source is the first address of the family of remote.
func (h *Host) source(remote netip.Addr) netip.Addr {
	for _, a := range h.addrs {
		if a.Is4() == remote.Is4() {
			return a
		}
	}
	return netip.Addr{}
}

// Crash resets all connections of the machine.
func (h *Host) Crash() {
	n := h.network
	n.mu.Lock()
	var ours []*Conn
	for c := range n.conns {
		if slices.Contains(h.addrs, c.local.Addr()) {
			ours = append(ours, c)
		}
	}
	n.mu.Unlock()
	for _, c := range ours {
		c.Reset()
	}
}

// Dial implements transport.Transport. A listener whose key for us is another than ours never answers, as with TCP MD5.
func (h *Host) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort, o transport.SocketOptions) (net.Conn, error) {
	if !local.IsValid() {
		local = h.source(remote.Addr())
	}
	n := h.network
	n.mu.Lock()
	l, dark := n.listeners[remote], n.blackhole[remote.Addr()]
	if l == nil {
		l = n.listeners[netip.AddrPortFrom(netip.IPv4Unspecified(), remote.Port())]
	}
	n.nextPort++
	from := netip.AddrPortFrom(local, n.nextPort)
	n.mu.Unlock()
	if dark || l != nil && l.key(local) != o.Auth {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(remote), Err: syscall.ECONNREFUSED}
	}
	ours, theirs := newConnPair(from, remote)
	ours.key, theirs.key = o.Auth, o.Auth
	ours.configure(o)
	n.track(ours)
	n.track(theirs)
	if !l.offer(theirs) {
		ours.Close()
		theirs.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(remote), Err: syscall.ECONNREFUSED}
	}
	return ours, nil
}

func (n *Network) track(c *Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns[c] = struct{}{}
	c.closed = func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.conns, c)
	}
}

// Listen implements transport.Transport. The unspecified IPv4 address is every one that nobody listens at.
func (h *Host) Listen(_ context.Context, local netip.AddrPort) (transport.Listener, error) {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listenError != nil {
		return nil, n.listenError
	}
	if n.listeners[local] != nil {
		return nil, syscall.EADDRINUSE
	}
	l := &Listener{network: n, addr: local, keys: map[netip.Addr]transport.Auth{}, queue: make(chan *Conn, 128), done: make(chan struct{})}
	n.listeners[local] = l
	return l, nil
}

// Configure implements transport.Transport.
func (h *Host) Configure(conn net.Conn, o transport.SocketOptions) error {
	conn.(*Conn).configure(o)
	return nil
}

// Unacknowledged implements transport.Transport.
func (h *Host) Unacknowledged(conn net.Conn) (int, error) {
	return conn.(*Conn).out.unacknowledged(), nil
}

// SharedLink implements transport.Transport.
func (h *Host) SharedLink(_, _ netip.Addr) (linkLocal netip.Addr, shared bool) {
	return h.LinkLocalAddr, h.LinkLocalAddr.IsValid()
}

// Listener accepts at one address of a Network.
type Listener struct {
	network *Network
	addr    netip.AddrPort
	queue   chan *Conn
	done    chan struct{}
	once    sync.Once

	mu   sync.Mutex
	keys map[netip.Addr]transport.Auth
}

var errClosed = errors.New("listener closed")

func (l *Listener) key(peer netip.Addr) transport.Auth {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys[peer]
}

func (l *Listener) offer(c *Conn) bool {
	select {
	case <-l.done:
		return false
	default:
	}
	select {
	case l.queue <- c:
		return true
	default:
		return false // a full backlog
	}
}

// Accept implements transport.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.done:
		return nil, errClosed
	}
}

// Addr implements transport.Listener.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// SetAuth implements transport.Listener.
func (l *Listener) SetAuth(peer netip.Addr, a transport.Auth) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.Method() == transport.AuthNone {
		delete(l.keys, peer)
	} else {
		l.keys[peer] = a
	}
	return nil
}

// Fresh implements transport.Listener.
func (l *Listener) Fresh(conn net.Conn) bool {
	c, ok := conn.(*Conn)
	return ok && c.key == l.key(c.remote.Addr())
}

// Close implements transport.Listener.
func (l *Listener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.network.mu.Lock()
		delete(l.network.listeners, l.addr)
		l.network.mu.Unlock()
		for {
			select {
			case c := <-l.queue:
				c.Close()
			default:
				return
			}
		}
	})
	return nil
}
