// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// descriptors counts this process's open file descriptors.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("file descriptors cannot be counted here: %v", err)
	}
	return len(entries)
}

// After 1,000 dials that were cancelled at any moment no descriptor is left open.
func TestCancelledDialsLeaveNothing(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	remote := l.Addr().(*net.TCPAddr).AddrPort()
	// The runtime's poller is up after the first.
	dialAndCancel(t, remote, time.Second)
	before := descriptors(t)
	for i := range 1000 {
		dialAndCancel(t, remote, time.Duration(i)*200*time.Nanosecond)
	}
	l.Close()
	<-accepted
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

func dialAndCancel(t *testing.T, remote netip.AddrPort, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer time.AfterFunc(after, cancel).Stop()
	conn, err := transport.System{}.Dial(ctx, netip.Addr{}, remote, transport.SocketOptions{TTL: 1})
	if err == nil {
		conn.Close()
	} else if ctx.Err() == nil {
		t.Fatalf("dial: %v", err)
	}
}

// Two speakers over the kernel's sockets: when Run has returned, in either way to end, nothing of them is left.
func TestRunLeavesNothing(t *testing.T) {
	for name, cause := range map[string]error{"restart": context.Canceled, "decommission": speaker.ErrDecommission} {
		t.Run(name, func(t *testing.T) {
			before := descriptors(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			here, there := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
			port := freePort(t)
			done := make(chan error, 2)
			a := speaker.New(speaker.Options{Listen: []netip.AddrPort{netip.AddrPortFrom(here, port)}})
			b := speaker.New(speaker.Options{Listen: []netip.AddrPort{netip.AddrPortFrom(there, port)}})
			for _, s := range []*speaker.Speaker{a, b} {
				go func() { done <- s.Run(ctx) }()
			}
			apply(t, a, here, there, port, 64512, 64500)
			apply(t, b, there, here, port, 64500, 64512)
			for _, s := range []*speaker.Speaker{a, b} {
				waitFor(t, s, func(p speaker.PeerSnapshot) bool { return p.Routes.Token != nil })
			}
			cancel(cause)
			for range 2 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			goleak.VerifyNone(t, goleak.IgnoreCurrent())
			if after := descriptors(t); after > before+2 { // the poller's own
				t.Errorf("%d descriptors, %d before", after, before)
			}
		})
	}
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

func apply(t *testing.T, s *speaker.Speaker, local, remote netip.Addr, port uint16, localASN, peerASN uint32) {
	t.Helper()
	p := peerConfig(func(p *given) {
		p.Address, p.LocalAddress = netip.AddrPortFrom(remote, port), local
		p.LocalASN, p.PeerASN = localASN, peerASN
		p.Auth = transport.MD5("a key for both")
	})
	if err := s.Apply(configAs(local, p)); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until the snapshot of the peer is as wanted.
func waitFor(t *testing.T, s *speaker.Speaker, wanted func(speaker.PeerSnapshot) bool) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		snapshot, ok := peerNamed(s, "tor")
		if ok && wanted(snapshot) {
			return
		}
		select {
		case <-s.Changed():
			s.TakeChanged()
		case <-timeout:
			t.Fatalf("never as wanted: %+v, error %+v", snapshot, snapshot.LastError)
		}
	}
}
