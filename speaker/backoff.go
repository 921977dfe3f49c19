// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import "time"

// backoff spaces attempts to connect: from the configured interval it doubles to a minute.
type backoff struct{ attempts int }

// stableAfter is how long a session must have lasted for the next attempt to start from the beginning.
const stableAfter = time.Minute

// next is the interval until the attempt after the one that starts now, before jitter.
func (b *backoff) next(first time.Duration) time.Duration {
	limit := max(first, maxConnectRetry)
	interval := first
	for range b.attempts {
		if interval *= 2; interval >= limit {
			interval = limit
			break
		}
	}
	b.attempts++
	return interval
}

func (b *backoff) reset() { b.attempts = 0 }
