// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// From a TCP connection to Established: OpenSent and OpenConfirm of RFC 4271 §8.2.2.

package speaker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
)

// contender is a connection that may become the session.
type contender struct {
	peer       *peer
	cfg        *peerConfig // that its OPEN was made from
	conn       net.Conn
	reader     *wire.Reader
	dialled    bool
	ours, open *wire.Open // sent and received
	negotiated Negotiated
}

// farewellTimeout bounds the last writes to a connection.
const farewellTimeout = time.Second

// past is a deadline that ends a blocked read at once.
var past = time.Unix(1, 0)

// interruptRead ends a blocked read when ctx ends. The returned function ends the watch; after it the deadline is the
// caller's alone.
func interruptRead(ctx context.Context, conn net.Conn) (stop func()) {
	return onDone(ctx, func() { conn.SetReadDeadline(past) })
}

// interruptWrite ends a blocked write when ctx has ended for farewellTimeout. The returned function ends the watch; after
// it the deadline is the caller's alone.
func interruptWrite(ctx context.Context, conn net.Conn) (stop func()) {
	return onDone(ctx, func() { conn.SetWriteDeadline(time.Now().Add(farewellTimeout)) })
}

// onDone calls f when ctx ends. When the returned function returns, f either never runs or has returned.
func onDone(ctx context.Context, f func()) (stop func()) {
	done := make(chan struct{})
	stopAfter := context.AfterFunc(ctx, func() {
		defer close(done)
		f()
	})
	return sync.OnceFunc(func() {
		if !stopAfter() {
			<-done
		}
	})
}

// armRead sets the read deadline, and looks at ctx again: interruptRead may have come just before.
func armRead(ctx context.Context, conn net.Conn, deadline time.Time) {
	conn.SetReadDeadline(deadline)
	if ctx.Err() != nil {
		conn.SetReadDeadline(past)
	}
}

// exchangeOpens sends our OPEN and reads the peer's, up to OpenConfirm. It closes the connection on error.
func (p *peer) exchangeOpens(ctx context.Context, cfg *peerConfig, conn net.Conn, dialled bool, ours *wire.Open) (*contender, error) {
	c := &contender{peer: p, cfg: cfg, conn: conn, reader: wire.NewReader(conn), dialled: dialled, ours: ours}
	stop := interruptRead(ctx, conn)
	err := c.takeOpen(ctx)
	stop()
	if err != nil {
		return nil, c.reject(ctx, err)
	}
	return c, nil
}

func (c *contender) takeOpen(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := c.write(c.ours.Append(nil)); err != nil {
		return fmt.Errorf("send OPEN: %w", err)
	}
	armRead(ctx, c.conn, time.Now().Add(openHold))
	t, body, err := c.next()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errHoldTimer
	}
	if err != nil {
		return fmt.Errorf("wait for OPEN: %w", protocolError(err))
	}
	switch t {
	case wire.TypeOpen:
	case wire.TypeNotification:
		return c.notified(body)
	default:
		// RFC 6608 §3: the message that was unexpected is the data.
		return unexpected(wire.FSMUnexpectedInOpenSent, t, "OpenSent")
	}
	if err := c.judge(body); err != nil {
		c.peer.lines.messages.message(c.peer.log, t, body, err)
		return err
	}
	if c.ours.Capabilities.ExtendedMessage {
		// RFC 8654 §4: a speaker that offers it MUST be capable of receiving up to 65,535 octets. OPEN and KEEPALIVE stay as they are.
		c.reader.SetMaxLen(wire.MaxExtendedMessageLen)
	}
	return nil
}

// judge reads the peer's OPEN and negotiates the session's parameters.
func (c *contender) judge(body []byte) (err error) {
	if c.open, err = wire.ParseOpen(body); err != nil {
		return fmt.Errorf("peer's OPEN: %w", protocolError(err))
	}
	c.negotiated, err = negotiate(&c.cfg.Peer, c.ours, c.open)
	return err
}

// confirm sends the KEEPALIVE that accepts the peer's OPEN and waits for the peer's (OpenConfirm).
func (c *contender) confirm(ctx context.Context) error {
	stop := interruptRead(ctx, c.conn)
	err := c.awaitKeepalive(ctx)
	stop()
	if err != nil {
		return c.reject(ctx, err)
	}
	return nil
}

