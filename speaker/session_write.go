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
	// withdrawTimeout bounds the withdrawals of a decommission.
	withdrawTimeout = 5 * time.Second
)

// errSendHold closes a session whose peer reads nothing. RFC 9687 §5: the connection MUST be closed; the NOTIFICATION (8/0)
// that MAY be sent could not pass what is stuck before it.
var errSendHold = errors.New("send hold timer expired: the peer reads nothing")

// writer is the one place that writes to the connection of an Established session.
type writer struct {
	*session
	keepaliveTimer *time.Timer
	broken         bool // a message was written in part
	said           bool // a NOTIFICATION was
}

// write sends KEEPALIVEs and what the Adj-RIB-Out has, until ctx ends; then it tells the peer why.
func (s *session) write(ctx context.Context) error {
	w := &writer{session: s, keepaliveTimer: time.NewTimer(time.Hour)}
	defer w.keepaliveTimer.Stop()
	w.armKeepalive()
	stop := interruptWrite(ctx, s.conn)
	err := w.run(ctx)
	stop()
	w.farewell(ctx, err)
	if w.said {
		s.lingers.Store(true)
	}
	return err
}

func (w *writer) run(ctx context.Context) error {
	keepalive := wire.AppendKeepalive(nil)
	buf := make([]byte, 0, batchLen+wire.MaxMessageLen)
	for ctx.Err() == nil {
		buf = w.out.Next(buf[:0], batchLen)
		if len(buf) > 0 {
			if err := w.send(ctx, buf); err != nil {
				return err
			}
			w.out.Written()
			continue
		}
		select {
		case <-ctx.Done():
		case <-w.out.Ready():
		case <-w.retimed:
			w.armKeepalive()
		case <-w.keepaliveTimer.C:
			if err := w.send(ctx, keepalive); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// send writes whole messages. RFC 9687 §4.3: the send hold timer starts anew whenever something is sent; it is looked at
// four times in its length.
func (w *writer) send(ctx context.Context, b []byte) error {
	written, err := w.push(ctx, b)
	whole := countMessages(&w.counts.sent, b[:written])
	w.broken = whole < written
	if err == nil {
		w.armKeepalive() // RFC 4271 §8.2.2: each UPDATE restarts the KeepaliveTimer
	}
	return err
}

// push writes b as far as the peer reads, and returns how much it wrote.
func (w *writer) push(ctx context.Context, b []byte) (written int, err error) {
	for progress := time.Now(); ; {
		hold := w.sendHold.Load()
		w.armWrite(ctx, hold/4)
		n, err := w.conn.Write(b[written:])
		written += n
		switch {
		case err == nil:
			return written, nil
		case !errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil:
			return written, fmt.Errorf("write: %w", err)
		case n > 0: // slow, but it reads
			progress = time.Now()
		case time.Since(progress) >= hold:
			return written, errSendHold
		}
	}
}

// armWrite sets the write deadline, none for 0, and looks at ctx again: interruptWrite may have come just before.
func (w *writer) armWrite(ctx context.Context, timeout time.Duration) {
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	w.conn.SetWriteDeadline(deadline)
	if ctx.Err() != nil {
		w.conn.SetWriteDeadline(time.Now().Add(farewellTimeout))
	}
}

// armKeepalive restarts the KeepaliveTimer, jittered (RFC 4271 §10). A hold time of 0 means no KEEPALIVEs.
func (w *writer) armKeepalive() {
	interval := w.keepalive.Load()
	if interval == 0 {
		w.keepaliveTimer.Stop()
		return
	}
	w.keepaliveTimer.Reset(time.Duration(float64(interval) * w.jitter()))
}

// farewell tells the peer why the session ends. A decommission withdraws first. After a message written in part nothing
// more can be said.
func (w *writer) farewell(ctx context.Context, err error) {
	cause := context.Cause(ctx)
	if cause == nil { // the writer itself failed: its error is about to be the cause
		cause = err
	}
	if w.broken || errors.Is(cause, errSendHold) {
		return // nothing could pass what is stuck
	}
	if errors.Is(cause, ErrDecommission) && !w.withdraw() {
		return
	}
	n := farewell(cause, w.negotiated.GracefulRestart)
	if n == nil {
		return
	}
	w.conn.SetWriteDeadline(time.Now().Add(farewellTimeout))
	b := n.Append(nil)
	// The session is over either way.
	if _, err := w.conn.Write(b); err == nil {
		countMessages(&w.counts.sent, b)
	}
	w.said = true
}

// withdraw sends withdrawals of everything that the peer was sent, and reports whether it could.
func (w *writer) withdraw() bool {
	w.out.WithdrawAll()
	w.conn.SetWriteDeadline(time.Now().Add(withdrawTimeout))
	var buf []byte
	for {
		buf = w.out.Next(buf[:0], batchLen)
		if len(buf) == 0 {
			return true
		}
		if _, err := w.conn.Write(buf); err != nil {
			return false
		}
		countMessages(&w.counts.sent, buf)
		w.out.Written()
	}
}

// durationValue is a duration that one goroutine sets and another reads.
type durationValue struct{ v atomic.Int64 }

func (d *durationValue) Store(v time.Duration) { d.v.Store(int64(v)) }
func (d *durationValue) Swap(v time.Duration) time.Duration {
	return time.Duration(d.v.Swap(int64(v)))
}
func (d *durationValue) Load() time.Duration { return time.Duration(d.v.Load()) }
