// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package bgptest is a scripted BGP speaker over any net.Conn: it frames messages and exchanges OPENs, and all else is what
// its user tells it to do. It frames by itself, so that a fault of the framing under test shows.
package bgptest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Session is one connection. It reads only when it is asked for a message.
type Session struct {
	Conn net.Conn
	// Patience bounds each wait for a message, 0 for none but the deadline that Conn has.
	Patience time.Duration
	// Sent and Opened are the OPENs of SendOpen and TakeOpen.
	Sent, Opened *wire.Open

	frames  *Framer
	running sync.WaitGroup
	closed  chan struct{}
	once    sync.Once
}

// NewSession speaks over a connection. One read takes as many octets as the buffer has, 0 for two messages.
func NewSession(conn net.Conn, buffer int) *Session {
	return &Session{Conn: conn, frames: NewFramer(conn, buffer), closed: make(chan struct{})}
}

// Frames is where the messages come from, for who reads them at full speed.
func (s *Session) Frames() *Framer { return s.frames }

// Send writes octets, whole messages or not.
func (s *Session) Send(octets []byte) error {
	_, err := s.Conn.Write(octets)
	return err
}

// Next returns the next message, which is borrowed until the next call.
func (s *Session) Next() (Message, error) {
	if s.Patience > 0 {
		if err := s.Conn.SetReadDeadline(time.Now().Add(s.Patience)); err != nil {
			return nil, err
		}
	}
	return s.next()
}

func (s *Session) next() (Message, error) {
	for {
		if m, err := s.frames.Next(); m != nil || err != nil {
			return m, err
		}
		if err := s.frames.Fill(); err != nil {
			return nil, err
		}
	}
}

// NextButKeepalive returns the next message that is no KEEPALIVE.
func (s *Session) NextButKeepalive() (Message, error) {
	for {
		if m, err := s.Next(); err != nil || m.Type() != wire.TypeKeepalive {
			return m, err
		}
	}
}

// Quiet waits for that long, in which nothing but KEEPALIVEs may come.
func (s *Session) Quiet(duration time.Duration) error {
	if err := s.Conn.SetReadDeadline(time.Now().Add(duration)); err != nil {
		return err
	}
	for {
		m, err := s.next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return s.Conn.SetReadDeadline(time.Time{})
		case err != nil:
			return fmt.Errorf("the connection ended: %w", err)
		case m.Type() != wire.TypeKeepalive:
			return fmt.Errorf("%v where nothing was to come", m)
		}
	}
}

// expect takes the next message, which must be of that type.
func (s *Session) expect(want wire.MessageType) (Message, error) {
	m, err := s.Next()
	if err != nil {
		return nil, fmt.Errorf("waiting for %v: %w", want, err)
	}
	if m.Type() != want {
		return nil, fmt.Errorf("%v instead of %v", m, want)
	}
	return m, nil
}

// SendOpen sends our OPEN.
func (s *Session) SendOpen(open *wire.Open) error {
	s.Sent = open
	s.agree()
	return s.Send(open.Append(nil))
}

// TakeOpen takes the next message, which must be an OPEN.
func (s *Session) TakeOpen() (*wire.Open, error) {
	m, err := s.expect(wire.TypeOpen)
	if err != nil {
		return nil, err
	}
	open, err := wire.ParseOpen(slices.Clone(m.Body()))
	if err != nil {
		return nil, fmt.Errorf("their %v: %w", m, err)
	}
	s.Opened = open
	s.agree()
	return open, nil
}

// agree allows extended messages once both OPENs do (RFC 8654 §4).
func (s *Session) agree() {
	if s.Sent != nil && s.Opened != nil && s.Sent.Capabilities.ExtendedMessage && s.Opened.Capabilities.ExtendedMessage {
		s.frames.SetMaxLen(wire.MaxExtendedMessageLen)
	}
}

// Handshake exchanges OPENs and KEEPALIVEs.
func (s *Session) Handshake(open *wire.Open) error {
	if err := s.SendOpen(open); err != nil {
		return err
	}
	if _, err := s.TakeOpen(); err != nil {
		return err
	}
	if err := s.Send(wire.AppendKeepalive(nil)); err != nil {
		return err
	}
	_, err := s.expect(wire.TypeKeepalive)
	return err
}

// HoldTime is the lesser of both OPENs (RFC 4271 §4.2).
func (s *Session) HoldTime() time.Duration {
	return time.Duration(min(s.Sent.HoldTime, s.Opened.HoldTime)) * time.Second
}

// Ended reports whether an error is the end of the connection: neither a deadline nor what must not come.
func Ended(err error) bool {
	var broken net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &broken) && !errors.Is(err, os.ErrDeadlineExceeded)
}

// Keepalive sends a KEEPALIVE at each interval until Close. RFC 4271 §10 suggests a third of the hold time.
func (s *Session) Keepalive(interval time.Duration) {
	if interval == 0 {
		return // no hold time
	}
	s.running.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		message := wire.AppendKeepalive(nil)
		for {
			select {
			case <-s.closed:
				return
			case <-ticker.C:
				_ = s.Send(message) // who reads sees the end of the connection
			}
		}
	})
}

// Close closes the connection and waits for what Keepalive started.
func (s *Session) Close() error {
	s.once.Do(func() { close(s.closed) })
	err := s.Conn.Close()
	s.running.Wait()
	return err
}
