// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Both ends connect: Connect and Active of RFC 4271 §8.2.2.

package speaker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// connect returns the one connection that reached OpenConfirm and was confirmed by the peer. It dials and accepts as the
// configuration says, until one is there; nil when the configuration changed or ctx ended before.
func (p *peer) connect(ctx context.Context, cfg *peerConfig) *contender {
	ctx, cancel := context.WithCancelCause(ctx)
	k := &connector{peer: p, cfg: cfg, events: make(chan event), redial: time.NewTimer(time.Until(p.nextDial))}
	defer k.group.Wait()
	defer k.redial.Stop()
	p.note(func(r *record) { r.describe(cfg) })
	c, cause := k.run(ctx)
	k.leaveAll(cause)
	cancel(cause)
	if c == nil {
		p.restartBackoff() // for what comes instead
	}
	return c
}

// connector coordinates at most two handshakes: one on a connection that we dialled, one on a connection that the peer did. Beside
// an Established session it coordinates those on further connections of the peer.
// One goroutine runs each step of a handshake; all decisions are made by the goroutine in run.
type connector struct {
	*peer
	cfg               *peerConfig
	group             sync.WaitGroup
	events            chan event
	dialled, incoming *attempt
	redial            *time.Timer // ConnectRetryTimer
	redialDue         bool        // an attempt to dial is to start as soon as it may: see redialIfDue
	noCapabilities    bool        // the peer refused an OPEN with capabilities
	// live is set beside an Established session: there the connector accepts, and does not dial.
	live *liveSession
}

// attempt is a handshake under way.
type attempt struct {
	ctx       context.Context
	cancel    context.CancelCauseFunc
	isDial    bool
	state     State
	running   bool        // a goroutine works on it, and closes its connection if it ends
	bare      bool        // its OPEN has no capabilities
	contender *contender  // from OpenConfirm on
	parked    *time.Timer // see park
}

// event is what happens while a connector runs: a connection, a contender, or an error.
type event struct {
	attempt   *attempt
	conn      net.Conn
	contender *contender
	confirmed bool
	err       error
}

// discard closes what nobody wants any more.
func (e *event) discard() {
	if e.conn != nil {
		e.conn.Close()
	}
	if e.contender != nil {
		e.contender.reject(e.attempt.ctx, errCollision)
	}
}

// run returns what is kept, and what the others are told.
func (k *connector) run(ctx context.Context) (*contender, error) {
	for {
		k.redialIfDue(ctx)
		k.publishState()
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-k.updated:
			if cause := k.outdated(); cause != nil {
				return nil, cause
			}
		case <-k.retained.due():
			k.retained.advance(k.peer)
		case <-k.redial.C:
			k.redialDue = k.cfg.dials() // else it was the IdleHoldTimer
		case <-k.accepted:
			if i := k.inbox.take(); i != nil {
				k.accept(ctx, i)
			}
		case <-k.parkedTimer():
			k.unpark()
		case e := <-k.events:
			if c := k.handle(e); c != nil {
				return c, errCollision
			}
		}
	}
}

// outdated says why the connections under way must go; nil when the newest configuration asks for no others.
func (k *connector) outdated() error {
	newest := k.config.Load()
	if cause := newest.outdates(k.cfg); cause != nil {
		return cause
	}
	if newest.Receive != k.cfg.Receive && k.damped() {
		return errReconfigured // it may wait because of the limit that it had
	}
	k.cfg = newest
	k.note(func(r *record) { r.describe(newest) })
	return nil
}

func (k *connector) publishState() {
	state := StateActive
	if k.damped() {
		state = StateIdle // RFC 4271 §8.2.2: where the IdleHoldTimer runs
	}
	if k.dialled != nil && k.dialled.state == StateConnect {
		state = StateConnect
	}
	for _, a := range []*attempt{k.dialled, k.incoming} {
		if a != nil && a.state > StateActive {
			state = max(state, a.state)
		}
	}
	k.publish(state)
}

// slot is where the attempt of that direction is kept.
func (k *connector) slot(isDial bool) **attempt {
	if isDial {
		return &k.dialled
	}
	return &k.incoming
}

func (k *connector) enter(ctx context.Context, isDial bool) *attempt {
	a := &attempt{isDial: isDial, state: StateOpenSent}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	*k.slot(isDial) = a
	return a
}

// leave ends an attempt and closes its connection, telling the peer the cause where there is something to tell.
func (k *connector) leave(a *attempt, cause error) {
	*k.slot(a.isDial) = nil
	a.cancel(cause)
	if a.parked != nil {
		a.parked.Stop()
	}
	if !a.running && a.contender != nil {
		k.group.Go(func() { a.contender.reject(a.ctx, cause) })
	}
}

func (k *connector) leaveAll(cause error) {
	for _, a := range []*attempt{k.dialled, k.incoming} {
		if a != nil {
			k.leave(a, cause)
		}
	}
}

// spawn runs one step of an attempt and reports what comes of it.
func (k *connector) spawn(a *attempt, step func(ctx context.Context) event) {
	a.running = true
	k.group.Go(func() {
		var e event
		if err := k.guarded("handshake", func() error { e = step(a.ctx); return nil }); err != nil {
			e = event{err: err}
		}
		e.attempt = a
		select {
		case k.events <- e:
		case <-a.ctx.Done():
			e.discard()
		}
	})
}

