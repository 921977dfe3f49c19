// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"testing"
	"time"
)

// TestLineIsInOrder: after a burst a turn comes every 200 ms, the longest waiting first; somebody who does not come for a turn delays
// the others by that turn, and somebody who leaves does not.
func TestLineIsInOrder(t *testing.T) {
	var l line
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	expect := func(session string, want time.Duration) {
		t.Helper()
		if got := l.wait(session, now); got != want {
			t.Errorf("%s waits %v, want %v", session, got, want)
		}
	}
	for range countsPerSecond {
		expect("first", 0)
		l.take("first", now)
	}
	expect("a", turnInterval)
	expect("b", 2*turnInterval)
	expect("c", 3*turnInterval)
	expect("d", 4*turnInterval)
	expect("a", turnInterval)
	now = now.Add(turnInterval)
	expect("b", turnInterval) // it is the turn of a
	now = now.Add(turnInterval)
	expect("b", 0) // a is late
	l.take("b", now)
	expect("c", turnInterval)
	l.leave("a")
	expect("c", 0)
	expect("b", 2*turnInterval) // at the end of the line
	expect("d", turnInterval)
	l.clear()
	expect("d", 0)
	now = now.Add(time.Hour)
	for _, session := range []string{"d", "e", "f", "g", "h"} {
		expect(session, 0)
	}
	expect("i", turnInterval)
}
