// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// screen is the output for the reader. Standard error has the progress of builds.
type screen struct {
	w io.Writer
}

// say prints a line.
func (s *screen) say(format string, args ...any) {
	fmt.Fprintf(s.w, format+"\n", args...)
}

// did prints a finished step, and how long it took.
func (s *screen) did(what string, began time.Time, format string, args ...any) {
	took := time.Since(began).Round(100 * time.Millisecond)
	s.say("  %-14s %s (%s)", what, fmt.Sprintf(format, args...), took)
}

// command prints a command as a person would type it, and its output.
func (s *screen) command(command, output string) {
	s.say("\n$ %s\n%s", command, strings.TrimRight(output, "\n"))
}

const logLines = 30

// log prints the end of a log.
func (s *screen) log(name, text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	s.say("\n--- the end of the log of %s\n%s", name, strings.Join(lines[max(0, len(lines)-logLines):], "\n"))
}
