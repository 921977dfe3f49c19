// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/wire"
)

// logged are the lines with that text.
func (w *world) logged(text string) []string {
	synctest.Wait()
	w.log.Lock()
	defer w.log.Unlock()
	var lines []string
	for _, line := range w.log.lines {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

// Nor does one whose routes go over the limit and back.
func TestLimitsAreLoggedSparsely(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive, report(4))))
		p := w.arrive(theirOpen(false))
		for range 100 {
			p.Send(reachable(hosts(0, 5)...))
			p.Send(unreachable(hosts(0, 5)...))
			synctest.Wait()
		}
		if lines := w.logged("received routes"); len(lines) != 5 {
			t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
		}
	})
}

// A second connection that is still undecided a while after the session was lost is closed, and that is logged too. In OpenConfirm the
// peer may be Established on it, so the hold timer decides.
func TestUndecidedSecondConnectionIsLogged(t *testing.T) {
	open := theirOpen(true)
	for name, test := range map[string]struct {
		sends []byte
		waits time.Duration
	}{
		"silent":         {nil, 5 * time.Second},
		"in OpenConfirm": {open.Append(nil), time.Duration(open.HoldTime) * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(w *world) {
				l := w.listen()
				w.apply(config(peerConfig()))
				first := w.establish(l, theirOpen(true))
				second := w.dial(netip.AddrPortFrom(us, 179), "")
				second.ExpectOpen()
				second.Send(test.sends)
				first.Conn.Close()
				time.Sleep(test.waits - time.Second) // the bubble's clock
				if lines := w.logged("second connection of the peer closed"); len(lines) != 0 {
					t.Errorf("too soon: %q", lines)
				}
				time.Sleep(2 * time.Second)
				if lines := w.logged("second connection of the peer closed"); len(lines) != 1 {
					t.Errorf("%d lines: %q", len(lines), lines)
				}
			})
		})
	}
}

// A peer that opens one connection after the other beside its session fills no log: a few lines, then one a minute with the
// number of those that were left out, and a few again after a quiet time.
func TestSecondConnectionsAreLoggedSparsely(t *testing.T) {
	run(t, func(w *world) {
		l := w.listen()
		w.apply(config(peerConfig()))
		open := theirOpen(false)
		open.HoldTime = 0
		w.establish(l, open)
		const line = "second connection of the peer closed"
		connect := func(times int) {
			for range times {
				p := w.dial(netip.AddrPortFrom(us, 179), "")
				p.ExpectOpen()
				p.Conn.Close()
				synctest.Wait()
			}
		}
		expect := func(lines int, leftOut string) {
			t.Helper()
			got := w.logged(line)
			if len(got) != lines || !strings.Contains(got[len(got)-1], leftOut) {
				t.Errorf("%d lines, want %d with %s in the last, %q", len(got), lines, leftOut, got[len(got)-1])
			}
		}
		connect(100)
		expect(5, "")
		time.Sleep(time.Minute) // the bubble's clock
		connect(10)
		expect(6, `"leftOut"=95`)
		time.Sleep(time.Minute) // the bubble's clock
		connect(1)
		expect(7, `"leftOut"=9`)
		w.expectState(speaker.StateEstablished)
	})
}

// Nor does one whose connections all fail: neither the handshakes, nor the messages in them, nor the transitions of the state.
func TestFailedHandshakesAreLoggedSparsely(t *testing.T) {
	run(t, func(w *world) {
		w.apply(config(peerConfig(passive)))
		refused := open(t, "04 fbf4 0001 c0000201 00")
		connect := func(times int) {
			for range times {
				p := w.dial(netip.AddrPortFrom(us, 179), "")
				p.ExpectOpen()
				p.Send(refused)
				p.ExpectNotification(wire.CodeOpen, wire.OpenUnacceptableHoldTime)
				synctest.Wait() // else the next connection may end this one first
			}
		}
		connect(100)
		for _, line := range []string{"session not started", "the peer sent a message with an error", "session state changed"} {
			if lines := w.logged(line); len(lines) != 5 {
				t.Errorf("%q: %d lines", line, len(lines))
			}
		}
		if e := w.snapshot().LastError; e == nil || e.Code != wire.CodeOpen {
			t.Errorf("error %+v", e)
		}
		time.Sleep(time.Minute) // the bubble's clock
		connect(1)
		if lines := w.logged("session not started"); len(lines) != 6 || !strings.Contains(lines[5], `"leftOut"=95`) {
			t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
		}
		w.arrive(theirOpen(true))
		if lines := w.logged(`"to"="Established"`); len(lines) != 1 {
			t.Errorf("%d lines about the session that came up", len(lines))
		}
	})
}

// Nor does an address that can be listened at and cannot, again and again.
func TestListenersAreLoggedSparsely(t *testing.T) {
	run(t, func(w *world) {
		for range 20 {
			w.apply(config(peerConfig(passive)))
			w.apply(config(peerConfig(active)))
		}
		if lines := w.logged("listening"); len(lines) != 5 {
			t.Errorf("%d lines", len(lines))
		}
	})
}
