// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Written remembers the statuses that a controller wrote, and when. A cache is behind our own writes: a time of transition
// taken from it alone could move although nothing changed.
type Written struct {
	interval time.Duration

	mu   sync.Mutex
	last map[types.UID]write
}

type write struct {
	at         time.Time
	conditions []metav1.Condition
}

// NewWritten remembers nothing yet. Two writes of an object that can wait are to be interval apart.
func NewWritten(interval time.Duration) *Written {
	return &Written{interval: interval, last: map[types.UID]write{}}
}

// Note takes down a write to an object, which the next one that can wait is to be an interval after.
func (w *Written) Note(object types.UID, at time.Time, conditions []metav1.Condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last[object] = write{at: at, conditions: conditions}
}

// NoteUrgent takes down a write that could not wait. It makes no other wait.
func (w *Written) NoteUrgent(object types.UID, conditions []metav1.Condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last[object] = write{at: w.last[object].at, conditions: conditions}
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
	return max(0, w.interval-now.Sub(last.at))
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
