// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The routes that a peer sends: the Adj-RIB-In of RFC 4271 §3.2, refreshed by RFC 2918 and RFC 7313.

package speaker

import (
	"errors"
	"fmt"
	"slices"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Receive says what is done with the routes that a peer sends. They are never advertised to anybody.
type Receive struct {
	Mode ReceiveMode
	// MaxPrefixes bounds the routes that are kept, over all families; default 1000. The octets of their path attributes are
	// bounded too: by the larger of 64 MiB and 256 for each of MaxPrefixes.
	MaxPrefixes int
	OnLimit     ReceiveLimit
}

// ReceiveMode says whether received routes are kept.
type ReceiveMode uint8

// Modes of Receive.
const (
	// ReceiveIgnore checks and counts them, and keeps none.
	ReceiveIgnore ReceiveMode = iota
	// ReceiveReport keeps them for Speaker.Received.
	ReceiveReport
)

// ReceiveLimit says what happens if a peer has more routes than are kept.
type ReceiveLimit uint8

// Limits of Receive.
const (
	// ReceiveDiscard drops the excess routes; the session goes on.
	ReceiveDiscard ReceiveLimit = iota
	// ReceiveTeardown ends the session with Cease/1, or with Cease/8 if the path attributes have too many octets (RFC 4486 §4),
	// and opens it again after growing intervals.
	ReceiveTeardown
)

const defaultMaxPrefixes = 1000

func (r Receive) policy() adjin.Policy {
	if r.Mode == ReceiveIgnore {
		return adjin.Policy{}
	}
	p := adjin.Policy{Keep: true, MaxPrefixes: r.MaxPrefixes, Teardown: r.OnLimit == ReceiveTeardown}
	if p.MaxPrefixes == 0 {
		p.MaxPrefixes = defaultMaxPrefixes
	}
	return p
}

// receiveLimitError ends a session whose peer has too many routes.
type receiveLimitError struct {
	*adjin.LimitError
	cease *localError
}

// policy is the policy whose limit was reached.
func (e *receiveLimitError) policy() adjin.Policy {
	return adjin.Policy{Keep: true, MaxPrefixes: e.Limit, Teardown: true}
}

// Error is the text of the Cease.
func (e *receiveLimitError) Error() string { return e.cease.Error() }

// Unwrap makes it the localError that the peer is told.
func (e *receiveLimitError) Unwrap() error { return e.cease }

// limitError turns a *adjin.LimitError into an error with its Cease.
func limitError(err error) error {
	var limit *adjin.LimitError
	if !errors.As(err, &limit) {
		return err
	}
	notification := wire.NewMaxPrefixes(limit.Family, uint32(limit.Limit))
	if limit.Octets != 0 {
		notification = &wire.Notification{Code: wire.CodeCease, Subcode: wire.CeaseOutOfResources} // RFC 4486 §4
	}
	return &receiveLimitError{LimitError: limit, cease: &localError{
		notification: *notification, text: fmt.Sprintf("the peer has %v", limit),
	}}
}

// receivedSession holds the parameters of a session for its Adj-RIB-In.
func receivedSession(c *contender) adjin.Session {
	return adjin.Session{
		Families: slices.Clone(c.negotiated.Families),
		AddPath:  slices.Clone(c.negotiated.AddPathReceive),
		Role:     c.negotiated.Role,
		PeerASN:  c.open.PeerASN(),
	}
}

// keep hands the routes of the UPDATE to the Adj-RIB-In.
func (r *updateReader) keep(withdraw bool) error {
	outcome, err := r.received.Take(&r.update, withdraw)
	if outcome.Martians > 0 {
		r.counts.discarded.Add(uint64(outcome.Martians))
	}
	if outcome.Oversize {
		r.counts.discarded.Add(1)
	}
	if outcome.Martians > 0 {
		r.lines.messages.info(r.log, "prefixes that cannot be routes were ignored", "count", outcome.Martians)
	}
	if outcome.Near {
		r.lines.limits.info(r.log, "received routes reach 80 % of the limit")
	}
	if outcome.Full {
		r.lines.limits.info(r.log, "received routes over the limit are dropped")
	}
	return limitError(err)
}

// takeRefresh answers a ROUTE-REFRESH, or takes the beginning or end of one that we asked for. RFC 2918 §4: whoever was told
// that we understand it may send one, and one for a family that was not negotiated is ignored; RFC 7313 §5: an unknown
// subtype too.
func (s *session) takeRefresh(body []byte, synced func(wire.Family) bool) error {
	r, err := wire.ParseRouteRefresh(body, s.connection.open.Capabilities.EnhancedRefresh) // RFC 7313 §5: where the peer sent the capability
	if err != nil {
		s.lines.messages.message(s.log, wire.TypeRouteRefresh, body, err)
		return fmt.Errorf("peer's ROUTE-REFRESH: %w", protocolError(err))
	}
	if !s.connection.ours.Capabilities.RouteRefresh || !slices.Contains(s.connection.negotiated.Families, r.Family) {
		return nil
	}
	switch {
	case r.Subtype == wire.RefreshRequest:
		s.out.Refresh(r.Family, s.connection.negotiated.EnhancedRefresh)
	case !s.connection.negotiated.EnhancedRefresh:
	case r.Subtype == wire.RefreshBegin && (s.connection.open.Capabilities.GracefulRestart == nil || synced(r.Family)):
		// RFC 7313 §4: a BoRR before the End-of-RIB of a peer with graceful restart MUST be ignored.
		s.received.BeginRefresh(r.Family)
	case r.Subtype == wire.RefreshEnd:
		s.received.EndRefresh(r.Family)
	}
	return nil
}

// askAgain makes the writer ask for routes that an earlier configuration did not keep. A peer that cannot be asked sends them
// whenever it likes.
func (s *session) askAgain() {
	if !s.received.TakeMissing() || !s.connection.negotiated.RouteRefresh {
		return
	}
	select {
	case s.asks <- struct{}{}:
	default:
	}
}

// appendRefreshRequests appends a ROUTE-REFRESH for each family.
func (s *session) appendRefreshRequests(b []byte) []byte {
	for _, f := range s.connection.negotiated.Families {
		b = wire.RouteRefresh{Family: f, Subtype: wire.RefreshRequest}.Append(b)
	}
	return b
}
