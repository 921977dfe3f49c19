// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// patience bounds every wait for something that must come.
const patience = 30 * time.Second

// mirrorPeer is the neighbour of a case: it answers an OPEN with the same OPEN, except that the identifier is one greater.
type mirrorPeer struct {
	listener *net.TCPListener
	// asn replaces that of the OPEN; 0: the same.
	asn uint32
	// unknownCapability adds one that nobody knows.
	unknownCapability bool
}

// newMirrorPeer listens on a free port of an address.
func newMirrorPeer(t *testing.T, address netip.Addr) *mirrorPeer {
	t.Helper()
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return &mirrorPeer{listener: listener}
}

func (p *mirrorPeer) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// mirrorSession is a connection of a mirrorPeer.
type mirrorSession struct {
	*bgptest.Session
	open bgptest.Message // that came
}

// accept takes the next connection and sends the mirrored OPEN.
func (p *mirrorPeer) accept(t *testing.T) (*mirrorSession, error) {
	t.Helper()
	if err := p.listener.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	conn, err := p.listener.Accept()
	if err != nil {
		return nil, fmt.Errorf("no connection: %w", err)
	}
	s := &mirrorSession{Session: bgptest.NewSession(conn, 0)}
	s.Patience = patience
	t.Cleanup(func() { _ = s.Close() })
	s.Frames().SetMaxLen(wire.MaxExtendedMessageLen) // both ends offer the same
	open, err := s.Next()
	if err != nil {
		return nil, fmt.Errorf("no OPEN: %w", err)
	}
	if open.Type() != wire.TypeOpen {
		return nil, fmt.Errorf("%v instead of an OPEN", open)
	}
	s.open = slices.Clone(open)
	answer, err := p.mirror(s.open)
	if err != nil {
		return nil, err
	}
	hold := time.Duration(binary.BigEndian.Uint16(s.open.Body()[3:])) * time.Second
	s.Keepalive(hold / 3)
	return s, s.Send(answer)
}

// mirror returns the OPEN that answers one.
func (p *mirrorPeer) mirror(open []byte) ([]byte, error) {
	answer := slices.Clone(open)
	body := answer[wire.HeaderLen:]
	if p.asn != 0 {
		binary.BigEndian.PutUint16(body[1:], uint16(min(p.asn, uint32(wire.ASTrans))))
		if p.asn <= 0xffff {
			binary.BigEndian.PutUint16(body[1:], uint16(p.asn))
		}
	}
	binary.BigEndian.PutUint32(body[5:], binary.BigEndian.Uint32(body[5:])+1)
	err := eachCapability(body, func(code wire.CapabilityCode, value []byte) {
		if code == wire.CapabilityFourOctetAS && p.asn != 0 {
			binary.BigEndian.PutUint32(value, p.asn)
		}
	})
	if p.unknownCapability {
		parameter := []byte{2, 6, 255, 4, 'l', 'o', 'r', 'e'}
		body[9] += byte(len(parameter)) // far from 255
		answer = append(answer, parameter...)
		binary.BigEndian.PutUint16(answer[16:], uint16(len(answer)))
	}
	return answer, err
}
