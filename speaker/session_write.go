// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

const (
	// batchLen is about how many bytes of UPDATEs are handed to the socket at once.
	batchLen = 64 << 10
	// withdrawStall is how long a peer may read none of the withdrawals of a decommission, and withdrawLimit how long they may
	// take in all: a slow router takes minutes for millions of routes, and would keep routes that were not withdrawn for its
	// restart time.
	withdrawStall = 5 * time.Second
	withdrawLimit = 2 * time.Minute
	// lingerLimit bounds the wait for the peer to read the last of them.
	lingerLimit = 30 * time.Second
)

// writer is the one place that writes to the connection of an Established session.
type writer struct {
	*session
	work           *work // of this goroutine
	keepaliveTimer *time.Timer
	interval       time.Duration // that keepaliveTimer was armed for
	lookTimer      *time.Timer   // for the send hold timer
	acks           acknowledgements
	rest           []byte    // the rest of a message that was written in part
	giveUp         time.Time // when a decommission ends at the latest; zero before it began
}

// write sends KEEPALIVEs and the messages of the Adj-RIB-Out until ctx ends; then it tells the peer why.
func (s *session) write(ctx context.Context) error {
	w := &writer{
		session: s, work: s.shared.progress.add("writer to peer " + s.id.Peer),
		keepaliveTimer: time.NewTimer(time.Hour), lookTimer: time.NewTimer(time.Hour),
		acks: acknowledgements{transport: s.shared.transport, conn: s.connection.conn},
	}
	defer s.shared.progress.remove(w.work)
	defer w.keepaliveTimer.Stop()
	defer w.lookTimer.Stop()
	w.armKeepalive()
	w.armLook()
	stop := interruptWrite(ctx, s.connection.conn)
	err := w.run(ctx)
	stop()
	ended := time.Now()
	if w.farewell(ctx, err) {
		// The octets in the kernel's buffers may take as long again as those that went through them.
		s.lingers.Store(min(farewellTimeout+time.Since(ended), lingerLimit))
	}
	return err
}

