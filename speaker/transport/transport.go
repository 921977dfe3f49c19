// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package transport opens and accepts the TCP connections of BGP sessions, with the socket options that a session's
// configuration asks for: source address, TTL and GTSM (RFC 5082), TCP MD5 signatures (RFC 2385), user timeout (RFC 5482).
package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// ErrUnsupported says that this platform lacks a socket option. A session never starts without an option that it needs.
var ErrUnsupported = errors.New("not supported on this platform")

// SocketOptions are the socket options of one connection.
type SocketOptions struct {
	// TTL of outgoing packets (hop limit for IPv6), 0 for the system's default.
	TTL int
	// MinTTL is the least TTL of incoming packets: the kernel drops packets with less (RFC 5082 §3). 0 accepts all.
	MinTTL int
	// UserTimeout is how long written octets may stay unacknowledged, or unsent because the peer's window is closed, until
	// the kernel gives up the connection (RFC 5482 §2). 0 is the system's own rule.
	UserTimeout time.Duration
	// Auth is how segments are authenticated in both directions.
	Auth Auth
}

// Transport is how a speaker reaches its peers. System is the kernel's; tests have one in memory.
type Transport interface {
	// Dial connects to remote from local, the zero Addr for the system's choice. It ends with ctx.
	Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort, o SocketOptions) (net.Conn, error)
	// Listen accepts connections at local, of local's address family alone. It answers with a TTL of 255: a peer with GTSM
	// drops a SYN-ACK with less (RFC 5082 §3), and other peers ignore the TTL. Configure sets the TTL of each accepted connection.
	Listen(ctx context.Context, local netip.AddrPort) (Listener, error)
	// Configure sets the options of an accepted connection before anything is read from it, or new options on a live one. It
	// does not set Auth: an accepted connection has that of its listener.
	// MinTTL applies to packets that arrive from then on. Octets that arrived before came from the host that completed
	// TCP's handshake.
	Configure(conn net.Conn, o SocketOptions) error
	// Unacknowledged returns how many of the octets written to conn the peer has not acknowledged yet. The error is
	// ErrUnsupported where the system cannot say.
	Unacknowledged(conn net.Conn) (int, error)
	// SharedLink reports whether remote is in the subnet of local, and so on the same link, and which link-local address we have there,
	// if any (RFC 2545 §3).
	SharedLink(local, remote netip.Addr) (linkLocal netip.Addr, shared bool)
}

// Listener accepts connections of one address family.
type Listener interface {
	// Accept waits for the next connection. One goroutine calls it.
	Accept() (net.Conn, error)
	// Addr is the listener's own address and port.
	Addr() netip.AddrPort
	// SetAuth makes the kernel refuse segments of a peer that are not authenticated so from now on. A connection
	// that was on its way before the key was set is not Fresh. After an error no connection of the peer is Fresh.
	SetAuth(peer netip.Addr, a Auth) error
	// Fresh reports whether conn, from this listener, was accepted after the newest key of its peer was set. The kernel
	// delivers octets from before the key unverified: the caller closes a connection that is not Fresh, unread.
	Fresh(conn net.Conn) bool
	// Close ends a blocked Accept.
	Close() error
}
