// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// A second connection of the peer while a session is Established: RFC 4271 §6.8, RFC 4724 §4.2.

package speaker

import (
	"context"
	"time"
)

// liveSession is the session beside which a connector has handshakes with the peer, which opens further connections. RFC 4724
// §4.2: with graceful restart negotiated a peer that opens a new connection has restarted, and the new one replaces the old
// silently. It must have shown a valid OPEN and its KEEPALIVE first: a connection that the peer itself gives up, as in a
// collision, or that a stranger opened, replaces nothing. Without graceful restart it gets Cease/7, unless the session has ended
// meanwhile.
type liveSession struct {
	negotiated  *Negotiated
	over        bool       // the session has ended
	replacement *contender // that the peer confirmed
}

// refuses reports whether a connection with an acceptable OPEN gets Cease/7 (RFC 4271 §6.8).
func (e *liveSession) refuses() bool { return !e.negotiated.GracefulRestart && !e.over }

// beside returns the connector for other connections of the peer while a session is Established. They outlast the session: see
// outcome.
func (p *peer) beside(negotiated *Negotiated) *connector {
	return &connector{peer: p, cfg: p.config.Load(), events: make(chan event), live: &liveSession{negotiated: negotiated}}
}

// acceptSecond starts the handshake on another connection of the peer.
func (k *connector) acceptSecond(ctx context.Context, i *incoming) {
	cfg := k.config.Load()
	if k.live.replacement != nil || cfg.idle() || !cfg.accepts() || !i.fresh() ||
		k.shared.transport.Configure(i.conn, cfg.socketOptions()) != nil {
		i.conn.Close()
		return
	}
	if k.incoming != nil {
		k.closeSecond(k.incoming, errCollision)
	}
	k.cfg = cfg
	k.exchange(k.enter(context.WithoutCancel(ctx), false), i.conn)
}

// closeSecond ends the handshake on another connection of the peer.
func (k *connector) closeSecond(a *attempt, cause error) {
	k.leave(a, cause)
	k.lines.seconds.info(k.log, "second connection of the peer closed", "error", cause.Error())
}

// reconsider ends the handshake where the newest configuration forbids it.
func (k *connector) reconsider() {
	if k.incoming == nil {
		return
	}
	if cause := k.config.Load().outdates(k.cfg); cause != nil {
		k.closeSecond(k.incoming, cause)
	}
}

// outcomeTimeout bounds how long a connection that has not come to an OPEN is waited for once the session has ended. One that stays
// silent, as of a peer that lost power meanwhile, would keep the peer from being connected to until the hold timer of OpenSent
// expires. In OpenConfirm the peer may be Established already, and its KEEPALIVE on the way: there the hold timer bounds the wait.
const outcomeTimeout = 5 * time.Second

// outcome waits for what becomes of the newest connection once the session has ended: it may be all that is left. One that
// the peer opens now is newer still.
func (k *connector) outcome(ctx context.Context) *contender {
	if c := k.live.replacement; c != nil { // perhaps just as the session ended for another reason
		k.live.replacement = nil
		k.stop(ctx, errCollision)
		return c
	}
	k.live.over = true
	if k.incoming != nil {
		k.publish(StateOpenSent)
	}
	late := time.NewTimer(outcomeTimeout)
	defer late.Stop()
	cause := error(errCollision)
	var c *contender
	for waiting := true; waiting && c == nil && k.incoming != nil; {
		select {
		case <-ctx.Done():
			cause, waiting = context.Cause(ctx), false
		case <-late.C:
			waiting = k.incoming.state == StateOpenConfirm
		case e := <-k.events:
			c = k.handle(e)
		case <-k.retained.due():
			k.retained.advance(k.peer)
		case <-k.updated:
			k.reconsider()
		case <-k.accepted:
			switch i := k.inbox.take(); {
			case k.damped():
				i.discard()
			case i != nil:
				k.acceptSecond(ctx, i)
				late.Reset(outcomeTimeout)
			}
		}
	}
	k.stop(ctx, cause)
	return c
}

// stop ends a second connection that is not decided yet, and a replacement that nobody wants any more.
func (k *connector) stop(ctx context.Context, cause error) {
	if k.incoming != nil {
		k.closeSecond(k.incoming, cause)
	}
	k.group.Wait()
	if k.live.replacement != nil {
		k.live.replacement.reject(ctx, cause)
	}
}
