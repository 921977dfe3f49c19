// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/harness"
)

// clockTick is the unit of CPU time in /proc on Linux (USER_HZ).
const clockTick = 10 * time.Millisecond

// cpuOf is the user and system time that processes have used.
func cpuOf(t *testing.T, processes []*harness.Process) time.Duration {
	t.Helper()
	total := 0
	for _, p := range processes {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
		if err != nil {
			t.Fatal(err)
		}
		// The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it (proc(5)).
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		for _, field := range fields[11:13] {
			ticks, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			total += ticks
		}
	}
	return time.Duration(total) * clockTick
}

func contains(text, part string) bool { return strings.Contains(text, part) }

func (r *router) prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }
