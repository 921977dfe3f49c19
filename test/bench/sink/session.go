// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Counts is what came so far.
func (s *Session) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counter.Counts
}

// FirstUpdate is when the first UPDATE was read, EndOfRIB when the last End-of-RIB was; zero when there was none.
func (s *Session) FirstUpdate() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.firstUpdate
}

// EndOfRIB is when the last End-of-RIB was read; zero when there was none.
func (s *Session) EndOfRIB() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endOfRIB
}

// Stamps are the times of all UPDATEs, where Options.Stamps asks for them.
func (s *Session) Stamps() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.stamps)
}

// Arrival is when an IPv4 prefix was announced last, where Options.Arrivals asks for it; zero when it never was.
func (s *Session) Arrival(prefix netip.Prefix) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counter.arrival(prefix)
}

// Expect waits for that many more routes to be announced or withdrawn, counted from now on.
func (s *Session) Expect(routes int) *Expectation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expect(s.counter.Routes + s.counter.Withdrawn + routes)
}

// expect waits for a number of routes since the session came up.
func (s *Session) expect(routes int) *Expectation {
	e := &Expectation{session: s, routes: routes, reached: make(chan struct{})}
	if routes <= s.counter.Routes+s.counter.Withdrawn {
		e.at = time.Now()
		close(e.reached)
		return e
	}
	s.expectations = append(s.expectations, e)
	slices.SortStableFunc(s.expectations, func(a, b *Expectation) int { return a.routes - b.routes })
	return e
}

// Wait returns when the last of the routes was read.
func (e *Expectation) Wait(ctx context.Context) (time.Time, error) {
	select {
	case <-e.reached:
		return e.at, nil
	default:
	}
	var err error
	select {
	case <-e.reached:
		return e.at, nil
	case <-e.session.done:
		err = e.session.Err()
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	counts := e.session.Counts()
	return time.Time{}, fmt.Errorf("%d of %d routes came: %w", counts.Routes+counts.Withdrawn, e.routes, err)
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is why the session ended, nil while it goes on.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

const farewellTimeout = time.Second

// Close ends the session with Cease/3, Peer De-configured, and waits for its goroutines.
func (s *Session) Close() error {
	_ = s.bgp.Conn.SetWriteDeadline(time.Now().Add(farewellTimeout))
	writeErr := s.bgp.Send(wire.NewCease(wire.CeasePeerDeconfigured, "").Append(nil))
	if s.Err() != nil {
		writeErr = nil // there is nobody to say farewell to
	}
	err := errors.Join(writeErr, s.bgp.Close())
	s.running.Wait()
	return err
}
