// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package faketest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Peer is a BGP speaker that does what the test says, one message at a time. Its methods fail the test when something else
// happens.
type Peer struct {
	tb   testing.TB
	Conn net.Conn
	r    *wire.Reader
	// Opened is the OPEN that Handshake or ExpectOpen received.
	Opened *wire.Open
}

// NewPeer scripts one end of a connection.
func NewPeer(tb testing.TB, conn net.Conn) *Peer {
	r := wire.NewReader(conn)
	return &Peer{tb: tb, Conn: conn, r: r}
}

// Accept waits for a connection to l.
func Accept(tb testing.TB, l transport.Listener) *Peer {
	tb.Helper()
	conn, err := l.Accept()
	if err != nil {
		tb.Fatalf("accept: %v", err)
	}
	return NewPeer(tb, conn)
}

// Dial connects from h to remote.
func Dial(ctx context.Context, tb testing.TB, h *Host, remote netip.AddrPort, key string) *Peer {
	tb.Helper()
	conn, err := h.Dial(ctx, netip.Addr{}, remote, transport.SocketOptions{MD5Key: key})
	if err != nil {
		tb.Fatalf("dial: %v", err)
	}
	return NewPeer(tb, conn)
}

// Send writes bytes, whole messages or not.
func (p *Peer) Send(b []byte) {
	p.tb.Helper()
	if _, err := p.Conn.Write(b); err != nil {
		p.tb.Fatalf("send: %v", err)
	}
}

// Next returns the next message within a long time.
func (p *Peer) Next() (wire.MessageType, []byte, error) {
	p.Conn.SetReadDeadline(time.Now().Add(time.Hour))
	return p.r.Next()
}

// Expect returns the body of the next message, which must be of that type.
func (p *Peer) Expect(want wire.MessageType) []byte {
	p.tb.Helper()
	t, body, err := p.Next()
	if err != nil {
		p.tb.Fatalf("waiting for %v: %v", want, err)
	}
	if t != want {
		p.tb.Fatalf("got %v %x, want %v", t, body, want)
	}
	return body
}

// ExpectOpen takes the OPEN.
func (p *Peer) ExpectOpen() *wire.Open {
	p.tb.Helper()
	o, err := wire.ParseOpen(p.Expect(wire.TypeOpen))
	if err != nil {
		p.tb.Fatalf("their OPEN: %v", err)
	}
	p.Opened = o
	return o
}

// ExpectNotification takes a NOTIFICATION after any number of KEEPALIVEs and UPDATEs, then the end of the connection.
func (p *Peer) ExpectNotification(code, subcode uint8) wire.Notification {
	p.tb.Helper()
	for {
		t, body, err := p.Next()
		if err != nil {
			p.tb.Fatalf("waiting for NOTIFICATION %d/%d: %v", code, subcode, err)
		}
		if t == wire.TypeKeepalive || t == wire.TypeUpdate {
			continue
		}
		if t != wire.TypeNotification {
			p.tb.Fatalf("got %v, want NOTIFICATION %d/%d", t, code, subcode)
		}
		n, err := wire.ParseNotification(body)
		if err != nil {
			p.tb.Fatalf("their NOTIFICATION: %v", err)
		}
		if n.Code != code || n.Subcode != subcode {
			p.tb.Fatalf("got %v, want %d/%d", &n, code, subcode)
		}
		n.Data = append([]byte(nil), n.Data...)
		p.ExpectClose()
		return n
	}
}

// ExpectClose takes messages until the connection ends, none of which may be a NOTIFICATION.
func (p *Peer) ExpectClose() {
	p.tb.Helper()
	for {
		t, body, err := p.Next()
		var n *wire.Notification
		if err != nil {
			if errors.As(err, &n) {
				p.tb.Fatalf("waiting for the end: %v", err)
			}
			return
		}
		if t == wire.TypeNotification {
			p.tb.Fatalf("NOTIFICATION %x instead of the end", body)
		}
	}
}

// Open is an OPEN with the capabilities that most routers offer.
func Open(asn uint32, routerID string, hold uint16, families ...wire.Family) *wire.Open {
	two := wire.ASTrans
	if asn <= 0xffff {
		two = uint16(asn)
	}
	return &wire.Open{
		Version: 4, ASN: two, HoldTime: hold, RouterID: netip.MustParseAddr(routerID), HasCapabilities: true,
		Capabilities: wire.Capabilities{Families: families, RouteRefresh: true, FourOctetAS: asn},
	}
}

// Handshake exchanges OPENs and KEEPALIVEs.
func (p *Peer) Handshake(open *wire.Open) {
	p.tb.Helper()
	p.Send(open.Append(nil))
	p.ExpectOpen()
	p.Send(wire.AppendKeepalive(nil))
	p.Expect(wire.TypeKeepalive)
}
