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
	// urgentBurst is how many writes of an object that people wait for go at once, and urgentInterval how often one does after
	// them: a neighbour may come and go for ever, and the API server is not to hear of each time.
	urgentBurst    = 5
	urgentInterval = 10 * time.Second
)

// Written remembers the statuses that a controller wrote, and when, and so paces them. A cache is behind our own writes: a
// time of transition taken from it alone could move although nothing changed.
type Written struct {
	interval time.Duration

	mu   sync.Mutex
	last map[types.UID]write
}

type write struct {
	// next is when the next write may be that can wait.
	next time.Time
	// rested is when the object will have had urgentInterval of rest for each of its urgent writes, after which a whole burst
	// may go again.
	rested     time.Time
	conditions []metav1.Condition
}

// NewWritten remembers nothing yet. Two writes of an object that can wait are to be about interval apart, so that what was
// written at once spreads.
func NewWritten(interval time.Duration) *Written {
	return &Written{interval: interval, last: map[types.UID]write{}}
}

// Note takes down a write to an object, which the next one that can wait is to be about an interval after.
func (w *Written) Note(object types.UID, at time.Time, conditions []metav1.Condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.last[object]
	last.next, last.conditions = at.Add(Jittered(w.interval)), conditions
	w.last[object] = last
}

// NoteUrgent takes down a write that people waited for. It makes none wait that can.
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

// Conditions are those last written to an object, or what is stored where none were.
func (w *Written) Conditions(object types.UID, stored []metav1.Condition) []metav1.Condition {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, ok := w.last[object]; ok {
		return last.conditions
	}
	return stored
}

// Delay is how long a write to an object that can wait has to.
func (w *Written) Delay(object types.UID, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, ok := w.last[object]
	if !ok {
		return 0
	}
	return max(0, last.next.Sub(now))
}

// UrgentDelay is how long a write to an object that people wait for has to: not at all, unless there were a burst of them.
// Whoever waits writes what is true then, so that nothing is said of what came and went, and the last state always is.
func (w *Written) UrgentDelay(object types.UID, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(0, w.last[object].rested.Add(-(urgentBurst-1)*urgentInterval).Sub(now))
}

// Forget drops an object that is written no more.
func (w *Written) Forget(object types.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.last, object)
}

// Keep forgets every object but these.
func (w *Written) Keep(objects map[types.UID]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for object := range w.last {
		if !objects[object] {
			delete(w.last, object)
		}
	}
}
