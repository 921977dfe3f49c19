// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/herald-bgp/herald/test/bench/report"
)

// facts are what the numbers depend on.
func (b *bench) facts() []report.Fact {
	facts := []report.Fact{
		{Name: "date", Value: time.Now().UTC().Format("2006-01-02 15:04 UTC")},
		{Name: "processor", Value: fmt.Sprintf("%s, %d cores", field("/proc/cpuinfo", "model name"), runtime.NumCPU())},
		{Name: "memory", Value: field("/proc/meminfo", "MemTotal")},
		{Name: "kernel", Value: kernel()},
		{Name: "load when it began", Value: load()},
		{Name: "Go", Value: runtime.Version()},
		{Name: "rounds", Value: fmt.Sprint(b.rounds)},
	}
	if b.scale != 1 {
		facts = append(facts, report.Fact{
			Name: "scale", Value: fmt.Sprintf("%v of the routes: the numbers say little, and no budget is judged", b.scale),
		})
	}
	return facts
}

// field reads the first "name : value" of a file.
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func kernel() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return err.Error()
	}
	return unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
}

// load is what else the machine does: 0.0 is a quiet one.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err.Error()
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
