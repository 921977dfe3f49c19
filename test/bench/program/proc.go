// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/herald-bgp/herald/test/harness"
)

// Memory is that of a program, in octets, summed over its processes.
type Memory struct {
	// Resident is VmRSS, Peak is VmHWM, Anonymous is RssAnon: see proc_pid_status(5).
	Resident, Peak, Anonymous int
}

// MemoryOf reads the memory of a program's processes and of their children.
func MemoryOf(p Program) (Memory, error) {
	var sum Memory
	for _, pid := range pids(p) {
		status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
		if err != nil {
			return sum, err
		}
		sum.Resident += statusField(status, "VmRSS")
		sum.Peak += statusField(status, "VmHWM")
		sum.Anonymous += statusField(status, "RssAnon")
	}
	return sum, nil
}

// statusField reads "VmRSS:	  1234 kB", 0 where there is none.
func statusField(status []byte, name string) int {
	for line := range bytes.Lines(status) {
		if rest, found := bytes.CutPrefix(line, []byte(name+":")); found {
			kilobytes, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(rest)), " kB"))
			return kilobytes << 10
		}
	}
	return 0
}

// CPUOf is the processor time that a program's processes and their children have used, by all of their threads.
func CPUOf(p Program) (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	var sum time.Duration
	for _, pid := range pids(p) {
		fields, err := stat(pid)
		if err != nil {
			return sum, err
		}
		for _, field := range fields[11:13] { // utime and stime, the fields 14 and 15 of proc_pid_stat(5)
			ticks, err := strconv.Atoi(field)
			if err != nil {
				return sum, fmt.Errorf("/proc/%d/stat: %w", pid, err)
			}
			sum += time.Duration(ticks) * tick
		}
	}
	return sum, nil
}

// stat are the fields of /proc/PID/stat from the third on: the second, in parentheses, may hold anything.
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return nil, fmt.Errorf("/proc/%d/stat is cut short", pid)
	}
	return fields, nil
}

// pids are those of a program's processes and of all that they started.
func pids(p Program) []int {
	var found []int
	for _, process := range p.Processes() {
		found = append(found, process.PID())
	}
	parents := map[int]int{}
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		pid, _ := strconv.Atoi(filepath.Base(entry))
		if fields, err := stat(pid); err == nil { // else it has ended
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

// processes leaves out those that do not run yet.
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
