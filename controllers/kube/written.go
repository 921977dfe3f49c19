// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// urgentBurst is how many urgent writes of an object go at once, and urgentInterval the time between further ones: a neighbour
	// may come and go for ever, and must not cause a write each time. A write is urgent if people wait for it.
	urgentBurst    = 5
	urgentInterval = 10 * time.Second
)

// Written remembers which statuses a controller wrote and when, and paces further writes. Since a cache is behind our own writes, a
// transition time that was taken from the cache alone could change although the condition did not.
type Written struct {
	interval time.Duration

	mu   sync.Mutex
	last map[types.UID]write
}

type write struct {
	// next is when the next write that is not urgent may go.
	next time.Time
	// rested is when the object will have rested urgentInterval for each of its urgent writes. After that a whole burst may go
	// again.
	rested     time.Time
	conditions []metav1.Condition
}

// NewWritten returns an empty memory. Two writes of an object that are not urgent shall be about interval apart; the jitter spreads
// objects that were written at once.
func NewWritten(interval time.Duration) *Written {
	return &Written{interval: interval, last: map[types.UID]write{}}
}

// Note takes down a write to an object. The next write that is not urgent shall come about an interval later.
func (w *Written) Note(object types.UID, at time.Time, conditions []metav1.Condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.last[object]
	last.next, last.conditions = at.Add(Jittered(w.interval)), conditions
	w.last[object] = last
}

// NoteUrgent takes down an urgent write. It delays no write that is not urgent.
func (w *Written) NoteUrgent(object types.UID, at time.Time, conditions []metav1.Condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.last[object]
	if last.rested.Before(at) {
		last.rested = at
	}
	last.rested, last.conditions = last.rested.Add(urgentInterval), conditions
	w.last[object] = last
}

// Conditions are the conditions last written to an object, or the stored ones if none were written.
func (w *Written) Conditions(object types.UID, stored []metav1.Condition) []metav1.Condition {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, ok := w.last[object]; ok {
		return last.conditions
	}
	return stored
}

// Delay is how long a write to an object that is not urgent must wait.
func (w *Written) Delay(object types.UID, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, ok := w.last[object]
	if !ok {
		return 0
	}
	return max(0, last.next.Sub(now))
}

// UrgentDelay is how long an urgent write to an object must wait: not at all, unless a burst of them went before. A write that waited
// holds the state at its end: states that came and went meanwhile are skipped, and the last state is always written.
func (w *Written) UrgentDelay(object types.UID, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(0, w.last[object].rested.Add(-(urgentBurst-1)*urgentInterval).Sub(now))
}

// Forget drops an object that will not be written again.
func (w *Written) Forget(object types.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.last, object)
}
