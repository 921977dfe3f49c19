// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/bgptest"
)

const proxyDialTimeout = 5 * time.Second

// ProxyOptions say what a Proxy relays.
type ProxyOptions struct {
	// Listen is where clients connect. The default is 127.0.0.1 and a free port.
	Listen netip.AddrPort
	// Target is where their connections go.
	Target netip.AddrPort
	// Source is the address that connections to the target come from. The default is the system's choice.
	Source netip.Addr
	// RecordBGP keeps every BGP message that passes.
	RecordBGP bool
}

// Proxy relays TCP connections. It can record the BGP messages in them, and hold bytes back while connections stay open.
type Proxy struct {
	tb       testing.TB
	options  ProxyOptions
	listener net.Listener

	mu       sync.Mutex
	resumed  *sync.Cond
	stalled  [2]bool
	closed   bool
	next     int
	bytes    [2]int64
	messages []Message
}

// StartProxy starts a proxy that ends with the test.
func StartProxy(t testing.TB, options ProxyOptions) *Proxy {
	t.Helper()
	if !options.Listen.IsValid() {
		options.Listen = netip.MustParseAddrPort("127.0.0.1:0")
	}
	listener, err := net.Listen("tcp", options.Listen.String())
	if err != nil {
		t.Fatalf("proxy: %v", err)
	}
	p := &Proxy{tb: t, options: options, listener: listener}
	p.resumed = sync.NewCond(&p.mu)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.serve(ctx, &running) })
	t.Cleanup(func() {
		cancel()
		p.close()
		running.Wait()
	})
	return p
}

// Addr is where clients connect.
func (p *Proxy) Addr() netip.AddrPort { return p.listener.Addr().(*net.TCPAddr).AddrPort() }

// Stall holds back what goes in that direction. Connections stay open, and new ones are made.
func (p *Proxy) Stall(d Direction) { p.setStalled(d, true) }

// Resume forwards what Stall held back, and what follows.
func (p *Proxy) Resume(d Direction) { p.setStalled(d, false) }

// Messages are the BGP messages that passed, in the order of their passing, from number first on. The length of what
// Messages(0) returned is the number of the next.
func (p *Proxy) Messages(first int) []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.messages[min(first, len(p.messages)):])
}

// Bytes counts what passed in a direction since the proxy started.
func (p *Proxy) Bytes(d Direction) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes[d]
}

// Connections counts the connections that were made to the target.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next
}

func (p *Proxy) setStalled(d Direction, stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled[d] = stalled
	p.resumed.Broadcast()
}

func (p *Proxy) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.resumed.Broadcast()
	p.listener.Close()
}

func (p *Proxy) serve(ctx context.Context, running *sync.WaitGroup) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		running.Go(func() { p.relay(ctx, client) })
	}
}

func (p *Proxy) relay(ctx context.Context, client net.Conn) {
	defer client.Close()
	dialer := net.Dialer{Timeout: proxyDialTimeout}
	if p.options.Source.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(p.options.Source, 0))
	}
	target, err := dialer.DialContext(ctx, "tcp", p.options.Target.String())
	if err != nil {
		return // the client sees its connection closed, as it would without the proxy
	}
	defer target.Close()
	defer context.AfterFunc(ctx, func() { client.Close(); target.Close() })()
	p.mu.Lock()
	number := p.next
	p.next++
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.copy(target, client, ToTarget, number) })
	both.Go(func() { p.copy(client, target, ToClient, number) })
	both.Wait()
}

// copy forwards one direction until it ends, and passes the end on.
func (p *Proxy) copy(to, from net.Conn, d Direction, number int) {
	var frames framer
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !p.pass(d, number, buffer[:n], &frames) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				from.Close()
				return
			}
		}
		if err != nil {
			p.end(to, d, err)
			return
		}
	}
}

// pass waits while the direction is stalled, then takes note of the bytes. It returns false once the proxy is closed.
func (p *Proxy) pass(d Direction, number int, chunk []byte, frames *framer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stalled[d] && !p.closed {
		p.resumed.Wait()
	}
	if p.closed {
		return false
	}
	p.bytes[d] += int64(len(chunk))
	if p.options.RecordBGP {
		err := frames.take(chunk, func(m bgptest.Message) {
			p.messages = append(p.messages, Message{Message: m, Connection: number, Direction: d, Time: time.Now()})
		})
		if err != nil {
			p.tb.Errorf("proxy, connection %d: %v", number, err)
		}
	}
	return true
}

// end passes the end of a stream on: in order where it was, else with a reset. It is held back like bytes.
func (p *Proxy) end(to net.Conn, d Direction, err error) {
	p.mu.Lock()
	for p.stalled[d] && !p.closed {
		p.resumed.Wait()
	}
	p.mu.Unlock()
	conn, ok := to.(*net.TCPConn)
	if !ok {
		return
	}
	if errors.Is(err, io.EOF) {
		conn.CloseWrite()
		return
	}
	conn.SetLinger(0)
	conn.Close()
}
