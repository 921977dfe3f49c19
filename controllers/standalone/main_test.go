// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when something that a test started is still there at the end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
