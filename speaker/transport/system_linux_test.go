// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/herald-bgp/herald/speaker/transport"
)

var (
	here  = netip.MustParseAddr("127.0.0.1")
	there = netip.MustParseAddr("127.0.0.2")
)

// server accepts on loopback and hands over what it accepted.
type server struct {
	transport.Listener
	accepted chan net.Conn
}

func serve(t *testing.T, addr netip.Addr) *server {
	t.Helper()
	l, err := transport.System{}.Listen(t.Context(), netip.AddrPortFrom(addr, 0))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: l, accepted: make(chan net.Conn)}
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case s.accepted <- conn:
			case <-ctx.Done():
				conn.Close()
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		l.Close()
		group.Wait()
	})
	return s
}

func (s *server) next(t *testing.T) net.Conn {
	t.Helper()
	select {
	case conn := <-s.accepted:
		t.Cleanup(func() { conn.Close() })
		return conn
	case <-time.After(10 * time.Second):
		t.Fatal("no connection was accepted")
		return nil
	}
}

// authOf authenticates with an MD5 key, or not at all without one.
func authOf(key string) transport.Auth {
	if key == "" {
		return transport.Auth{}
	}
	return transport.MD5(key)
}

func dial(t *testing.T, s *server, local netip.Addr, key string, timeout time.Duration) (net.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	conn, err := transport.System{}.Dial(ctx, local, s.Addr(), transport.SocketOptions{TTL: 1, Auth: authOf(key)})
	if err == nil {
		t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

func mustDial(t *testing.T, s *server, local netip.Addr, key string) net.Conn {
	t.Helper()
	conn, err := dial(t, s, local, key, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func option(t *testing.T, conn net.Conn, level, name int) int {
	t.Helper()
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var value int
	if err := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, name) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSocketOptions(t *testing.T) {
	for _, test := range []struct {
		addr              netip.Addr
		level, ttl, class int
	}{
		{here, unix.IPPROTO_IP, unix.IP_TTL, unix.IP_TOS},
		{netip.IPv6Loopback(), unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, unix.IPV6_TCLASS},
	} {
		t.Run(test.addr.String(), func(t *testing.T) {
			s := serve(t, test.addr)
			dialled := mustDial(t, s, netip.Addr{}, "")
			accepted := s.next(t)
			if err := (transport.System{}).Configure(accepted, transport.SocketOptions{TTL: 1}); err != nil {
				t.Fatal(err)
			}
			for name, conn := range map[string]net.Conn{"dialled": dialled, "accepted": accepted} {
				if ttl := option(t, conn, test.level, test.ttl); ttl != 1 {
					t.Errorf("%s: TTL %d", name, ttl)
				}
				if class := option(t, conn, test.level, test.class); class != 0xc0 { // CS6
					t.Errorf("%s: traffic class %#x", name, class)
				}
				if p := option(t, conn, unix.SOL_SOCKET, unix.SO_PROTOCOL); p != unix.IPPROTO_TCP {
					t.Errorf("%s: protocol %d, not TCP", name, p)
				}
			}
		})
	}
}

func TestMD5(t *testing.T) {
	for _, addr := range []netip.Addr{here, netip.IPv6Loopback()} {
		t.Run(addr.String(), func(t *testing.T) {
			s := serve(t, addr)
			if err := s.SetAuth(addr, transport.MD5("right")); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"", "wrong"} {
				if _, err := dial(t, s, addr, key, 200*time.Millisecond); err == nil {
					t.Errorf("connected with key %q", key)
				}
			}
			conn := mustDial(t, s, addr, "right")
			accepted := s.next(t)
			if !s.Fresh(accepted) {
				t.Error("a connection with the right key is not fresh")
			}
			expectEcho(t, conn, accepted)
			if err := s.SetAuth(addr, transport.Auth{}); err != nil {
				t.Fatal(err)
			}
			mustDial(t, s, addr, "")
			if err := s.SetAuth(there, transport.Auth{}); addr == here && err != nil {
				t.Errorf("removing a key that is not there: %v", err)
			}
		})
	}
}

func expectEcho(t *testing.T, from, to net.Conn) {
	t.Helper()
	if _, err := from.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(to, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// A connection that came before the key is never fresh, whether it was queued or accepted already when the key was set.
// A signed connection that comes later is fresh.
func TestKeyMakesEarlierConnectionsStale(t *testing.T) {
	s := serve(t, here)
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if err := s.SetAuth(there, transport.Auth{}); err != nil {
				t.Fatal(err)
			}
			const early = 3 // the first is accepted and waits to be handed over, the others are in the kernel's queue
			for range early {
				conn := mustDial(t, s, there, "")
				if _, err := conn.Write([]byte("an OPEN")); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.SetAuth(there, transport.MD5("secret")); err != nil {
				t.Fatal(err)
			}
			for n := range early {
				if s.Fresh(s.next(t)) {
					t.Errorf("connection %d came before the key and is fresh", n)
				}
			}
			// A signed connection that arrives before the listener saw the queue empty counts as stale and is closed; the peer tries again.
			for attempt := 0; ; attempt++ {
				mustDial(t, s, there, "secret")
				if s.Fresh(s.next(t)) {
					break
				}
				if attempt == 3 {
					t.Fatal("signed connections after the key are never fresh")
				}
			}
		})
	}
}

func TestOtherPeersStayFresh(t *testing.T) {
	s := serve(t, here)
	mustDial(t, s, here, "")
	if err := s.SetAuth(there, transport.MD5("secret")); err != nil {
		t.Fatal(err)
	}
	if !s.Fresh(s.next(t)) {
		t.Error("a connection from another peer became stale")
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	s := serve(t, here)
	if err := s.SetAuth(there, transport.MD5("secret")); err != nil { // makes the listener drop every unsigned segment
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := transport.System{}.Dial(ctx, there, s.Addr(), transport.SocketOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestKeyTooLong(t *testing.T) {
	s := serve(t, here)
	if err := s.SetAuth(there, transport.MD5(strings.Repeat("k", transport.MaxMD5KeyLen+1))); err == nil {
		t.Error("accepted")
	}
}

func TestFamiliesAreApart(t *testing.T) {
	l, err := transport.System{}.Listen(t.Context(), netip.AddrPortFrom(netip.IPv6Unspecified(), 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// The port is free for IPv4.
	four, err := transport.System{}.Listen(t.Context(), netip.AddrPortFrom(netip.IPv4Unspecified(), l.Addr().Port()))
	if err != nil {
		t.Fatal(err)
	}
	four.Close()
}

func TestSharedLink(t *testing.T) {
	for _, test := range []struct {
		local, remote string
		want          bool
	}{
		{"127.0.0.1", "127.0.0.2", true}, // the subnet of the loopback interface
		{"127.0.0.1", "192.0.2.1", false},
		{"::1", "::1", true},
		{"::1", "2001:db8::1", false},
		{"192.0.2.1", "192.0.2.2", false}, // not an address of ours
	} {
		linkLocal, shared := transport.System{}.SharedLink(netip.MustParseAddr(test.local), netip.MustParseAddr(test.remote))
		if shared != test.want || linkLocal.IsValid() {
			t.Errorf("%s and %s: shared %v, link-local %v, want %v and none", test.local, test.remote, shared, linkLocal, test.want)
		}
	}
}

// Written octets are unacknowledged once the peer's receive buffer is full, and acknowledged when the peer has read them.
func TestUnacknowledged(t *testing.T) {
	s := serve(t, here)
	conn := mustDial(t, s, netip.Addr{}, "")
	peer := s.next(t)
	unacknowledged := func() int {
		t.Helper()
		n, err := transport.System{}.Unacknowledged(conn)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	written := 0
	for b := make([]byte, 64<<10); ; {
		conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := conn.Write(b)
		if written += n; err != nil { // nothing more fits
			break
		}
	}
	if n := unacknowledged(); n == 0 || n >= written {
		t.Errorf("%d octets of %d", n, written)
	}
	if _, err := io.CopyN(io.Discard, peer, int64(written)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); unacknowledged() > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d octets after the peer has read all", unacknowledged())
		}
	}
	if _, err := (transport.System{}).Unacknowledged(new(net.IPConn)); err == nil {
		t.Error("a number for a connection without a socket")
	}
}
