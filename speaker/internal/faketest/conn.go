// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package faketest

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/herald-bgp/herald/speaker/transport"
)

// Conn is one end of a connection in memory.
type Conn struct {
	in, out       *pipe
	local, remote netip.AddrPort
	key           transport.Auth
	once          sync.Once
	closed        func()

	twin    *Conn // the other end
	mu      sync.Mutex
	options transport.SocketOptions
}

// newConnPair returns the dialler's end and the listener's.
func newConnPair(dialler, listener netip.AddrPort) (*Conn, *Conn) {
	there, back := newPipe(), newPipe()
	one := &Conn{in: back, out: there, local: dialler, remote: listener}
	two := &Conn{in: there, out: back, local: listener, remote: dialler, twin: one}
	one.twin = two
	return one, two
}

func (c *Conn) configure(o transport.SocketOptions) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.options = o
}

// OptionsOfOther returns the socket options that the other end of the connection has.
func (c *Conn) OptionsOfOther() transport.SocketOptions {
	c.twin.mu.Lock()
	defer c.twin.mu.Unlock()
	return c.twin.options
}

// Read implements net.Conn.
func (c *Conn) Read(b []byte) (int, error) { return c.in.read(b) }

// Write implements net.Conn. It blocks when the other end does not read.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.out.write(b)
	c.breakBoth()
	return n, err
}

// Close implements net.Conn: the other end reads what was written, then EOF.
func (c *Conn) Close() error {
	c.once.Do(func() {
		c.out.finish()
		c.in.abandon()
		if c.closed != nil {
			c.closed()
		}
	})
	return nil
}

// CloseWrite lets the other end read what was written, then EOF; reading goes on.
func (c *Conn) CloseWrite() error {
	c.out.finish()
	return nil
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.local) }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readDeadline, t)
	c.out.setDeadline(&c.out.writeDeadline, t)
	return nil
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readDeadline, t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeDeadline, t)
	return nil
}
