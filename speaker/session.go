// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Established: RFC 4271 §8.2.2.

package speaker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// session is one Established session: a goroutine that reads, one that writes, and the peer's own that listens to what
// else happens.
type session struct {
	*peer
	connection *contender
	out        *rib.Out
	began      time.Time
	retimed    chan struct{} // capacity 1: timers changed in place
	asks       chan struct{} // capacity 1: the peer is to send its routes again
	// awaited are the families whose End-of-RIB ends the peer's restart; the reader tells of each once in restored.
	awaited  []wire.Family
	restored chan wire.Family
	// The timers that change in place: the peer's goroutine sets them before it pokes retimed, the writer reads them.
	sendHold    durationValue
	keepalive   durationValue
	userTimeout time.Duration // of the socket
	end         error         // why it ended, once it has
	lingers     durationValue // the peer is to read a NOTIFICATION within that time
}

// session runs the session on a connection that the peer confirmed, until ctx or the session ends. Another connection that
// the peer opened meanwhile and confirmed is returned for the next (RFC 4724 §4.2).
func (p *peer) session(ctx context.Context, c *contender) (next *contender, err error) {
	p.work.begin()
	s := &session{
		peer:       p,
		connection: c,
		out:        p.shared.table.Attach(p.id.String(), p.ribParams(c)),
		began:      time.Now(),
		retimed:    make(chan struct{}, 1),
		asks:       make(chan struct{}, 1),
	}
	s.userTimeout = c.cfg.socketOptions().UserTimeout
	s.setTimers(&c.cfg.Peer)
	p.establish(c, s.out)
	s.awaited = p.retained.awaited()
	s.restored = make(chan wire.Family, len(s.awaited))
	p.work.end()
	second := p.beside(&c.negotiated)

	sessionCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(sessionCtx, cancel)
	}()
	s.watch(sessionCtx, cancel, ended, second)
	p.work.begin()
	for len(s.restored) > 0 { // the reader has ended
		p.retained.endOfRIB(p, <-s.restored)
	}
	s.noteSynced()
	s.out.Detach()
	err = s.end
	p.disestablish(s.began, err, &c.negotiated)
	p.work.end()
	switch {
	case errors.Is(err, errReplaced):
		return second.outcome(ctx), nil
	case ctx.Err() != nil || ours(err):
		second.stop(ctx, err)
		return nil, err
	}
	return second.outcome(ctx), err
}

// ours reports whether this side ended the session, for a reason that holds for other connections too.
func ours(err error) bool {
	var local *localError
	var down *adminDownError
	return errors.As(err, &down) || errors.As(err, &local) && local.notification.Code == wire.CodeCease
}

// run reads and writes until either fails or ctx ends, and closes the connection, as RFC 4271 §6 wants it after each error. Why it ended is the cause of ctx.
func (s *session) run(ctx context.Context, cancel context.CancelCauseFunc) {
	var group sync.WaitGroup
	var read error
	group.Go(func() {
		read = s.guarded("reader", func() error { return s.read(ctx) })
		cancel(read)
	})
	group.Go(func() { cancel(s.write(ctx)) })
	group.Wait()
	s.end = s.connection.heard(context.Cause(ctx), read)
	if timeout := s.lingers.Load(); timeout > 0 {
		s.closing.linger(s.connection.conn, timeout)
	} else {
		s.connection.conn.Close()
	}
}

// countInterval is how long changes of the Adj-RIB-In gather before they are published.
const countInterval = 100 * time.Millisecond

