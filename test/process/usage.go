// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Memory is the memory of processes, in octets.
type Memory struct {
	// Resident is VmRSS, Peak is VmHWM, Anonymous is RssAnon: see proc_pid_status(5).
	Resident, Peak, Anonymous int
}

// MemoryOf reads the memory of processes and sums it up.
func MemoryOf(pids ...int) (Memory, error) {
	var sum Memory
	for _, pid := range pids {
		status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
		if err != nil {
			return sum, fmt.Errorf("memory of a process: %w", err)
		}
		sum.Resident += statusField(status, "VmRSS")
		sum.Peak += statusField(status, "VmHWM")
		sum.Anonymous += statusField(status, "RssAnon")
	}
	return sum, nil
}

// statusField reads a line such as "VmRSS:	  1234 kB"; 0 if there is none.
func statusField(status []byte, name string) int {
	for line := range bytes.Lines(status) {
		if rest, found := bytes.CutPrefix(line, []byte(name+":")); found {
			kilobytes, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(rest)), " kB"))
			return kilobytes << 10
		}
	}
	return 0
}

// CPUOf is the processor time that processes have used, by all of their threads.
func CPUOf(pids ...int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		used, err := cpuOf(pid)
		if err != nil {
			return sum, fmt.Errorf("processor time of process %d: %w", pid, err)
		}
		sum += used
	}
	return sum, nil
}

// Stat are the fields of /proc/PID/stat from the third on: the second, in parentheses, may hold anything.
func Stat(pid int) ([]string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil, fmt.Errorf("usage of a process: %w", err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return nil, fmt.Errorf("/proc/%d/stat is cut short", pid)
	}
	return fields, nil
}
