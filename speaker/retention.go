// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The receiving speaker of a graceful restart: RFC 4724 §4.2, RFC 8538 §4. A peer that offers long-lived graceful restart has
// its routes kept for the restart time alone: RFC 9494 §4.2 lets the receiver bound the time beyond it, and routes that
// nothing is forwarded by are of no use then.

package speaker

import (
	"errors"
	"slices"
	"time"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

// PeerRestart says that the peer restarts gracefully: routes that it sent are kept as stale, as far as routes of a peer are
// kept at all.
type PeerRestart struct {
	// Families whose End-of-RIB has not come since.
	Families []wire.Family
	// Until is when they are given up: the peer's restart time, counted from the loss of the session, and anew from its return.
	Until time.Time
}

// retention follows the restart of a peer. What it publishes is the truth: the reader of a session changes that too.
type retention struct {
	restartTime time.Duration // of the session before
	timer       *time.Timer   // nil while nothing is retained
	generation  adjin.Generation
}

// retains reports whether routes of the peer are kept over the end of a session with that cause.
func retains(cause error, negotiated *Negotiated) bool {
	var local *localError
	var remote *peerError
	var limit *receiveLimitError
	switch {
	case !negotiated.GracefulRestart, len(negotiated.PeerPreserves) == 0, errors.Is(cause, ErrDecommission):
		return false
	case errors.As(cause, &remote):
		// RFC 8538 §4: a NOTIFICATION but a Hard Reset, where both sides said so. RFC 4724 §4.2 ends with any.
		hard := remote.notification.Code == wire.CodeCease && remote.notification.Subcode == wire.CeaseHardReset
		return negotiated.Notifications && !hard
	case errors.As(cause, &limit):
		return false // those are what was too much
	case errors.As(cause, &local):
		return negotiated.Notifications // the expiry of the hold timer included
	}
	return true // the connection was lost, or replaced by another
}

// retain begins when a session ends.
func (p *peer) retain(cause error, negotiated *Negotiated) {
	p.retained.end(p) // RFC 4724 §4.2: a restart before the End-of-RIB of the one before gives up what was stale
	var families []wire.Family
	if retains(cause, negotiated) && negotiated.PeerRestartTime > 0 {
		for _, f := range negotiated.PeerPreserves {
			families = append(families, f.Family)
		}
	}
	p.retained.generation = p.received.Retain(families)
	p.retained.restartTime = negotiated.PeerRestartTime
	p.retained.begin(p, families)
}

// reconnected begins to wait for End-of-RIB. RFC 4724 §4.2: routes of a family whose forwarding the peer did not preserve,
// or that it does not name any more, are given up at once.
func (t *retention) reconnected(p *peer, negotiated *Negotiated) {
	if t.timer == nil {
		return
	}
	var stale, kept []wire.Family
	p.store.update(p, func(r *record) bool {
		if r.PeerRestart != nil {
			stale = r.PeerRestart.Families
		}
		return false
	})
	t.end(p)
	for _, f := range negotiated.PeerPreserves {
		if f.Forwarding && slices.Contains(stale, f.Family) {
			kept = append(kept, f.Family)
		}
	}
	p.received.Keep(kept)
	t.begin(p, kept)
}

// begin publishes families as stale until the restart time is over.
func (t *retention) begin(p *peer, families []wire.Family) {
	if len(families) == 0 || t.restartTime == 0 {
		return
	}
	until, stale := time.Now().Add(t.restartTime), t.generation
	p.note(func(r *record) { r.PeerRestart = &PeerRestart{Families: families, Until: until} })
	t.timer = time.AfterFunc(t.restartTime, func() {
		p.received.Expire(stale) // what came since the session was lost stays
		p.store.update(p, func(r *record) bool {
			over := r.PeerRestart != nil && r.PeerRestart.Until.Equal(until)
			if over {
				r.PeerRestart = nil
			}
			return over
		})
	})
}

// end publishes that nothing is stale any more.
func (t *retention) end(p *peer) {
	if t.timer == nil {
		return
	}
	t.timer.Stop()
	t.timer = nil
	p.note(func(r *record) { r.PeerRestart = nil })
}

// endOfRIB takes notice of the peer's End-of-RIB: what was stale in the family and did not come again is given up
// (RFC 4724 §4.2).
func (p *peer) endOfRIB(f wire.Family) {
	restarted := false
	p.store.update(p, func(r *record) bool {
		if r.PeerRestart == nil || !slices.Contains(r.PeerRestart.Families, f) {
			return false
		}
		restarted = true
		rest := PeerRestart{Until: r.PeerRestart.Until}
		for _, other := range r.PeerRestart.Families {
			if other != f {
				rest.Families = append(rest.Families, other)
			}
		}
		if r.PeerRestart = &rest; len(rest.Families) == 0 {
			r.PeerRestart = nil
		}
		return true
	})
	if restarted {
		p.received.Purge(f)
	}
}