// watch follows the configuration, the Adj-RIBs and other connections of the peer while the session lasts.
func (s *session) watch(ctx context.Context, cancel context.CancelCauseFunc, ended <-chan struct{}, second *connector) {
	if cause := s.reconfigure(); cause != nil { // what changed since the connection was opened
		cancel(cause)
	}
	received := s.received.Changed()
	var counted <-chan time.Time
	for {
		accepted := s.accepted
		if ctx.Err() != nil {
			accepted = nil // is for whoever comes next
		}
		select {
		case <-ended:
			return
		case <-s.out.Changed():
			s.reported()
		case <-s.out.Condemned():
			cancel(errOutOfResources)
		case <-received:
			received, counted = nil, time.After(countInterval)
		case <-counted:
			received, counted = s.received.Changed(), nil
			s.shared.store.update(s.peer, func(*record) bool { return true })
		case f := <-s.restored:
			s.retained.endOfRIB(s.peer, f)
		case <-s.retained.due():
			s.retained.advance(s.peer)
		case <-s.updated:
			if cause := s.reconfigure(); cause != nil {
				cancel(cause)
			}
			second.reconsider()
		case <-accepted:
			if i := s.inbox.take(); i != nil {
				second.acceptSecond(ctx, i)
			}
		case e := <-second.events:
			if c := second.handle(e); c != nil {
				second.live.replacement = c
				cancel(errReplaced)
			}
		}
	}
}

// reported publishes that what the peer was sent is different now.
func (s *session) reported() {
	s.work.begin()
	defer s.work.end()
	s.noteSynced()
	for _, w := range s.out.Report().Withheld {
		if w.Reason == rib.ReasonGuardRefused {
			s.log.Error(nil, "the guard refused what should not have reached it: a defect", "announcement", w.Announcement.Name, "prefixes", w.Prefixes)
		}
	}
	s.shared.store.update(s.peer, func(*record) bool { return true })
}

// noteSynced notes that the peer has had its routes and End-of-RIB from this process.
func (s *session) noteSynced() {
	if s.out.Report().Token != nil {
		s.history.synced.Store(true)
	}
}

// reconfigure takes the newest configuration: what can change in place does, what is deferred is published, and what ends
// the session is returned.
func (s *session) reconfigure() error {
	s.work.begin()
	defer s.work.end()
	newest := s.config.Load()
	switch {
	case newest.AdminDown:
		return &adminDownError{text: newest.DownText}
	case newest.forbids(s.connection.dialled), newest.restarts(s.connection.cfg):
		return errReconfigured
	}
	pending := deferredChanges(&s.connection.cfg.Peer, &newest.Peer)
	if len(pending) > 0 && newest.ApplyImmediate && !newest.blocked() {
		return errReconfigured
	}
	if err := s.received.Exceeded(); err != nil {
		return limitError(err)
	}
	s.askAgain()
	s.setTimers(&newest.Peer)
	s.shared.store.update(s.peer, func(r *record) bool {
		same := r.Revision == newest.Revision && slices.Equal(r.PendingReset, pending) && r.Blocked == newest.Blocked &&
			r.accepts == newest.accepts() && r.refused == newest.refused && r.PendingRouterID == newest.pendingRouterID
		r.Revision, r.PendingReset, r.Blocked = newest.Revision, pending, newest.Blocked
		r.PendingRouterID = newest.pendingRouterID
		r.accepts, r.refused = newest.accepts(), newest.refused
		return !same
	})
	return nil
}

// setTimers takes over the timers of the configuration that change in place. The hold time stays the negotiated one.
func (s *session) setTimers(cfg *Peer) {
	sendHold, keepalive := cfg.sendHold(s.connection.negotiated.HoldTime), cfg.keepalive(s.connection.negotiated.HoldTime)
	s.setUserTimeout(userTimeout(sendHold))
	same := s.sendHold.Swap(sendHold) == sendHold
	if s.keepalive.Swap(keepalive) == keepalive && same {
		return
	}
	select {
	case s.retimed <- struct{}{}:
	default:
	}
}

// setUserTimeout keeps the kernel from giving the connection up before the send hold timer does. The other options stay as the
// connection was opened with them.
func (s *session) setUserTimeout(timeout time.Duration) {
	if timeout == s.userTimeout {
		return
	}
	s.userTimeout = timeout
	options := s.connection.cfg.socketOptions()
	options.UserTimeout = timeout
	if err := s.shared.transport.Configure(s.connection.conn, options); err != nil {
		s.log.Error(err, "user timeout not set")
	}
}
