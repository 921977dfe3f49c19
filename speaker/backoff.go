// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"errors"
	"time"
)

// backoff spaces attempts: from the configured interval it doubles to a minute (RFC 4271 §10 suggests 120 s for all).
type backoff struct{ attempts int }

// stableAfter is how long a session must have lasted so that its loss counts as the first one.
const stableAfter = time.Minute

// next is the interval until the attempt after the one that starts now, before jitter.
func (b *backoff) next(first time.Duration) time.Duration {
	limit := max(first, maxConnectRetry)
	interval := first
	for range b.attempts {
		if interval *= 2; interval >= limit {
			interval = limit
			break
		}
	}
	b.attempts++
	return interval
}

func (b *backoff) reset() { b.attempts = 0 }

// damping keeps a session that does not last from being opened all the time (RFC 4271 §8.1.1, DampPeerOscillations). A
// session that was stable is opened again at once; a session that the peer ended is opened again at once one time. After that
// the peer stays idle for growing intervals, in which we neither dial nor accept.
type damping struct {
	backoff
	retried   bool      // at once, since the session was last stable
	idleUntil time.Time // the IdleHoldTimer
}

// lost notes the end of a session that lasted that long.
func (d *damping) lost(lasted time.Duration, byPeer bool, first time.Duration, jitter float64) {
	d.idleUntil = time.Time{}
	stable := lasted >= stableAfter
	if stable {
		d.reset()
	}
	if stable || byPeer && !d.retried {
		d.retried = true
		return
	}
	d.idleUntil = time.Now().Add(time.Duration(float64(d.next(first)) * jitter))
}

// The waiting times of a peer with too many routes: it is not likely to have fewer soon.
const (
	firstLimitRetry = time.Minute
	maxLimitRetry   = time.Hour
)

// overLimit notes the end of a session whose peer had too many routes, stable or not.
func (d *damping) overLimit(lasted time.Duration, jitter float64) {
	interval := firstLimitRetry
	if lasted >= stableAfter {
		d.reset()
	}
	for range d.attempts {
		interval = min(2*interval, maxLimitRetry)
	}
	d.attempts++
	d.idleUntil = time.Now().Add(time.Duration(float64(interval) * jitter))
}

// damp decides when the peer is connected to again.
func (p *peer) damp(lasted time.Duration, cause error) {
	p.backoff.reset()
	p.nextDial = time.Time{}
	var local *localError
	var limit *receiveLimitError
	switch {
	case errors.Is(cause, errReplaced):
	case errors.Is(cause, errReconfigured), errors.Is(cause, errRekeyed):
		p.damping = damping{} // what comes now is new
	case errors.As(cause, &limit):
		p.damping.overLimit(lasted, p.shared.jitter())
		if p.config.Load().Receive.policy() != limit.policy() {
			p.damping = damping{} // it is another by now
		}
		p.nextDial = p.damping.idleUntil
	default:
		p.damping.lost(lasted, !errors.As(cause, &local), p.config.Load().connectRetry(), p.shared.jitter())
		p.nextDial = p.damping.idleUntil
	}
}

// damped reports whether the IdleHoldTimer runs.
func (p *peer) damped() bool { return time.Now().Before(p.damping.idleUntil) }
