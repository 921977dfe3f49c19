// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/herald-bgp/herald/speaker/transport"
)

// gtsm are the options of a peer that is one hop away (RFC 5082 §3).
var gtsm = transport.SocketOptions{TTL: 255, MinTTL: 255}

func dialWith(t *testing.T, s *server, o transport.SocketOptions, timeout time.Duration) (net.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	conn, err := transport.System{}.Dial(ctx, netip.Addr{}, s.Addr(), o)
	if err == nil {
		t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

// expectNothing checks that conn delivers none of the octets that the other end wrote.
func expectNothing(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	defer conn.SetReadDeadline(time.Time{})
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d octets, error %v", n, err)
	}
}

// RFC 5082 §3: every packet is sent with a TTL of 255, the SYN-ACK too; a packet that arrives with less is dropped.
func TestGTSM(t *testing.T) {
	for _, addr := range []netip.Addr{here, netip.IPv6Loopback()} {
		t.Run(addr.String(), func(t *testing.T) {
			s := serve(t, addr)
			// The dialler takes the SYN-ACK, which is the listening socket's.
			conn, err := dialWith(t, s, gtsm, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			accepted := s.next(t)
			if err := (transport.System{}).Configure(accepted, gtsm); err != nil {
				t.Fatal(err)
			}
			expectEcho(t, conn, accepted)
			expectEcho(t, accepted, conn)
		})
	}
}

func TestGTSMDropsWhatComesFromAfar(t *testing.T) {
	for _, addr := range []netip.Addr{here, netip.IPv6Loopback()} {
		t.Run(addr.String(), func(t *testing.T) {
			s := serve(t, addr)
			far, err := dialWith(t, s, transport.SocketOptions{TTL: 254}, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			accepted := s.next(t)
			if err := (transport.System{}).Configure(accepted, gtsm); err != nil {
				t.Fatal(err)
			}
			if _, err := far.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			expectNothing(t, accepted)
			// Two hops are allowed one less.
			if err := (transport.System{}).Configure(accepted, transport.SocketOptions{TTL: 255, MinTTL: 254}); err != nil {
				t.Fatal(err)
			}
			expectEcho(t, far, accepted)
		})
	}
}

// A dialler drops the answer of any host that is too far away.
func TestGTSMDropsTheAnswer(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") // answers with the system's TTL
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	remote := l.Addr().(*net.TCPAddr).AddrPort()
	if conn, err := (transport.System{}).Dial(ctx, netip.Addr{}, remote, gtsm); err == nil {
		conn.Close()
		t.Error("connected")
	}
}

// Options may change on a live connection, back to the system's own too.
func TestUserTimeout(t *testing.T) {
	s := serve(t, here)
	conn, err := dialWith(t, s, transport.SocketOptions{TTL: 1, UserTimeout: 480 * time.Second}, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got := option(t, conn, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); got != 480_000 {
		t.Errorf("user timeout %d ms of a dialled connection", got)
	}
	for _, want := range []time.Duration{time.Hour, 0} {
		if err := (transport.System{}).Configure(conn, transport.SocketOptions{TTL: 1, UserTimeout: want}); err != nil {
			t.Fatal(err)
		}
		if got := option(t, conn, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); got != int(want.Milliseconds()) {
			t.Errorf("user timeout %d ms, want %v", got, want)
		}
	}
}
