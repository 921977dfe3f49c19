// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The receiving speaker of a graceful restart: RFC 4724 §4.2, RFC 8538 §4, and of a long-lived one: RFC 9494 §4.2.

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
	Families []StaleFamily
}

// StaleFamily is a family in which routes of a peer are stale.
type StaleFamily struct {
	Family wire.Family
	// LongLived: the restart time ended before the peer was back, and the long-lived stale time runs (RFC 9494 §4.2).
	LongLived bool
	// Until is when the routes are given up, or become long-lived: after the peer's restart time, counted from the loss of the
	// session, and anew from its return; where LongLived is set, after the stale time, which runs on over the peer's return.
	Until time.Time
}

// retention follows the restart of a peer. What it publishes is the truth: timers and the reader of a session change that too.
type retention struct {
	restartTime time.Duration // of the session before
	timers      []*time.Timer
	generation  adjin.Generation
	// expiry is when the long-lived stale time of a family ends. RFC 9494 §4.2: it MUST NOT be updated until the peer is
	// back with its End-of-RIB.
	expiry map[wire.Family]time.Time
}

// retains reports whether routes of the peer are kept over the end of a session with that cause.
func retains(cause error, negotiated *Negotiated) bool {
	var local *localError
	var remote *peerError
	var limit *receiveLimitError
	switch {
	case !negotiated.GracefulRestart, errors.Is(cause, ErrDecommission):
		return false
	case errors.As(cause, &limit):
		// RFC 8538 §4: the Hard Reset that we sent, whatever the peer sent meanwhile: those are what was too much.
		return false
	case errors.As(cause, &remote):
		// RFC 8538 §4: a NOTIFICATION but a Hard Reset, where both sides said so. RFC 4724 §4.2 ends with any.
		hard := remote.notification.Code == wire.CodeCease && remote.notification.Subcode == wire.CeaseHardReset
		return negotiated.Notifications && !hard
	case errors.As(cause, &local), errors.Is(cause, errSendHold):
		return negotiated.Notifications // the expiry of either hold timer included
	}
	return true // the connection was lost, or replaced by another
}

// retain begins when a session ends.
func (p *peer) retain(cause error, negotiated *Negotiated) {
	t := &p.retained
	unsynced := t.end(p)
	var stale []StaleFamily
	var keep, again []wire.Family
	if retains(cause, negotiated) {
		stale, again = t.plan(negotiated, unsynced)
	}
	for _, f := range stale {
		keep = append(keep, f.Family)
	}
	t.generation = p.received.Retain(keep, again)
	t.restartTime = negotiated.PeerRestartTime
	t.begin(p, stale)
}

// plan says what is kept over the end of a session. Of the families in again what was stale before is kept too. RFC 4724 §4.2
// gives that up otherwise; RFC 9494 §4.2: in consecutive restarts it MUST NOT be deleted before the long-lived stale time has
// ended. unsynced are the families for which it began before the session.
func (t *retention) plan(negotiated *Negotiated, unsynced []wire.Family) (stale []StaleFamily, again []wire.Family) {
	now := time.Now()
	restartEnd := now.Add(negotiated.PeerRestartTime)
	for _, f := range negotiated.Families {
		longLived := negotiated.longLived(f)
		switch {
		case slices.Contains(unsynced, f):
			// RFC 9494 §4.2: that time runs on, and once it has ended before the End-of-RIB, nothing is kept.
			if now.Before(t.expiry[f]) {
				stale = append(stale, StaleFamily{Family: f, LongLived: true, Until: t.expiry[f]})
				again = append(again, f)
			}
		case negotiated.preserved(f) != nil && negotiated.PeerRestartTime > 0:
			stale = append(stale, StaleFamily{Family: f, Until: restartEnd})
			if t.expect(f, restartEnd, longLived) {
				again = append(again, f)
			}
		case t.expect(f, now, longLived): // RFC 9494 §4.2: the restart time may be zero
			stale = append(stale, StaleFamily{Family: f, LongLived: true, Until: t.expiry[f]})
		}
	}
	return stale, again
}

// expect notes when the long-lived stale time of a family ends that begins then, and reports whether there is one.
func (t *retention) expect(f wire.Family, begins time.Time, l *wire.LongLivedFamily) bool {
	delete(t.expiry, f)
	if l == nil || l.StaleTime == 0 {
		return false
	}
	if t.expiry == nil {
		t.expiry = map[wire.Family]time.Time{}
	}
	t.expiry[f] = begins.Add(l.StaleTime)
	return true
}

// begin publishes families as stale, and what becomes of them in time.
func (t *retention) begin(p *peer, stale []StaleFamily) {
	if len(stale) == 0 {
		return
	}
	p.note(func(r *record) { r.PeerRestart = &PeerRestart{Families: stale} })
	g := t.generation
	for _, f := range stale {
		expiry, longLived := t.expiry[f.Family]
		switch {
		case f.LongLived:
			p.received.LongLive(f.Family, g)
		case longLived:
			t.at(f.Until, func() { p.longLive(f, expiry, g) })
		default:
			expiry = f.Until
		}
		t.at(expiry, func() { p.expireStale(f.Family, expiry, g) })
	}
}

