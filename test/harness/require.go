// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"os"
	"os/exec"
	"testing"
)

// RequireRoot skips a test that needs network namespaces where it may not make them. With CI=true it fails.
func RequireRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		unavailable(tb, "needs root: network namespaces")
	}
}

// RequireTool skips a test whose program is not installed, and says which Debian package has it. With CI=true
// it fails.
func RequireTool(tb testing.TB, program, debianPackage string) {
	tb.Helper()
	if _, err := exec.LookPath(program); err != nil {
		unavailable(tb, "needs "+program+": apt-get install "+debianPackage)
	}
}

func unavailable(tb testing.TB, why string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatal(why)
	}
	tb.Skip("SKIPPED, " + why)
}