func (c *contender) awaitKeepalive(ctx context.Context) error {
	if err := c.write(wire.AppendKeepalive(nil)); err != nil {
		return fmt.Errorf("send KEEPALIVE: %w", err)
	}
	hold := c.negotiated.HoldTime
	if hold == 0 {
		hold = openHold // no timer is negotiated, but a connection on which the peer sends nothing is not kept
	}
	for expiry := time.Now().Add(hold); ; {
		deadline := expiry
		if interval := keepaliveAfter(c.negotiated.Keepalive, c.peer.shared.jitter); interval > 0 {
			deadline = earlier(expiry, time.Now().Add(interval))
		}
		armRead(ctx, c.conn, deadline)
		t, body, err := c.next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !time.Now().Before(expiry) {
				return errHoldTimer
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := c.write(wire.AppendKeepalive(nil)); err != nil {
				return fmt.Errorf("send KEEPALIVE: %w", err)
			}
		case err != nil:
			return fmt.Errorf("wait for KEEPALIVE: %w", protocolError(err))
		case t == wire.TypeKeepalive:
			return nil
		case t == wire.TypeNotification:
			return c.notified(body)
		default:
			return unexpected(wire.FSMUnexpectedInOpenConfirm, t, "OpenConfirm")
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (c *contender) next() (wire.MessageType, []byte, error) {
	t, body, err := c.reader.Next()
	if err == nil {
		c.peer.messages.received[t].Add(1)
	}
	return t, body, err
}

// write is for the small messages of the handshake, which fit any socket's buffer.
func (c *contender) write(b []byte) error {
	c.conn.SetWriteDeadline(time.Now().Add(farewellTimeout))
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	countMessages(&c.peer.messages.sent, b)
	return nil
}

// notified is the error of a NOTIFICATION from the peer.
func (c *contender) notified(body []byte) error {
	n, err := wire.ParseNotification(body)
	if err != nil {
		return fmt.Errorf("peer's NOTIFICATION: %w", err)
	}
	e := &peerError{notification: n}
	if n.Code == wire.CodeOpen {
		e.detail = c.offered(&n)
	}
	reason := n.Reason()
	if reason != &n { // RFC 8538 §3.1, §3.2: the NOTIFICATION that a Hard Reset wraps
		e.detail = reason.Error()
	}
	if text := reason.CeaseText(); text != "" {
		e.detail = strings.TrimSpace(fmt.Sprintf("%s %q", e.detail, text))
	}
	return e
}

// maxNeeded bounds how many of the capabilities that a peer demands are listed.
const maxNeeded = 8

// offered is the value in our OPEN that the peer refuses, or the capability that it misses there.
func (c *contender) offered(n *wire.Notification) string {
	switch n.Subcode {
	case wire.OpenUnsupportedVersion:
		return fmt.Sprintf("we speak version %d", c.ours.Version)
	case wire.OpenBadPeerAS:
		return fmt.Sprintf("we are AS %d and expect %s", c.cfg.LocalASN, expectedAS(&c.cfg.Peer))
	case wire.OpenBadIdentifier:
		return fmt.Sprintf("ours is %v", c.ours.RouterID)
	case wire.OpenUnacceptableHoldTime:
		return fmt.Sprintf("we offer %d s", c.ours.HoldTime)
	case wire.OpenUnsupportedCapability: // RFC 5492 §5
		if needed := n.UnsupportedCapabilities(); len(needed) > 0 {
			return fmt.Sprintf("the peer needs the capabilities %v", needed[:min(len(needed), maxNeeded)])
		}
	case wire.OpenRoleMismatch:
		if role := c.cfg.role(); role != nil {
			return fmt.Sprintf("our role is %v", *role)
		}
		return "we tell no role"
	}
	return ""
}

// heard adds a NOTIFICATION from the peer to the reason why a connection ends. The NOTIFICATION may be the last message read, may be
// unread behind a message that ends the session, or may have come before the peer closed a connection that we still wrote to (RFC
// 4271 §6.4: it is not answered, but brought to people's notice).
func (c *contender) heard(reason, read error) error {
	var remote *peerError
	switch {
	case errors.As(reason, &remote):
		return reason
	case errors.As(read, &remote):
		return fmt.Errorf("%w; %w", reason, read)
	}
	broken := errors.Is(reason, syscall.EPIPE) || errors.Is(reason, syscall.ECONNRESET)
	if broken {
		c.conn.SetReadDeadline(time.Now().Add(lastLook))
	}
	for broken || c.reader.Pending() {
		t, body, err := c.next()
		if err != nil {
			return reason
		}
		if t == wire.TypeNotification {
			return fmt.Errorf("%w; %w", reason, c.notified(body))
		}
	}
	return reason
}

func expectedAS(cfg *Peer) string {
	switch {
	case cfg.PeerASN != 0:
		return fmt.Sprintf("AS %d", cfg.PeerASN)
	case cfg.PeerType == PeerTypeInternal:
		return "our own AS"
	}
	return "another AS"
}

// reject ends the connection, with a NOTIFICATION to the peer if the reason has one. It returns the reason.
func (c *contender) reject(ctx context.Context, reason error) error {
	if ctx.Err() != nil {
		reason = context.Cause(ctx)
	} else {
		reason = c.heard(reason, nil)
	}
	agreed := c.negotiated
	agreed.GracefulRestart = c.ours.Capabilities.GracefulRestart != nil // the peer may count the session as Established
	if n := farewell(reason, &agreed); n != nil && !errors.Is(reason, errRekeyed) {
		// The connection is lost either way.
		_ = c.write(n.Append(nil))
		c.peer.closing.linger(c.conn, farewellTimeout)
		return reason
	}
	c.conn.Close()
	return reason
}

// unexpected is a message that the state does not allow (RFC 4271 §6.6); the data is its type (RFC 6608 §3).
func unexpected(subcode uint8, t wire.MessageType, state string) error {
	return &localError{
		notification: wire.Notification{Code: wire.CodeFSM, Subcode: subcode, Data: []byte{byte(t)}},
		text:         fmt.Sprintf("unexpected %v in state %s", t, state),
	}
}

// socketOptions are the options of a connection to the peer. The kernel gives the connection up only after the send hold timer
// would have ended it, since the send hold timer reports the reason (RFC 9687).
func (p *Peer) socketOptions() transport.SocketOptions {
	return transport.SocketOptions{
		TTL: p.ttl(), MinTTL: p.minTTL(), UserTimeout: userTimeout(p.sendHold(p.hold())), Auth: p.Auth,
	}
}

// userTimeout is the user timeout for a send hold time: well above it, and the system's own rule if there is none.
func userTimeout(sendHold time.Duration) time.Duration { return 2 * sendHold }
