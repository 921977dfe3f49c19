// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// A second connection of the peer while a session is Established: RFC 4271 §6.8, RFC 4724 §4.2.

package speaker

import (
	"context"
	"net"
	"sync"

	"github.com/herald-bgp/herald/speaker/wire"
)

// second handles the connections that the peer opens while the session is Established. RFC 4724 §4.2: with graceful restart
// negotiated a peer that opens a new connection has restarted, and the new one replaces the old silently. It must have shown
// a valid OPEN and its KEEPALIVE first: a connection that the peer itself gives up, as in a collision, or that a stranger
// opened, replaces nothing. Without graceful restart it gets Cease/7.
type second struct {
	s           *session
	group       sync.WaitGroup
	confirmed   chan *contender
	cancel      context.CancelCauseFunc
	replacement *contender
}

func newSecond(s *session) *second { return &second{s: s, confirmed: make(chan *contender)} }

// accept starts the handshake. It outlasts ctx, for wait to decide about.
func (n *second) accept(ctx context.Context, conn net.Conn) {
	s := n.s
	cfg := s.config.Load()
	if n.replacement != nil || cfg.idle() || !cfg.accepts() || s.transport.Configure(conn, cfg.socketOptions()) != nil {
		conn.Close()
		return
	}
	if n.cancel != nil {
		n.cancel(errCollision)
	}
	ctx, n.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	ours := localOpen(&cfg.Peer, cfg.routerID, s.restartState(cfg), true)
	n.group.Go(func() {
		c, err := n.handshake(ctx, cfg, conn, ours)
		if err != nil {
			s.log.Info("second connection of the peer closed", "error", err.Error())
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
	if !n.s.negotiated.GracefulRestart {
		return nil, c.reject(ctx, errCollision)
	}
	if err := c.confirm(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// wait ends what is not decided yet.
func (n *second) wait() {
	if n.cancel != nil {
		n.cancel(errCollision)
	}
	n.group.Wait()
}
