// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// On kernel sockets: the withdrawals and the Cease of a decommission arrive, also at a peer that reads slowly and has sent
// something that nobody reads any more.
func TestDecommissionArrives(t *testing.T) {
	l := listenWithSmallBuffer(t)
	s := speaker.New(speaker.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	const routes = 1 << 16
	p := peerConfig(active, func(p *given) {
		manyRoutes(p)
		p.Address = l.Addr().(*net.TCPAddr).AddrPort()
	})
	if err := s.Apply(config(p)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q := bgptest.NewPeer(t, conn)
	q.Handshake(theirOpen(true))
	countUntil(t, q, endOfRIB)
	cancel(speaker.ErrDecommission)
	q.Send(wire.AppendKeepalive(nil))
	withdrawn := countUntil(t, q, func(u *wire.Update) (n int, end bool) {
		for range wire.Prefixes(wire.IPv4Unicast, u.Withdrawn) {
			n++
		}
		return n, false
	})
	if withdrawn != routes {
		t.Errorf("%d routes withdrawn before the NOTIFICATION, want %d", withdrawn, routes)
	}
	conn.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// listenWithSmallBuffer listens on a kernel socket that takes little from a peer that is not read from.
func listenWithSmallBuffer(t *testing.T) net.Listener {
	t.Helper()
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		controlErr := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8192) })
		if err == nil {
			err = controlErr
		}
		return err
	}}
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// slowConn delivers so many octets a second (of the bubble's clock).
type slowConn struct {
	net.Conn
	rate int // 0: nothing ever
}

func (c *slowConn) Read(b []byte) (int, error) {
	if c.rate == 0 {
		return 0, io.EOF
	}
	time.Sleep(100 * time.Millisecond)
	return c.Conn.Read(b[:min(len(b), c.rate/10)])
}

// The withdrawals of a decommission go on as long as the peer reads them, and a NOTIFICATION ends them wherever a message
// does: a peer that is told nothing keeps the routes for its restart time.
func TestDecommissionOfASlowPeer(t *testing.T) {
	const routes = 1 << 16 // 4 octets each, announced and withdrawn
	for name, test := range map[string]struct {
		rate int
		all  bool          // are withdrawn
		told bool          // of the end
		most time.Duration // that it takes
	}{
		"slow":                   {16 << 10, true, true, time.Minute},
		"too slow for all":       {1200, false, true, 3 * time.Minute},
		"reads nothing any more": {0, false, false, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(active, manyRoutes)))
				p := bgptest.Accept(w, l)
				p.Handshake(theirOpen(true))
				countUntil(t, p, endOfRIB)
				p.Conn.SetReadDeadline(time.Time{})
				slow := bgptest.NewPeer(t, &slowConn{Conn: p.Conn, rate: test.rate})
				began, told := time.Now(), false
				withdrawn := 0
				var group sync.WaitGroup
				group.Go(func() { withdrawn, told = withdrawals(t, slow) })
				w.stop(speaker.ErrDecommission)
				if took := time.Since(began); took > test.most {
					t.Errorf("took %v", took)
				}
				group.Wait()
				p.Conn.Close()
				if told != test.told || (withdrawn == routes) != test.all {
					t.Errorf("%d routes withdrawn, NOTIFICATION %v", withdrawn, told)
				}
			})
		})
	}
}

// A session that is in the middle of its first routes is decommissioned too: the message that is under way is finished.
func TestDecommissionInMidWalk(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig(active, manyRoutes)))
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		p := bgptest.NewPeer(t, &slowConn{Conn: conn, rate: 16 << 10})
		p.Handshake(theirOpen(true)) // the window is full now
		var group sync.WaitGroup
		var told bool
		group.Go(func() { _, told = withdrawals(t, p) })
		w.stop(speaker.ErrDecommission)
		group.Wait()
		p.Conn.Close()
		if !told {
			t.Error("no NOTIFICATION")
		}
	})
}

// RFC 8538 §4 and §5.1: where both sides keep routes over a NOTIFICATION, an end for good is a Hard Reset that wraps the Cease.
func TestDecommissionIsAHardReset(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"process": func(w *world) { w.stop(speaker.ErrDecommission) },
		"removed": func(w *world) { w.apply(config()) },
		"admin down": func(w *world) {
			w.apply(config(peerConfig(func(p *given) { p.AdminDown, p.DownText = true, "maintenance" })))
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig(func(p *given) { p.GracefulRestart.Notifications = true })))
				open := theirOpen(true)
				open.Capabilities.GracefulRestart.Notifications = true
				p := w.establish(l, open)
				end(w)
				w.expectWithdrawal(p)
				n := p.ExpectNotification(wire.CodeCease, wire.CeaseHardReset)
				if inner := n.Reason(); inner.Code != wire.CodeCease || inner.Subcode != wire.CeaseAdminShutdown || inner.CeaseText() == "" {
					t.Errorf("wraps %v %x", inner, inner.Data)
				}
			})
		})
	}
}

func manyRoutes(p *given) {
	p.Export.Announcements = []*rib.Announcement{{
		ID: "many", Name: "many", Attributes: rib.Attributes{NextHop4: us},
		Prefixes: rib.NewPrefixes(rib.PrefixRange{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Length: 24}),
	}}
}

func endOfRIB(u *wire.Update) (int, bool) {
	_, end := u.EndOfRIB()
	return 0, end
}

// withdrawals counts those until the connection ends, and tells whether a NOTIFICATION was the last.
func withdrawals(t *testing.T, p *bgptest.Peer) (n int, told bool) {
	for {
		m, err := p.Next()
		if err != nil {
			return n, told
		}
		told = m.Type() == wire.TypeNotification
		if m.Type() != wire.TypeUpdate {
			continue
		}
		var u wire.Update
		options := wire.UpdateOptions{AS4: true, EBGP: true, Families: []wire.Family{wire.IPv4Unicast}}
		if err := wire.ParseUpdate(m.Body(), options, &u); err != nil {
			t.Error(err)
			return n, told
		}
		for range wire.Prefixes(wire.IPv4Unicast, u.Withdrawn) {
			n++
		}
	}
}

// countUntil reads UPDATEs until count says that it was the last, or a NOTIFICATION comes.
func countUntil(t *testing.T, p *bgptest.Peer, count func(*wire.Update) (n int, end bool)) int {
	t.Helper()
	total := 0
	for {
		m, err := p.Next()
		if err != nil {
			t.Fatalf("after %d: %v", total, err)
		}
		if m.Type() == wire.TypeNotification {
			return total
		}
		if m.Type() != wire.TypeUpdate {
			continue
		}
		var u wire.Update
		options := wire.UpdateOptions{AS4: true, EBGP: true, Families: []wire.Family{wire.IPv4Unicast}}
		if err := wire.ParseUpdate(m.Body(), options, &u); err != nil {
			t.Fatal(err)
		}
		n, end := count(&u)
		if total += n; end {
			return total
		}
	}
}
