// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package speaker

import "time"

// uptime is unknown here: graceful restart then claims no preserved forwarding.
func uptime() time.Duration { return 0 }
