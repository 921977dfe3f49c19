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

// ErrUnsupported says that this platform lacks a socket option. A session that needs one never starts without it.
var ErrUnsupported = errors.New("not supported on this platform")

// MaxMD5KeyLen is the longest TCP MD5 key in octets that kernels take: what RFC 2385 §4.5 wants at least.
const MaxMD5KeyLen = 80

// SocketOptions are those of one connection.
type SocketOptions struct {
	// TTL of outgoing packets (hop limit for IPv6), 0 for the system's default.
	TTL int
	// MinTTL is the least TTL of incoming packets: the kernel drops what has travelled further (RFC 5082 §3). 0 takes all.
	MinTTL int
	// UserTimeout is how long what was sent may stay unacknowledged, or unsent before a closed window, until the kernel
	// gives the connection up (RFC 5482 §2). 0 is the system's own rule.
	UserTimeout time.Duration
	// MD5Key signs every segment (RFC 2385), empty for none.
	MD5Key string
}

// Transport is how a speaker reaches its peers. System is the kernel's; tests have one in memory.
type Transport interface {
	// Dial connects to remote from local, the zero Addr for the system's choice. It ends with ctx.
	Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort, o SocketOptions) (net.Conn, error)
	// Listen accepts connections at local, of local's address family alone. It answers with a TTL of 255: a peer with GTSM
	// drops a SYN-ACK with less (RFC 5082 §3), and others do not look at it. What is accepted gets its own by Configure.
	Listen(ctx context.Context, local netip.AddrPort) (Listener, error)
	// Configure sets the options of an accepted connection before anything is read from it, or others on a live one. The
	// MD5 key is not among them: an accepted connection has it from its listener.
	// MinTTL is for what arrives from then on; what was there before came from whoever completed TCP's handshake.
	Configure(conn net.Conn, o SocketOptions) error
	// Unacknowledged is how many octets of what was written to conn the peer has not acknowledged yet. The error is
	// ErrUnsupported where the system does not tell.
	Unacknowledged(conn net.Conn) (int, error)
	// LinkLocal is our link-local address on the link that local and remote share; the zero Addr when they share none
	// (RFC 2545 §3).
	LinkLocal(local, remote netip.Addr) netip.Addr
}

// Listener accepts connections of one address family.
type Listener interface {
	// Accept waits for the next connection. One goroutine calls it.
	Accept() (net.Conn, error)
	// Addr is where it listens.
	Addr() netip.AddrPort
	// SetMD5Key makes the kernel refuse unsigned segments of a peer from now on; an empty key removes it. Connections
	// that were on their way before the key are not Fresh; after an error none of the peer is.
	SetMD5Key(peer netip.Addr, key string) error
	// Fresh reports whether conn, from this listener, was accepted after the newest key of its peer was set. What came
	// before it is delivered by the kernel unverified: such a connection is to be closed unread.
	Fresh(conn net.Conn) bool
	// Close ends a blocked Accept.
	Close() error
}
