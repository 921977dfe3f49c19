// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package sink is the peer that every program under measurement sends its routes to: it dials in, answers OPEN and
// KEEPALIVE, reads as fast as the socket delivers, and takes the time. The floor is its other end: a program that
// does nothing but write messages that it has ready.
package sink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// ASN is the autonomous system of every sink.
const ASN = 64513

// Options of a session.
type Options struct {
	// Local is where the sink dials from, and its BGP identifier where it is IPv4; Target is the program.
	Local  netip.Addr
	Target netip.AddrPort
	// Families are offered in the OPEN, IPv4 unicast by default.
	Families []wire.Family
	// HoldSeconds are offered in the OPEN, 90 by default.
	HoldSeconds uint16
	// Buffer is the size of a read in octets, 1 MiB by default.
	Buffer int
	// Expect is how many routes Session.First waits for.
	Expect int
	// Digest has the content checked too, which takes time: not in a round that counts.
	Digest bool
	// Stamps has the time of each UPDATE kept.
	Stamps bool
	// Arrivals has the time kept at which each IPv4 prefix was announced last.
	Arrivals bool
}

// Session is an Established session.
type Session struct {
	// Established is when the sink had sent and received the KEEPALIVE that follows OPEN.
	Established time.Time
	// First waits for as many routes as Options.Expect says.
	First *Expectation

	bgp     *bgptest.Session
	raw     syscall.RawConn // of the connection
	done    chan struct{}
	running sync.WaitGroup

	mu           sync.Mutex // what follows is written by the reader, a read at a time
	counter      counter
	expectations []*Expectation
	firstUpdate  time.Time
	endOfRIB     time.Time // of the last one
	stamps       []time.Time
	keepStamps   bool
	err          error // why it ended; read after done
}

// Expectation is a number of routes that are to come.
type Expectation struct {
	session *Session
	routes  int // announced and withdrawn since the session came up
	reached chan struct{}
	at      time.Time
}

const (
	retryInterval = 50 * time.Millisecond
	openTimeout   = 10 * time.Second
	defaultBuffer = 1 << 20
)

// Connect dials until a session is Established or ctx ends: a program that was just left by a peer may refuse it for
// some seconds. The time of a session begins with its own Established.
func Connect(ctx context.Context, o Options) (*Session, error) {
	ticker := time.NewTicker(retryInterval)
	defer ticker.Stop()
	for {
		s, err := connect(ctx, o)
		if err == nil {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no session from %s to %s: %w", o.Local, o.Target, err)
		case <-ticker.C:
		}
	}
}

// connect makes one attempt.
func connect(ctx context.Context, o Options) (*Session, error) {
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(o.Local, 0)), KeepAlive: -1, Timeout: openTimeout}
	dialer.SetMultipathTCP(false)
	conn, err := dialer.DialContext(ctx, "tcp", o.Target.String())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	bgp := bgptest.NewSession(conn, cmp.Or(o.Buffer, defaultBuffer))
	err = handshake(bgp, o.open(ASN))
	if err == nil && !stop() {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s := &Session{Established: time.Now(), bgp: bgp, done: make(chan struct{}), keepStamps: o.Stamps}
	if s.raw, err = conn.(*net.TCPConn).SyscallConn(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s.counter.digest = o.Digest
	if o.Arrivals {
		s.counter.arrivals = map[[longestNLRI]byte]time.Time{}
	}
	s.First = s.expect(o.Expect)
	s.running.Go(func() { s.read(bgp.Frames()) })
	bgp.Keepalive(bgp.HoldTime() / 3)
	return s, nil
}

// open is the OPEN of an AS. It says that it knows graceful restart, without which some programs send no End-of-RIB.
func (o *Options) open(asn uint32) *wire.Open {
	routerID, families := o.Local.String(), o.Families
	if !o.Local.Is4() {
		routerID = "198.18.255.6"
	}
	if len(families) == 0 {
		families = []wire.Family{wire.IPv4Unicast}
	}
	open := bgptest.Open(asn, routerID, cmp.Or(o.HoldSeconds, 90), families...)
	open.Capabilities.GracefulRestart = &wire.GracefulRestart{}
	return open
}

// handshake exchanges OPEN and KEEPALIVE in a bounded time.
func handshake(bgp *bgptest.Session, open *wire.Open) error {
	if err := bgp.Conn.SetDeadline(time.Now().Add(openTimeout)); err != nil {
		return err
	}
	if err := bgp.Handshake(open); err != nil {
		return err
	}
	return bgp.Conn.SetDeadline(time.Time{})
}

// read counts what comes until the session ends.
func (s *Session) read(f *bgptest.Framer) {
	defer close(s.done)
	for {
		err := s.take(f)
		if err == nil {
			err = f.Fill()
			s.acknowledge()
		}
		if err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
			return
		}
	}
}

// acknowledge has the kernel acknowledge what was read at once: a program that leaves small writes to Nagle's algorithm
// would wait for 40 ms now and then, which is not its speed.
func (s *Session) acknowledge() {
	// A socket that has gone is noticed by the next read.
	_ = s.raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
}

// take counts the messages that were read.
func (s *Session) take(f *bgptest.Framer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		message, err := f.Next()
		if message == nil || err != nil {
			return err
		}
		s.counter.Octets += len(message)
		switch message.Type() {
		case wire.TypeUpdate:
			if err := s.update(message); err != nil {
				return err
			}
		case wire.TypeNotification:
			return errors.New(message.String())
		}
	}
}

func (s *Session) update(message bgptest.Message) error {
	updates, ends := s.counter.Updates, s.counter.EndOfRIB
	if err := s.counter.update(message); err != nil {
		return err
	}
	if s.counter.EndOfRIB > ends {
		s.endOfRIB = time.Now()
	}
	if s.counter.Updates == updates {
		return nil
	}
	if updates == 0 {
		s.firstUpdate = time.Now()
	}
	if s.keepStamps {
		s.stamps = append(s.stamps, time.Now())
	}
	for len(s.expectations) > 0 && s.expectations[0].routes <= s.counter.Routes+s.counter.Withdrawn {
		s.expectations[0].at = time.Now()
		close(s.expectations[0].reached)
		s.expectations = s.expectations[1:]
	}
	return nil
}
