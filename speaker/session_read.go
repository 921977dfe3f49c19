// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

// lastLook is how long a read may take that only fetches what the socket already holds.
const lastLook = 50 * time.Millisecond

// read takes the peer's messages until the session ends. Received routes are parsed and counted, and kept for people to look
// at where Receive says so: RFC 8212 §3 wants none to be used without an import policy, and there is none.
func (s *session) read(ctx context.Context) error {
	updates := updateReader{
		options: wire.UpdateOptions{
			AS4:             s.connection.negotiated.AS4,
			EBGP:            s.connection.open.PeerASN() != s.connection.cfg.LocalASN,
			ExtendedNextHop: slices.Contains(s.connection.negotiated.ExtendedNextHop, wire.IPv4Unicast),
			Families:        s.connection.negotiated.Families,
			AddPath:         s.connection.negotiated.AddPathReceive,
			LocalAddress:    addrPort(s.connection.conn.LocalAddr()).Addr().WithZone(""),
		},
		received: s.received,
		counts:   s.messages,
		log:      s.log,
		lines:    &s.lines,
		awaited:  s.awaited,
		restored: s.restored,
	}
	reading := s.shared.progress.add("reader of peer " + s.id.Peer)
	defer s.shared.progress.remove(reading)
	defer interruptRead(ctx, s.connection.conn)()
	hold := s.connection.negotiated.HoldTime
	s.armHold(ctx, hold)
	for expired := false; ; {
		t, body, err := s.connection.next()
		timeout := errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil
		if timeout && !expired {
			// An expired deadline hides what has arrived: the process may have been stopped for longer than the peer was silent.
			expired = true
			armRead(ctx, s.connection.conn, time.Now().Add(lastLook))
			continue
		}
		if timeout {
			return errHoldTimer // RFC 4271 §6.5
		}
		if err != nil {
			return fmt.Errorf("read: %w", protocolError(lost(err)))
		}
		switch t {
		case wire.TypeKeepalive:
			expired = false
			s.armHold(ctx, hold)
		case wire.TypeUpdate:
			reading.begin()
			err := updates.take(body)
			reading.end()
			if err != nil {
				return fmt.Errorf("peer's UPDATE: %w", protocolError(err))
			}
			expired = false
			s.armHold(ctx, hold)
		case wire.TypeNotification:
			return s.connection.notified(body)
		case wire.TypeRouteRefresh:
			if err := s.takeRefresh(body, updates.synced); err != nil {
				return err
			}
		default:
			return unexpected(wire.FSMUnexpectedInEstablished, t, "Established")
		}
	}
}

// armHold restarts the hold timer. Only a whole KEEPALIVE or UPDATE does (RFC 4271 §8.2.2).
func (s *session) armHold(ctx context.Context, hold time.Duration) {
	var deadline time.Time // RFC 4271 §4.2: none for a hold time of 0
	if hold > 0 {
		deadline = time.Now().Add(hold)
	}
	armRead(ctx, s.connection.conn, deadline)
}

// updateReader parses UPDATEs, counts what they hold, and hands it to the Adj-RIB-In.
type updateReader struct {
	options  wire.UpdateOptions
	update   wire.Update
	received *adjin.Table
	counts   *messageCounters
	log      logr.Logger
	lines    *peerLines
	// ended are the families whose End-of-RIB has come; restored gets those of them that are in awaited, and has room for all.
	awaited, ended []wire.Family
	restored       chan<- wire.Family
}

// synced reports whether a family's End-of-RIB has come.
func (r *updateReader) synced(f wire.Family) bool { return slices.Contains(r.ended, f) }

// take counts and keeps the routes of an UPDATE. The error, if any, ends the session (RFC 7606 §2).
func (r *updateReader) take(body []byte) error {
	err := wire.ParseUpdate(body, r.options, &r.update)
	if n := (*wire.Notification)(nil); errors.As(err, &n) {
		r.lines.messages.message(r.log, wire.TypeUpdate, body, err)
		return err
	}
	u := &r.update
	if f, end := u.EndOfRIB(); end && err == nil {
		r.endOfRIB(f)
	}
	reachable, withdrawn := countPaths(wire.IPv4Unicast, u.PathIDs, u.NLRI), countPaths(wire.IPv4Unicast, u.PathIDs, u.Withdrawn)
	if m := u.MPReach; m != nil {
		reachable += countPaths(m.Family, m.PathIDs, m.NLRI)
	}
	if m := u.MPUnreach; m != nil {
		withdrawn += countPaths(m.Family, m.PathIDs, m.NLRI)
	}
	withdraw := false
	if err != nil {
		r.counts.discarded.Add(1)
		r.lines.messages.message(r.log, wire.TypeUpdate, body, err)
		var attribute *wire.AttributeError
		if errors.As(err, &attribute) && attribute.Action == wire.TreatAsWithdraw {
			withdraw = true
			reachable, withdrawn = 0, withdrawn+reachable
		}
	}
	r.counts.reachable.Add(reachable)
	r.counts.withdrawn.Add(withdrawn)
	return r.keep(withdraw)
}

// endOfRIB takes notice of a family's first End-of-RIB.
func (r *updateReader) endOfRIB(f wire.Family) {
	if r.synced(f) {
		return
	}
	r.ended = append(r.ended, f)
	if slices.Contains(r.awaited, f) {
		// RFC 4724 §4.2: what did not come again goes, and at once: a refresh may follow, which makes other routes stale.
		r.received.Purge(f)
		r.restored <- f
	}
}

func countPaths(f wire.Family, pathIDs bool, nlri []byte) uint64 {
	var n uint64
	for _, err := range wire.Paths(f, pathIDs, nlri) {
		if err != nil {
			break
		}
		n++
	}
	return n
}
