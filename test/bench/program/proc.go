// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/herald-bgp/herald/test/harness"
	"github.com/herald-bgp/herald/test/process"
)

// MemoryOf reads the memory of a program's processes and of their children.
func MemoryOf(p Program) (process.Memory, error) { return process.MemoryOf(pids(p)...) }

// CPUOf is the processor time that a program's processes and their children have used, by all of their threads.
func CPUOf(p Program) (time.Duration, error) { return process.CPUOf(pids(p)...) }

// pids returns the process IDs of a program's processes and of all processes that they started.
func pids(p Program) []int {
	var found []int
	for _, running := range p.Processes() {
		found = append(found, running.PID())
	}
	parents := map[int]int{}
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		pid, _ := strconv.Atoi(filepath.Base(entry))
		if fields, err := process.Stat(pid); err == nil { // else it has ended
			parents[pid], _ = strconv.Atoi(fields[1])
		}
	}
	for i := 0; i < len(found); i++ {
		for pid, parent := range parents {
			if parent == found[i] && !slices.Contains(found, pid) {
				found = append(found, pid)
			}
		}
	}
	return found
}

// processes leaves out the processes that do not run yet.
func processes(list ...*harness.Process) []*harness.Process {
	return slices.DeleteFunc(list, func(p *harness.Process) bool { return p == nil })
}

func logOf(p *harness.Process) string {
	if p == nil {
		return ""
	}
	return p.Log()
}

func kill(p *harness.Process) {
	if p != nil {
		p.Kill()
	}
}
