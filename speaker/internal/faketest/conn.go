// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package faketest

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/herald-bgp/herald/speaker/transport"
)

// window is how many bytes fit between a writer and a reader that does not read.
const window = 64 << 10

// pipe carries bytes one way. Waiting is on a sync.Cond, which testing/synctest knows to be durably blocked.
type pipe struct {
	mu       sync.Mutex
	cond     sync.Cond
	buf      []byte
	limit    int
	finished bool // the writer closed: EOF once buf is empty
	reset    bool // the reader closed: writes fail

	readDeadline, writeDeadline deadline
}

func newPipe() *pipe {
	p := &pipe{limit: window}
	p.cond.L = &p.mu
	return p
}

// deadline is one side's; its timer wakes whoever waits.
type deadline struct {
	timer   *time.Timer
	expired bool
}

func (p *pipe) setDeadline(d *deadline, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.expired = false
	if !t.IsZero() {
		wait := time.Until(t)
		if wait <= 0 {
			d.expired = true
		} else {
			var timer *time.Timer
			timer = time.AfterFunc(wait, func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				if d.timer == timer {
					d.expired = true
					p.cond.Broadcast()
				}
			})
			d.timer = timer
		}
	}
	p.cond.Broadcast()
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.reset:
			return 0, net.ErrClosed
		case p.readDeadline.expired: // as the kernel's: hides what is there
			return 0, os.ErrDeadlineExceeded
		case len(p.buf) > 0:
			n := copy(b, p.buf)
			p.buf = p.buf[n:]
			p.cond.Broadcast()
			return n, nil
		case p.finished:
			return 0, io.EOF
		}
		p.cond.Wait()
	}
}

func (p *pipe) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := 0
	for len(b) > 0 {
		switch {
		case p.finished:
			return total, net.ErrClosed
		case p.reset:
			return total, syscall.ECONNRESET
		case p.writeDeadline.expired:
			return total, os.ErrDeadlineExceeded
		case len(p.buf) < p.limit:
			n := min(len(b), p.limit-len(p.buf))
			p.buf = append(p.buf, b[:n]...)
			b, total = b[n:], total+n
			p.cond.Broadcast()
			continue
		}
		p.cond.Wait()
	}
	return total, nil
}

func (p *pipe) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = true
	p.stop(&p.writeDeadline)
	p.cond.Broadcast()
}

func (p *pipe) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset = true
	p.stop(&p.readDeadline)
	p.cond.Broadcast()
}

func (p *pipe) stop(d *deadline) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// Conn is one end of a connection in memory.
type Conn struct {
	in, out       *pipe
	local, remote netip.AddrPort
	key           string
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
func (c *Conn) Write(b []byte) (int, error) { return c.out.write(b) }

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
