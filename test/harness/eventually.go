// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"testing"
	"time"
)

const pollInterval = 50 * time.Millisecond

// Eventually calls check until it returns nil. When timeout has passed it fails the test with the last error. It
// returns how long it took.
func Eventually(t testing.TB, timeout time.Duration, what string, check func() error) time.Duration {
	t.Helper()
	began := time.Now()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return time.Since(began)
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("not within %v: %s: %v", timeout, what, err)
		case <-t.Context().Done():
			t.Fatalf("test ended before: %s: %v", what, err)
		}
	}
}

// Steadily calls check until duration has passed, and fails the test with the first error.
func Steadily(t testing.TB, duration time.Duration, what string, check func() error) {
	t.Helper()
	end := time.NewTimer(duration)
	defer end.Stop()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if err := check(); err != nil {
			t.Fatalf("not for %v: %s: %v", duration, what, err)
		}
		select {
		case <-ticker.C:
		case <-end.C:
			return
		case <-t.Context().Done():
			t.Fatalf("test ended while: %s", what)
		}
	}
}
