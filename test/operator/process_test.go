// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/harness"
	"github.com/herald-bgp/herald/test/process"
)

// cpuOf is the user and system time that processes have used.
func cpuOf(t *testing.T, processes []*harness.Process) time.Duration {
	t.Helper()
	var total time.Duration
	for _, p := range processes {
		used, err := process.CPUOf(p.PID())
		if err != nil {
			t.Fatal(err)
		}
		total += used
	}
	return total
}

func contains(text, part string) bool { return strings.Contains(text, part) }

func (r *router) prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }
