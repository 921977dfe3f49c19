// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"slices"
	"sync"
	"time"
)

const (
	// countsPerSecond is how many writes a second all sessions of the node have together for what only counts. As many go at
	// once after a rest.
	countsPerSecond = 5
	turnInterval    = time.Second / countsPerSecond
)

// line is where sessions wait for their turn to write what only counts, the longest waiting first. A session that is in line comes
// again after the time that it was told, or it leaves.
type line struct {
	mu      sync.Mutex
	waiting []string
	// spent is when the turns that were taken so far will have been earned again.
	spent time.Time
}

// wait is how long a session has to wait for its turn; it takes a place in line if it has none. Once wait returns 0, the session has its
// turn until it takes it or leaves. Somebody who is late for a turn holds up nobody else for longer than that turn.
func (l *line) wait(session string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := slices.Index(l.waiting, session)
	if place < 0 {
		place = len(l.waiting)
		l.waiting = append(l.waiting, session)
	}
	return max(0, l.earned(now).Add(time.Duration(place+1-countsPerSecond)*turnInterval).Sub(now))
}

// take spends the turn of a session.
func (l *line) take(session string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent = l.earned(now).Add(turnInterval)
	l.drop(session)
}

// earned is when all turns that were taken will have been earned again, or now if they have been.
func (l *line) earned(now time.Time) time.Time {
	if l.spent.Before(now) {
		return now
	}
	return l.spent
}

// leave gives up the place of a session, if it has one.
func (l *line) leave(session string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(session)
}

func (l *line) drop(session string) {
	l.waiting = slices.DeleteFunc(l.waiting, func(name string) bool { return name == session })
}

// clear has every session leave.
func (l *line) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = nil
}