func (w *writer) run(ctx context.Context) error {
	keepalive := wire.AppendKeepalive(nil)
	buf := make([]byte, 0, batchLen+wire.MaxMessageLen)
	for ctx.Err() == nil {
		buf = w.next(buf)
		if len(buf) > 0 {
			if err := w.send(ctx, buf); err != nil {
				return err
			}
			w.written()
			continue
		}
		select {
		case <-ctx.Done():
		case <-w.out.Ready():
		case <-w.retimed:
			if w.keepalive.Load() != w.interval { // else the timer runs on
				w.armKeepalive()
			}
			w.armLook()
		case <-w.lookTimer.C:
			if hold := w.sendHold.Load(); hold > 0 && w.acks.stalled(0) >= hold {
				return errSendHold
			}
			w.armLook()
		case <-w.asks:
			if err := w.send(ctx, w.appendRefreshRequests(nil)); err != nil {
				return err
			}
		case <-w.keepaliveTimer.C:
			if err := w.send(ctx, keepalive); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// next returns the next messages of the Adj-RIB-Out, in buf.
func (w *writer) next(buf []byte) []byte {
	w.work.begin()
	defer w.work.end()
	return w.out.Next(buf[:0], batchLen)
}

// written tells the Adj-RIB-Out that its messages are on their way.
func (w *writer) written() {
	w.work.begin()
	defer w.work.end()
	w.out.Written()
}

// send writes whole messages.
func (w *writer) send(ctx context.Context, b []byte) error {
	written, err := w.push(ctx, b)
	whole, holds := countMessages(&w.messages.sent, b[:written])
	if whole < written {
		w.rest = b[written : whole+messageLen(b[whole:])]
	}
	if err == nil && holds {
		w.armKeepalive() // RFC 4271 §8.2.2: each KEEPALIVE and UPDATE restarts the KeepaliveTimer, and nothing else does
	}
	return err
}

// push writes b as far as the peer reads, and returns the number of octets written.
func (w *writer) push(ctx context.Context, b []byte) (written int, err error) {
	for {
		hold := w.sendHold.Load()
		w.armWrite(ctx, hold/sendHoldLooks)
		n, err := w.acks.write(b[written:])
		written += n
		if err == nil {
			return written, nil
		}
		stalled := w.acks.stalled(len(b) - written)
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded), ctx.Err() != nil && !w.patient(ctx, stalled):
			return written, fmt.Errorf("write: %w", err)
		case ctx.Err() == nil && stalled >= hold:
			return written, errSendHold
		}
	}
}

// patient reports whether a write goes on although the session has ended: a write of withdrawals does, while the peer reads.
func (w *writer) patient(ctx context.Context, stalled time.Duration) bool {
	if !errors.Is(context.Cause(ctx), ErrDecommission) {
		return false
	}
	if w.giveUp.IsZero() {
		w.giveUp = time.Now().Add(withdrawLimit)
	}
	return stalled < withdrawStall && time.Now().Before(w.giveUp)
}

// armWrite sets the write deadline, none for 0, and looks at ctx again: interruptWrite may have come just before.
func (w *writer) armWrite(ctx context.Context, timeout time.Duration) {
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	w.connection.conn.SetWriteDeadline(deadline)
	if ctx.Err() != nil {
		w.connection.conn.SetWriteDeadline(time.Now().Add(farewellTimeout))
	}
}

// minKeepalive: RFC 4271 §4.4: KEEPALIVEs MUST NOT be sent more often than once a second, jitter or not.
const minKeepalive = time.Second

// keepaliveAfter is when the next KEEPALIVE is due, jittered (RFC 4271 §10). RFC 4271 §4.2: with a hold time of 0 there are
// none, and it is 0.
func keepaliveAfter(interval time.Duration, jitter func() float64) time.Duration {
	if interval == 0 {
		return 0
	}
	return max(time.Duration(float64(interval)*jitter()), minKeepalive)
}

// armKeepalive restarts the KeepaliveTimer.
func (w *writer) armKeepalive() {
	w.interval = w.keepalive.Load()
	after := keepaliveAfter(w.interval, w.shared.jitter)
	if after == 0 {
		w.keepaliveTimer.Stop()
		return
	}
	w.keepaliveTimer.Reset(after)
}

// armLook sets the time of the next look at the socket, if there is a send hold timer.
func (w *writer) armLook() {
	w.lookTimer.Stop()
	if hold := w.sendHold.Load(); hold > 0 {
		w.lookTimer.Reset(hold / sendHoldLooks)
	}
}

// farewell tells the peer why the session ends, and reports whether it did. A decommission withdraws first. The rest of a partly
// written message goes before the NOTIFICATION, if the peer still reads.
func (w *writer) farewell(ctx context.Context, err error) bool {
	cause := context.Cause(ctx)
	if cause == nil { // the writer itself failed: its error is about to be the cause
		cause = err
	}
	patience := farewellTimeout
	switch decommission := errors.Is(cause, ErrDecommission); {
	case errors.Is(cause, errSendHold), len(w.rest) > 0 && !decommission:
		return false // no NOTIFICATION could pass the stuck octets
	case decommission:
		patience = withdrawStall
		if len(w.rest) == 0 {
			w.withdraw(ctx)
		}
	}
	n := farewell(cause, &w.connection.negotiated)
	if n == nil {
		return false
	}
	w.connection.conn.SetWriteDeadline(time.Now().Add(patience))
	b := n.Append(w.rest)
	if _, err := w.connection.conn.Write(b); err != nil {
		return false // the session is over either way
	}
	countMessages(&w.messages.sent, b[len(w.rest):])
	return true
}

// withdraw sends withdrawals of everything that the peer was sent, as long as it reads them.
func (w *writer) withdraw(ctx context.Context) {
	w.out.WithdrawAll()
	var buf []byte
	for {
		buf = w.next(buf)
		if len(buf) == 0 || w.send(ctx, buf) != nil {
			return
		}
		w.written()
	}
}

// durationValue is a duration that one goroutine sets and another reads.
type durationValue struct{ v atomic.Int64 }

func (d *durationValue) Store(v time.Duration) { d.v.Store(int64(v)) }
func (d *durationValue) Swap(v time.Duration) time.Duration {
	return time.Duration(d.v.Swap(int64(v)))
}
func (d *durationValue) Load() time.Duration { return time.Duration(d.v.Load()) }
