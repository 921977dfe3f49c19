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
	"github.com/herald-bgp/herald/speaker/internal/faketest"
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
				p := faketest.Dial(t.Context(), w, w.peer, netip.AddrPortFrom(us, 179), "")
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
