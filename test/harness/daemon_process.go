// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"os/exec"

	"github.com/herald-bgp/herald/test/process"
)

// Process is a child with a log file.
type Process = process.Process

// StartProcess starts the command, whose output goes to the end of a log file named after the program in dir.
func StartProcess(dir, name string, command *exec.Cmd) (*Process, error) {
	return process.Start(dir, name, command)
}

const tailLines = process.TailLines

func lastLines(text string, count int) string { return process.LastLines(text, count) }
