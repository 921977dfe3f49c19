// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Listen implements Transport.
func (System) Listen(ctx context.Context, local netip.AddrPort) (Listener, error) {
	lc := net.ListenConfig{
		KeepAlive: -1,
		Control: func(_, _ string, c syscall.RawConn) error {
			return control(c, func(fd int) error { return setOptions(fd, local.Addr(), SocketOptions{TTL: maxTTL}) })
		},
	}
	// Go's listeners are MPTCP by default, and TCP_MD5SIG fails on those.
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(ctx, network(local.Addr()), local.String())
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		l.Close()
		return nil, fmt.Errorf("listen %s: %T: %w", local, l, ErrUnsupported)
	}
	return &listener{tcp: tcp, keyed: map[netip.Addr]uint64{}}, nil
}

// listener distinguishes connections that came before a peer's key from later ones. An epoch numbers the keys. The
// accepting goroutine stamps each connection with the newest epoch that certainly began before the connection came:
// a new epoch becomes known only when every connection that was in the accept queue after the key was set has left it.
type listener struct {
	tcp *net.TCPListener

	mu    sync.Mutex            // a leaf
	epoch uint64                // of the newest key
	keyed map[netip.Addr]uint64 // epoch of each peer's newest key

	// Owned by the goroutine in Accept.
	known  uint64 // the next connection from the queue is later than this key
	target uint64 // becomes known when the queued connections are out
	queued int    // how many of the queued connections are still to come
}

// accepted is a connection with the epoch that it is known to be later than.
type accepted struct {
	*net.TCPConn
	epoch uint64
}

// Accept implements Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		if l.queued == 0 {
			l.known = l.target
		}
		conn, err := l.tcp.AcceptTCP()
		if err == nil {
			c := &accepted{TCPConn: conn, epoch: l.known}
			l.queued = max(l.queued-1, 0)
			return c, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, err
		}
		if err := l.woken(); err != nil {
			return nil, err
		}
	}
}

// woken takes notice of the keys that SetAuth set.
func (l *listener) woken() error {
	// The deadline goes first: a key that is set between these two steps sets it again.
	if err := l.tcp.SetDeadline(time.Time{}); err != nil {
		return err
	}
	l.mu.Lock()
	l.target = l.epoch
	l.mu.Unlock()
	raw, err := l.tcp.SyscallConn()
	if err != nil {
		return err
	}
	return control(raw, func(fd int) error {
		l.queued, err = backlog(fd)
		return err
	})
}

// SetAuth implements Listener. From then on the kernel drops the peer's unsigned segments (RFC 2385 §2).
func (l *listener) SetAuth(peer netip.Addr, a Auth) error {
	raw, err := l.tcp.SyscallConn()
	if err != nil {
		return err
	}
	err = control(raw, func(fd int) error { return setAuth(fd, peer, a) })
	l.mu.Lock()
	if err != nil {
		l.keyed[peer] = never
	} else {
		l.epoch++
		l.keyed[peer] = l.epoch
	}
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return l.tcp.SetDeadline(time.Unix(1, 0))
}

// never is the epoch of a key that the kernel refused.
const never = ^uint64(0)

// Fresh implements Listener.
func (l *listener) Fresh(conn net.Conn) bool {
	c, ok := conn.(*accepted)
	if !ok {
		return false
	}
	remote := addrOf(c.RemoteAddr()).Addr()
	l.mu.Lock()
	defer l.mu.Unlock()
	return c.epoch >= l.keyed[remote]
}

// Addr implements Listener.
func (l *listener) Addr() netip.AddrPort { return addrOf(l.tcp.Addr()) }

// Close implements Listener.
func (l *listener) Close() error { return l.tcp.Close() }
