// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package process_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/process"
)

// TestProcessorTime compares with getrusage(2), which only the process itself can call.
func TestProcessorTime(t *testing.T) {
	own := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			t.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	const rounded = 2 * time.Microsecond // two parts, each in whole microseconds
	for range 100 {
		before := own()
		used, err := process.CPUOf(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if after := own(); used < before || used > after+rounded {
			t.Errorf("%v, want from %v to %v", used, before, after)
		}
	}
	const beyond = 1<<22 + 1 // what the kernel ever gives a process
	if _, err := process.CPUOf(beyond); err == nil {
		t.Error("a process that there is not has a processor time")
	}
}