// reconnected begins to wait for End-of-RIB. RFC 4724 §4.2: routes of a family whose forwarding the peer did not preserve,
// or that it does not name any more, are given up at once; RFC 9494 §4.2 says the same of those that are long-lived.
func (t *retention) reconnected(p *peer, negotiated *Negotiated) {
	t.stop()
	var stale []StaleFamily
	var kept []wire.Family
	restarting := false
	p.store.update(p, func(r *record) bool {
		if restarting = r.PeerRestart != nil; !restarting {
			return false
		}
		for _, f := range r.PeerRestart.Families {
			if !negotiated.forwards(f) {
				continue
			}
			if f.LongLived {
				r.unsynced = append(r.unsynced, f.Family)
			} else {
				f.Until = time.Now().Add(t.restartTime)
			}
			stale, kept = append(stale, f), append(kept, f.Family)
		}
		if r.PeerRestart = nil; len(stale) > 0 {
			r.PeerRestart = &PeerRestart{Families: stale}
		}
		return true
	})
	if !restarting {
		return
	}
	p.received.Keep(kept)
	g := t.generation
	for _, f := range stale {
		t.at(f.Until, func() { p.expireStale(f.Family, f.Until, g) })
	}
}

// forwards reports whether the peer says at its return that it forwarded all the while.
func (n *Negotiated) forwards(f StaleFamily) bool {
	preserved, longLived := n.preserved(f.Family), n.longLived(f.Family)
	if !f.LongLived {
		return preserved != nil && preserved.Forwarding
	}
	// RFC 9494 §4.2: the procedures of RFC 4724 apply as well: a family that its capability names needs both bits.
	return longLived != nil && longLived.Forwarding && (preserved == nil || preserved.Forwarding)
}

// preserved is the family in the peer's graceful restart capability, nil where it is not there.
func (n *Negotiated) preserved(f wire.Family) *wire.GracefulRestartFamily {
	for i := range n.PeerPreserves {
		if n.PeerPreserves[i].Family == f {
			return &n.PeerPreserves[i]
		}
	}
	return nil
}

// longLived is the family in the peer's long-lived graceful restart capability, nil where it is not there.
func (n *Negotiated) longLived(f wire.Family) *wire.LongLivedFamily {
	for i := range n.LongLived {
		if n.LongLived[i].Family == f {
			return &n.LongLived[i]
		}
	}
	return nil
}

// end publishes that nothing is stale any more. It returns the families whose long-lived stale time began before the session
// that ended, and whose End-of-RIB did not come in it.
func (t *retention) end(p *peer) (unsynced []wire.Family) {
	t.stop()
	p.store.update(p, func(r *record) bool {
		unsynced = r.unsynced
		changed := r.PeerRestart != nil
		r.PeerRestart, r.unsynced = nil, nil
		return changed
	})
	return unsynced
}

// at has f run then.
func (t *retention) at(then time.Time, f func()) {
	t.timers = append(t.timers, time.AfterFunc(time.Until(then), f))
}

func (t *retention) stop() {
	for _, timer := range t.timers {
		timer.Stop()
	}
	t.timers = nil
}

// longLive begins the long-lived stale time of a family that is still as it was.
func (p *peer) longLive(stale StaleFamily, expiry time.Time, g adjin.Generation) {
	if p.changeStale(stale.Family, func(f *StaleFamily) (changed, over bool) {
		if *f != stale {
			return false, false
		}
		f.LongLived, f.Until = true, expiry
		return true, false
	}) {
		p.received.LongLive(stale.Family, g)
		p.note(func(*record) {}) // its count is published only now that it is true
	}
}

// expireStale gives up what is stale in a family, unless it was granted more time. What came since the session was lost stays.
func (p *peer) expireStale(family wire.Family, then time.Time, g adjin.Generation) {
	if p.changeStale(family, func(f *StaleFamily) (changed, over bool) { over = !f.Until.After(then); return over, over }) {
		p.received.Expire(family, g)
		p.note(func(*record) {})
	}
}

// endOfRIB takes notice of the peer's End-of-RIB: what was stale in the family and did not come again is given up
// (RFC 4724 §4.2).
func (p *peer) endOfRIB(family wire.Family) {
	p.store.update(p, func(r *record) bool {
		r.unsynced = slices.DeleteFunc(r.unsynced, func(f wire.Family) bool { return f == family })
		return false
	})
	if p.changeStale(family, func(*StaleFamily) (changed, over bool) { return true, true }) {
		p.received.Purge(family)
	}
}

// changeStale changes what is published of a family that is stale, or ends it, and reports whether it did.
func (p *peer) changeStale(family wire.Family, change func(*StaleFamily) (changed, over bool)) (changed bool) {
	p.store.update(p, func(r *record) bool {
		if r.PeerRestart == nil {
			return false
		}
		var rest []StaleFamily
		for _, f := range r.PeerRestart.Families { // a snapshot may share it
			over := false
			if f.Family == family {
				changed, over = change(&f)
			}
			if !over {
				rest = append(rest, f)
			}
		}
		if r.PeerRestart = nil; len(rest) > 0 {
			r.PeerRestart = &PeerRestart{Families: rest}
		}
		return changed
	})
	return changed
}
