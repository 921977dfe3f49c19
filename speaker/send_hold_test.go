// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// sendHoldOf sets the timer.
func sendHoldOf(hold time.Duration) func(*given) {
	return func(p *given) { p.Timers.SendHold = hold }
}

// hold sends KEEPALIVEs until the session is over, for an hour at most, and returns how long that was. At each of them the
// peer does what each says.
func (w *world) hold(p *bgptest.Peer, each func(lasts time.Duration)) time.Duration {
	w.Helper()
	began := time.Now()
	for w.snapshot().Flaps == 0 && time.Since(began) < time.Hour {
		each(time.Since(began))
		if _, err := p.Conn.Write(wire.AppendKeepalive(nil)); err != nil {
			break
		}
		time.Sleep(time.Second) // the bubble's clock
		synctest.Wait()
	}
	return time.Since(began)
}

// expectSendHold wants the session closed by the send hold timer.
func (w *world) expectSendHold(took, least, most time.Duration) {
	w.Helper()
	if took < least || took > most {
		w.Errorf("closed after %v, want %v to %v", took, least, most)
	}
	if e := w.snapshot().LastError; e == nil || e.Text != "send hold timer expired: the peer reads nothing, or less than a message" {
		w.Errorf("error %+v", e)
	}
}

// RFC 9687 §4.3, §5: a peer that acknowledges nothing is closed when the timer expires, and no sooner, whether what is written
// for it fits into the buffers on the way, as KEEPALIVEs do for hours, or not.
func TestSendHoldTimer(t *testing.T) {
	const sendHold, late = 100 * time.Second, 100*time.Second/20 + time.Second
	t.Run("more than the buffers take", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active, sendHoldOf(sendHold), manyRoutes)))
			p := bgptest.Accept(w, l)
			p.Handshake(theirOpen(true))
			took := w.hold(p, func(time.Duration) {})
			w.expectSendHold(took, sendHold, sendHold+late)
		})
	})
	t.Run("KEEPALIVEs alone", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active, sendHoldOf(sendHold))))
			p := w.establish(l, theirOpen(true))
			p.Conn.(*faketest.Conn).Shut(true)
			took := w.hold(p, func(time.Duration) {})
			w.expectSendHold(took, sendHold+22500*time.Millisecond, sendHold+30*time.Second+late) // the first KEEPALIVE comes then
		})
	})
	t.Run("changed in place", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active)))
			p := w.establish(l, theirOpen(true))
			p.Conn.(*faketest.Conn).Shut(true)
			took := w.hold(p, func(lasts time.Duration) {
				if lasts == time.Minute {
					w.apply(config(peerConfig(active, sendHoldOf(sendHold))))
				}
			})
			w.expectSendHold(took, sendHold+22500*time.Millisecond, sendHold+30*time.Second+late)
		})
	})
}

// A peer that reads a message in the time of the timer, however long that is, is kept, and so is one that was sent nothing for
// long. RFC 9687 §4.3: what restarts the timer is a message, and not some octets of one.
func TestSendHoldTimerOfASlowPeer(t *testing.T) {
	const sendHold = 100 * time.Second
	// reads has the peer read so many octets of very many each 95 s.
	reads := func(w *world, octets int) (took time.Duration) {
		l := w.listen()
		w.apply(config(peerConfig(active, sendHoldOf(sendHold), manyRoutes)))
		p := bgptest.Accept(w, l)
		p.Handshake(theirOpen(true))
		p.Conn.SetReadDeadline(time.Time{})
		b := make([]byte, octets)
		return w.hold(p, func(lasts time.Duration) {
			if lasts%(95*time.Second) != 0 {
				return
			}
			if _, err := io.ReadFull(p.Conn, b); err != nil {
				w.Fatal(err)
			}
		})
	}
	t.Run("reads little", func(t *testing.T) {
		run(t, func(w *world) {
			took := reads(w, wire.MaxMessageLen)
			w.expectState(speaker.StateEstablished)
			if took < time.Hour {
				t.Errorf("closed after %v", took)
			}
		})
	})
	t.Run("reads less than a message", func(t *testing.T) {
		run(t, func(w *world) {
			took := reads(w, 10)
			w.expectSendHold(took, sendHold, sendHold+sendHold/20+time.Second)
		})
	})
	t.Run("is sent a message at a time", func(t *testing.T) {
		run(t, func(w *world) {
			l := w.listen()
			w.apply(config(peerConfig(active, sendHoldOf(sendHold))))
			p := w.establish(l, theirOpen(true))
			p.Conn.(*faketest.Conn).Shut(true)
			p.Conn.SetReadDeadline(time.Time{})
			b := make([]byte, 4096)
			took := w.hold(p, func(lasts time.Duration) {
				if lasts%(95*time.Second) != 0 || lasts == 0 { // reads all at once, less than the timer after the first was sent
					return
				}
				if _, err := p.Conn.Read(b); err != nil {
					t.Fatal(err)
				}
			})
			w.expectState(speaker.StateEstablished)
			if took < time.Hour {
				t.Errorf("closed after %v", took)
			}
		})
	})
}
