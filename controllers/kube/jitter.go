// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"math/rand/v2"
	"time"
)

// Jittered is 0.75 to 1.25 of d: processes that lost their API server at the same time do not return at the same time, and objects
// that were written together are not written together again.
func Jittered(d time.Duration) time.Duration {
	return time.Duration((0.75 + rand.Float64()/2) * float64(d))
}
