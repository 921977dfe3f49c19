// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"time"

	"golang.org/x/sys/unix"
)

// Uptime is how long the host has been up, 0 if that is unknown.
func Uptime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
