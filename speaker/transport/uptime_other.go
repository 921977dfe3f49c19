// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import "time"

// Uptime is not known here: 0.
func Uptime() time.Duration { return 0 }
