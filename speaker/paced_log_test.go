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
				t.Errorf("%d lines, want %d with %s at the end: %q", len(got), lines, leftOut, got)
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
