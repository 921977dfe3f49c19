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

// retention follows the restart of a peer. The peer's goroutine owns it, and publishes a copy of what is stale.
type retention struct {
	restartTime time.Duration // of the session before
	stale       []staleFamily
	generation  adjin.Generation
	timer       *time.Timer // for the earliest Until of stale, nil while nothing is
	// unsynced are the families whose long-lived stale time began before the session, and whose End-of-RIB has not come in it.
	unsynced []wire.Family
	// expiry is when the long-lived stale time of a family ends. RFC 9494 §4.2: it MUST NOT be updated until the peer is
	// back with its End-of-RIB.
	expiry map[wire.Family]time.Time
}

// staleFamily is a stale family, and what follows.
type staleFamily struct {
	StaleFamily
	// then is when its routes are given up where they become long-lived before, the zero Time where they do not.
	then time.Time
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
		// RFC 8538 §4: we sent a Hard Reset, whatever the peer sent meanwhile. Its routes were too many, so none are kept.
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
func (t *retention) retain(p *peer, cause error, negotiated *Negotiated) {
	var stale []staleFamily
	var keep, again []wire.Family
	if retains(cause, negotiated) {
		stale, again = t.plan(negotiated)
	}
	for _, f := range stale {
		keep = append(keep, f.Family)
	}
	t.generation = p.received.Retain(keep, again)
	t.restartTime, t.unsynced = negotiated.PeerRestartTime, nil
	for _, f := range stale {
		if f.LongLived {
			p.received.LongLive(f.Family, t.generation)
		}
	}
	t.set(p, stale)
}

// plan says what is kept over the end of a session. In the families of again, routes that were stale already are kept too. RFC 4724
// §4.2 gives them up otherwise; RFC 9494 §4.2: in consecutive restarts they MUST NOT be deleted before the long-lived stale time
// has ended.
func (t *retention) plan(negotiated *Negotiated) (stale []staleFamily, again []wire.Family) {
	now := time.Now()
	restartEnd := now.Add(negotiated.PeerRestartTime)
	for _, f := range negotiated.Families {
		longLived := negotiated.longLived(f)
		switch {
		case slices.Contains(t.unsynced, f):
			// RFC 9494 §4.2: that time runs on, and once it has ended before the End-of-RIB, nothing is kept.
			if now.Before(t.expiry[f]) {
				stale = append(stale, staleFamily{StaleFamily: StaleFamily{Family: f, LongLived: true, Until: t.expiry[f]}})
				again = append(again, f)
			}
		case negotiated.preserved(f) != nil && negotiated.PeerRestartTime > 0:
			one := staleFamily{StaleFamily: StaleFamily{Family: f, Until: restartEnd}}
			if t.expect(f, restartEnd, longLived) {
				one.then = t.expiry[f]
				again = append(again, f)
			}
			stale = append(stale, one)
		case t.expect(f, now, longLived): // RFC 9494 §4.2: the restart time may be zero
			stale = append(stale, staleFamily{StaleFamily: StaleFamily{Family: f, LongLived: true, Until: t.expiry[f]}})
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

// set notes what is stale now, and publishes it.
func (t *retention) set(p *peer, stale []staleFamily) {
	if len(t.stale)+len(stale) == 0 {
		return
	}
	t.stale = stale
	var published *PeerRestart
	if len(stale) > 0 {
		published = &PeerRestart{}
		next := stale[0].Until
		for _, f := range stale {
			published.Families = append(published.Families, f.StaleFamily)
			next = earlier(next, f.Until)
		}
		t.arm(time.Until(next))
	} else {
		t.timer.Stop()
		t.timer = nil
	}
	p.note(func(r *record) { r.PeerRestart = published })
}

func (t *retention) arm(after time.Duration) {
	if t.timer == nil {
		t.timer = time.NewTimer(after)
	} else {
		t.timer.Reset(after)
	}
}

// due is when the peer's goroutine is to call advance.
func (t *retention) due() <-chan time.Time {
	if t.timer == nil {
		return nil
	}
	return t.timer.C
}

// advance sees to the families whose time has come: they become long-lived, or are given up. What came since the session was
// lost stays.
func (t *retention) advance(p *peer) {
	now := time.Now()
	var stale []staleFamily
	for _, f := range t.stale {
		if !f.Until.After(now) && f.then.After(now) {
			p.received.LongLive(f.Family, t.generation)
			f = staleFamily{StaleFamily: StaleFamily{Family: f.Family, LongLived: true, Until: f.then}}
		}
		if f.Until.After(now) {
			stale = append(stale, f)
		} else {
			p.received.Expire(f.Family, t.generation)
		}
	}
	t.set(p, stale)
}

// reconnected begins to wait for End-of-RIB. RFC 4724 §4.2: routes of a family whose forwarding the peer did not preserve,
// or that it does not name any more, are given up at once; RFC 9494 §4.2 says the same of long-lived stale routes.
func (t *retention) reconnected(p *peer, negotiated *Negotiated) {
	if len(t.stale) == 0 {
		return
	}
	var stale []staleFamily
	for _, f := range t.stale {
		if !negotiated.forwards(f.StaleFamily) {
			continue
		}
		if f.LongLived {
			t.unsynced = append(t.unsynced, f.Family)
		} else {
			f.Until, f.then = time.Now().Add(t.restartTime), time.Time{}
		}
		stale = append(stale, f)
	}
	t.set(p, stale)
	p.received.Keep(t.awaited())
}

// awaited are the families whose End-of-RIB is waited for.
func (t *retention) awaited() []wire.Family {
	var families []wire.Family
	for _, f := range t.stale {
		families = append(families, f.Family)
	}
	return families
}

// endOfRIB takes notice of the peer's End-of-RIB: the reader has given up what was stale in the family and did not come again
// (RFC 4724 §4.2).
func (t *retention) endOfRIB(p *peer, family wire.Family) {
	t.unsynced = slices.DeleteFunc(t.unsynced, func(f wire.Family) bool { return f == family })
	stale := slices.DeleteFunc(slices.Clone(t.stale), func(f staleFamily) bool { return f.Family == family })
	if len(stale) < len(t.stale) { // else its time has ended
		t.set(p, stale)
	}
}

// end forgets what is stale.
func (t *retention) end(p *peer) {
	t.unsynced = nil
	t.set(p, nil)
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