// handle takes what a step came by. It returns the contender that the peer confirmed.
func (k *connector) handle(e event) *contender {
	a := e.attempt
	if *k.slot(a.isDial) != a {
		e.discard()
		return nil
	}
	a.running = false
	switch {
	case e.err != nil:
		k.attemptFailed(a, e.err)
	case e.conn != nil:
		k.exchange(a, e.conn)
	case !e.confirmed:
		k.opened(a, e.contender)
	default:
		*k.slot(a.isDial) = nil
		return e.contender
	}
	return nil
}

// redialIfDue starts an attempt to dial that is due, once the attempts under way allow it. RFC 4271 §8.2.2: in OpenConfirm the
// ConnectRetryTimer does not run. The peer may be Established on the connection that is being confirmed, and refuse a new one, which
// we might choose (§6.8).
func (k *connector) redialIfDue(ctx context.Context) {
	confirming := k.incoming != nil && k.incoming.state == StateOpenConfirm
	if k.redialDue && k.dialled == nil && !confirming {
		k.redialDue = false
		k.dial(ctx)
	}
}

// dial starts an attempt. Its time is bounded by the ConnectRetryTimer, which starts the next.
func (k *connector) dial(ctx context.Context) {
	interval := time.Duration(float64(k.backoff.next(k.cfg.connectRetry())) * k.shared.jitter())
	k.nextDial = time.Now().Add(interval)
	k.redial.Reset(interval)
	a := k.enter(ctx, true)
	a.state = StateConnect
	cfg := k.cfg
	k.spawn(a, func(ctx context.Context) event {
		ctx, cancel := context.WithTimeoutCause(ctx, interval, errNoAnswer)
		defer cancel()
		conn, err := k.shared.transport.Dial(ctx, cfg.LocalAddress, cfg.Address, cfg.socketOptions())
		if err != nil {
			var network net.Error
			switch {
			case errors.As(err, &network) && network.Timeout(): // the dialler's own, a moment before the context's
				err = errNoAnswer
			case ctx.Err() != nil:
				err = context.Cause(ctx)
			}
			return event{err: fmt.Errorf("connect to %v: %w", cfg.Address, err)}
		}
		return event{conn: conn}
	})
}

// accept starts the handshake on a connection from the peer. A newer one means that the peer gave up the older.
func (k *connector) accept(ctx context.Context, i *incoming) {
	if !k.config.Load().accepts() || !i.fresh() || k.damped() {
		i.conn.Close()
		return
	}
	if err := k.shared.transport.Configure(i.conn, k.cfg.socketOptions()); err != nil {
		k.refused(fmt.Errorf("accepted connection closed: %w", err))
		i.conn.Close()
		return
	}
	if k.incoming != nil {
		k.leave(k.incoming, errCollision)
	}
	k.exchange(k.enter(ctx, false), i.conn)
}

// exchange starts the exchange of OPENs.
func (k *connector) exchange(a *attempt, conn net.Conn) {
	a.state = StateOpenSent
	a.bare = k.noCapabilities
	cfg := k.cfg
	ours := localOpen(&cfg.Peer, cfg.routerID, k.restartState(cfg), !a.bare)
	k.spawn(a, func(ctx context.Context) event {
		c, err := k.exchangeOpens(ctx, cfg, conn, a.isDial, ours)
		return event{contender: c, err: err}
	})
}

// confirm starts the exchange of KEEPALIVEs.
func (k *connector) confirm(a *attempt) {
	c := a.contender
	k.spawn(a, func(ctx context.Context) event {
		if err := c.confirm(ctx); err != nil {
			return event{err: err}
		}
		return event{contender: c, confirmed: true}
	})
}

// refused records why a connection did not become a session.
func (k *connector) refused(err error) {
	k.noteError(err)
	k.lines.attempts.info(k.log, "session not started", "error", err.Error())
}

// attemptFailed records the error and lets the other attempt go on, or another one start.
func (k *connector) attemptFailed(a *attempt, err error) {
	a.contender = nil // closed by its step
	if k.live != nil {
		k.closeSecond(a, err)
		return
	}
	k.leave(a, errOver)
	var remote *peerError
	notified := func(code, subcode uint8) bool {
		return errors.As(err, &remote) && remote.notification.Code == code && remote.notification.Subcode == subcode
	}
	if alone := k.dialled == nil && k.incoming == nil; alone || !notified(wire.CodeCease, wire.CeaseCollision) {
		k.refused(err) // the loser of a collision is no error
	}
	k.unpark()
	// RFC 5492 §3: a peer that refuses capabilities is tried without, once. RFC 4760 §8: that leaves IPv4 unicast alone.
	switch {
	case a.bare:
		k.noCapabilities = false
	case notified(wire.CodeOpen, wire.OpenUnsupportedParameter) && slices.Contains(k.cfg.Families, wire.IPv4Unicast):
		k.noCapabilities = true
		k.redialDue = k.redialDue || a.isDial
	}
}
