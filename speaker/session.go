// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Established: RFC 4271 §8.2.2.

package speaker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
)

// session is one Established session: a goroutine that reads, one that writes, and the peer's own that listens to what
// else happens.
type session struct {
	*peer
	*contender
	out     *rib.Out
	began   time.Time
	retimed chan struct{} // capacity 1: timers changed in place
	// newest is the peer's configuration, for the timers that change in place. Written before retimed is poked.
	sendHold  durationValue
	keepalive durationValue
}

// session runs the session on a connection that the peer confirmed, until ctx or the session ends. A connection that
// replaces it (RFC 4724 §4.2) is returned for the next.
func (p *peer) session(ctx context.Context, c *contender) (next *contender, err error) {
	s := &session{
		peer:      p,
		contender: c,
		out:       p.table.Attach(p.name, p.ribParams(c)),
		began:     time.Now(),
		retimed:   make(chan struct{}, 1),
	}
	s.setTimers(&c.cfg.Peer)
	defer s.out.Detach()
	p.establish(c, s.out)
	defer p.disestablish(s.began)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx, cancel)
	}()
	next = s.watch(ctx, cancel, ended)
	<-ended
	s.noteSynced()
	if err := context.Cause(ctx); !errors.Is(err, errReplaced) {
		return next, err
	}
	return next, nil
}

// run reads and writes until either fails or ctx ends, and closes the connection. Why it ended is the cause of ctx.
func (s *session) run(ctx context.Context, cancel context.CancelCauseFunc) {
	var group sync.WaitGroup
	group.Go(func() { cancel(s.read(ctx)) })
	group.Go(func() { cancel(s.write(ctx)) })
	group.Wait()
	s.conn.Close()
}

// watch follows the configuration, the Adj-RIB-Out and other connections of the peer while the session lasts.
func (s *session) watch(ctx context.Context, cancel context.CancelCauseFunc, ended <-chan struct{}) *contender {
	second := newSecond(s)
	defer second.wait()
	if cause := s.reconfigure(); cause != nil { // what changed since the connection was opened
		cancel(cause)
	}
	for {
		select {
		case <-ended:
			return second.replacement
		case <-s.out.Changed():
			s.reported()
		case <-s.updated:
			if cause := s.reconfigure(); cause != nil {
				cancel(cause)
			}
		case conn := <-s.accepted:
			second.accept(ctx, conn)
		case second.replacement = <-second.confirmed:
			cancel(errReplaced)
		}
	}
}

// reported publishes that what the peer was sent is different now.
func (s *session) reported() {
	s.noteSynced()
	s.store.update(s.name, func(*record) {})
}

// noteSynced notes that the peer has had its routes and End-of-RIB from this process.
func (s *session) noteSynced() { s.synced = s.synced || s.out.Report().Token != nil }

// reconfigure takes the newest configuration: what can change in place does, what is deferred is published, and what ends
// the session is returned.
func (s *session) reconfigure() error {
	newest := s.config.Load()
	switch {
	case newest.AdminDown:
		return &adminDownError{text: newest.DownText}
	case newest.forbids(s.dialled):
		return errReconfigured
	}
	pending := deferredChanges(&s.cfg.Peer, &newest.Peer)
	if len(pending) > 0 && newest.ApplyImmediate && newest.Blocked == "" {
		return errReconfigured
	}
	s.setTimers(&newest.Peer)
	s.store.update(s.name, func(r *record) {
		r.PendingReset = pending
		r.Blocked, r.AdminDown, r.accepts = newest.Blocked, newest.AdminDown, newest.accepts()
	})
	return nil
}

// setTimers takes those of the configuration that change in place; the hold time is the negotiated one.
func (s *session) setTimers(cfg *Peer) {
	s.sendHold.Store(cfg.sendHold(s.negotiated.HoldTime))
	s.keepalive.Store(cfg.keepalive(s.negotiated.HoldTime))
	select {
	case s.retimed <- struct{}{}:
	default:
	}
}
