// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// A second connection of the peer while a session is Established: RFC 4271 §6.8, RFC 4724 §4.2.

package speaker

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// second handles the connections that the peer opens while the session is Established. RFC 4724 §4.2: with graceful restart
// negotiated a peer that opens a new connection has restarted, and the new one replaces the old silently. It must have shown
// a valid OPEN and its KEEPALIVE first: a connection that the peer itself gives up, as in a collision, or that a stranger
// opened, replaces nothing. Without graceful restart it gets Cease/7, unless the session has ended meanwhile.
type second struct {
	s           *session
	group       sync.WaitGroup
	confirmed   chan *contender
	over        atomic.Bool // the session has ended
	replacement *contender

	// Of the newest connection; nil before the first.
	cfg    *peerConfig
	cancel context.CancelCauseFunc
	done   chan struct{}
}

func newSecond(s *session) *second { return &second{s: s, confirmed: make(chan *contender)} }

// accept starts the handshake. It outlasts ctx: see outcome.
func (n *second) accept(ctx context.Context, i *incoming) {
	s := n.s
	cfg := s.config.Load()
	if n.replacement != nil || cfg.idle() || !cfg.accepts() || !i.fresh() ||
		s.transport.Configure(i.conn, cfg.socketOptions()) != nil {
		i.conn.Close()
		return
	}
	if n.cancel != nil {
		n.cancel(errCollision)
	}
	ctx, n.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	n.cfg, n.done = cfg, make(chan struct{})
	done := n.done
	ours := localOpen(&cfg.Peer, cfg.routerID, s.restartState(cfg), true)
	n.group.Go(func() {
		defer close(done)
		c, err := n.handshake(ctx, cfg, i.conn, ours)
		if err != nil {
			s.lines.seconds.info(s.log, "second connection of the peer closed", "error", err.Error())
			return
		}
		select {
		case n.confirmed <- c:
		case <-ctx.Done():
			c.reject(ctx, errCollision)
		}
	})
}

func (n *second) handshake(ctx context.Context, cfg *peerConfig, conn net.Conn, ours *wire.Open) (*contender, error) {
	c, err := n.s.exchangeOpens(ctx, cfg, conn, false, ours)
	if err != nil {
		return nil, err
	}
	if !n.s.negotiated.GracefulRestart && !n.over.Load() {
		return nil, c.reject(ctx, errCollision)
	}
	if err := c.confirm(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// reconsider ends the handshake where the newest configuration forbids it.
func (n *second) reconsider() {
	if n.cancel == nil {
		return
	}
	if cause := n.s.config.Load().outdates(n.cfg); cause != nil {
		n.cancel(cause)
	}
}

// outcomeTimeout bounds how long a connection that has not come to an OPEN and a KEEPALIVE is waited for once the session
// has ended. One that stays silent, as of a peer that lost power meanwhile, would keep the peer from being connected to
// until the hold timer of OpenSent expires.
const outcomeTimeout = 5 * time.Second

// outcome waits for what becomes of the newest connection once the session has ended: it may be all that is left. One that
// the peer opens now is newer still.
func (n *second) outcome(ctx context.Context) *contender {
	if n.cancel == nil {
		return nil
	}
	if n.replacement != nil { // perhaps just as the session ended for another reason
		n.group.Wait()
		return n.replacement
	}
	n.over.Store(true)
	n.s.publish(StateOpenSent)
	late := time.NewTimer(outcomeTimeout)
	defer late.Stop()
	var c *contender
	for waiting := true; waiting; {
		select {
		case c = <-n.confirmed:
			waiting = false
		case <-n.done:
			waiting = false
		case <-ctx.Done():
			waiting = false
		case <-late.C:
			waiting = false
		case <-n.s.retained.due():
			n.s.retained.advance(n.s.peer)
		case <-n.s.updated:
			n.reconsider()
		case <-n.s.accepted:
			switch i := n.s.inbox.take(); {
			case n.s.damped():
				i.discard()
			case i != nil:
				n.accept(ctx, i)
			}
		}
	}
	cause := context.Cause(ctx)
	if cause == nil {
		cause = errCollision
	}
	n.stop(ctx, cause)
	return c
}

// stop ends what is not decided yet, and a replacement that nobody wants any more.
func (n *second) stop(ctx context.Context, cause error) {
	if n.cancel != nil {
		n.cancel(cause)
	}
	n.group.Wait()
	if n.replacement != nil {
		n.replacement.reject(ctx, cause)
	}
}
