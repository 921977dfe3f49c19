// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package bgptest

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Peer is a Session of a test: its methods fail the test where something else comes than was expected.
type Peer struct {
	*Session
	tb testing.TB
}

// patience is long: under testing/synctest it costs nothing, and elsewhere a test sets its own.
const patience = time.Hour

// NewPeer scripts one end of a connection.
func NewPeer(tb testing.TB, conn net.Conn) *Peer {
	s := NewSession(conn, 0)
	s.Patience = patience
	return &Peer{Session: s, tb: tb}
}

// Accept waits for a connection to a listener.
func Accept(tb testing.TB, l interface{ Accept() (net.Conn, error) }) *Peer {
	tb.Helper()
	conn, err := l.Accept()
	if err != nil {
		tb.Fatalf("accept: %v", err)
	}
	return NewPeer(tb, conn)
}

// Send writes octets, whole messages or not.
func (p *Peer) Send(octets []byte) {
	p.tb.Helper()
	if err := p.Session.Send(octets); err != nil {
		p.tb.Fatalf("send: %v", err)
	}
}

// Expect returns the body of the next message, which must be of that type.
func (p *Peer) Expect(want wire.MessageType) []byte {
	p.tb.Helper()
	m, err := p.expect(want)
	if err != nil {
		p.tb.Fatal(err)
	}
	return m.Body()
}

// ExpectOpen takes the OPEN.
func (p *Peer) ExpectOpen() *wire.Open {
	p.tb.Helper()
	open, err := p.TakeOpen()
	if err != nil {
		p.tb.Fatal(err)
	}
	return open
}

// ExpectNotification takes a NOTIFICATION after any number of KEEPALIVEs and UPDATEs, then the end of the connection.
func (p *Peer) ExpectNotification(code, subcode uint8) wire.Notification {
	p.tb.Helper()
	for {
		m, err := p.Next()
		if err != nil {
			p.tb.Fatalf("waiting for NOTIFICATION %d/%d: %v", code, subcode, err)
		}
		if m.Type() == wire.TypeKeepalive || m.Type() == wire.TypeUpdate {
			continue
		}
		n := p.Notification(m, code, subcode)
		p.ExpectClose()
		return n
	}
}

// Notification reads a message, which must be that NOTIFICATION.
func (p *Peer) Notification(m Message, code, subcode uint8) wire.Notification {
	p.tb.Helper()
	if m.Type() != wire.TypeNotification {
		p.tb.Fatalf("%v instead of NOTIFICATION %d/%d", m, code, subcode)
	}
	n, err := wire.ParseNotification(slices.Clone(m.Body()))
	if err != nil {
		p.tb.Fatalf("their %v: %v", m, err)
	}
	if n.Code != code || n.Subcode != subcode {
		p.tb.Fatalf("got %v, want %d/%d", &n, code, subcode)
	}
	return n
}

// ExpectClose takes messages until the connection ends, none of which may be a NOTIFICATION.
func (p *Peer) ExpectClose() {
	p.tb.Helper()
	for {
		m, err := p.Next()
		switch {
		case Ended(err):
			return
		case err != nil:
			p.tb.Fatalf("waiting for the end: %v", err)
		case m.Type() == wire.TypeNotification:
			p.tb.Fatalf("%v instead of the end", m)
		}
	}
}

// Handshake exchanges OPENs and KEEPALIVEs.
func (p *Peer) Handshake(open *wire.Open) {
	p.tb.Helper()
	if err := p.Session.Handshake(open); err != nil {
		p.tb.Fatal(err)
	}
}
