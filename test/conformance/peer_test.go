// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// patience bounds every wait for something that must come.
const patience = 30 * time.Second

// mirrorPeer is the neighbour of a case: it answers with the OPEN that it is sent, whose identifier is one more.
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
	s := &mirrorSession{conn: conn, messages: make(chan []byte), ended: make(chan struct{})}
	stop := make(chan struct{})
	go s.read(stop)
	t.Cleanup(func() {
		close(stop)
		_ = conn.Close()
		<-s.ended
	})
	if s.open, err = s.next(); err != nil {
		return nil, fmt.Errorf("no OPEN: %w", err)
	}
	if s.open[wire.HeaderLen-1] != byte(wire.TypeOpen) {
		return nil, fmt.Errorf("%x instead of an OPEN", s.open)
	}
	answer, err := p.mirror(s.open)
	if err != nil {
		return nil, err
	}
	return s, s.send(answer)
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

// mirrorSession is a connection of a mirrorPeer.
type mirrorSession struct {
	conn     net.Conn
	open     []byte      // the OPEN that came
	messages chan []byte // all others but KEEPALIVEs, with their headers
	ended    chan struct{}
	err      error // of the connection, once it ended

	writing sync.Mutex
}

func (s *mirrorSession) send(octets []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.conn.Write(octets)
	return err
}

// read passes messages on until the connection ends, and answers each KEEPALIVE with one.
func (s *mirrorSession) read(stop <-chan struct{}) {
	defer close(s.ended)
	for {
		message, err := readMessage(s.conn)
		if err != nil {
			s.err = err
			return
		}
		if message[wire.HeaderLen-1] == byte(wire.TypeKeepalive) {
			_ = s.send(wire.AppendKeepalive(nil)) // the read that follows shows the error
			continue
		}
		select {
		case s.messages <- message:
		case <-stop:
			s.err = net.ErrClosed
			return
		}
	}
}

// readMessage reads one message of any type, with its header.
func readMessage(r io.Reader) ([]byte, error) {
	header := make([]byte, wire.HeaderLen)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(header[16:]))
	if length < wire.HeaderLen {
		return nil, fmt.Errorf("message of %d octets", length)
	}
	message := append(header, make([]byte, length-wire.HeaderLen)...)
	_, err := io.ReadFull(r, message[wire.HeaderLen:])
	return message, err
}

// next waits for the next message. The end of the connection is io.EOF, however it ended.
func (s *mirrorSession) next() ([]byte, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case message := <-s.messages:
		return message, nil
	case <-s.ended:
		return nil, fmt.Errorf("the connection ended (%w): %w", s.err, io.EOF)
	case <-timer.C:
		return nil, fmt.Errorf("%w within %v", errNothingCame, patience)
	}
}

var errNothingCame = errors.New("nothing came")
