// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package process_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/test/process"
)

// recorder is a test that records its failures and logs.
type recorder struct {
	testing.TB
	errors, logs []string
}

func (*recorder) Helper()           {}
func (r *recorder) Failed() bool    { return len(r.errors) > 0 }
func (r *recorder) Log(args ...any) { r.logs = append(r.logs, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// TestADataRaceFailsTheTest: a race fails the test however the child ended, and whether or not the test looked at its end.
func TestADataRaceFailsTheTest(t *testing.T) {
	for name, tt := range map[string]struct {
		script  string
		raced   bool // in the report
		message string
	}{
		"a child without a race":   {"exit 0", false, ""},
		"one that fails otherwise": {"exit 66", false, "exit status 66"},
		"one with a race":          {"echo 'WARNING: DATA RACE' >&2; exit 66", true, "the race detector ended it"},
		"one that goes on":         {"echo 'WARNING: DATA RACE' >&2; exit 0", true, ""},
		"the race detector's orders": {
			`test "$GORACE" = "halt_on_error=1 exitcode=66"`, false, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, exec.Command("sh", "-c", tt.script))
			if err := p.Err(); (err == nil) != (tt.message == "") || err != nil && !strings.Contains(err.Error(), tt.message) {
				t.Errorf("it ended with %v, want %q", err, tt.message)
			}
			var r recorder
			p.Report(&r)
			if raced := len(r.errors) == 1 && strings.Contains(r.errors[0], "WARNING: DATA RACE"); raced != tt.raced || r.Failed() != raced {
				t.Errorf("the test is told %q, want a race: %v", r.errors, tt.raced)
			}
		})
	}
}

// TestLogOfAFailure: a failed test prints the end of a child's log.
func TestLogOfAFailure(t *testing.T) {
	p := start(t, exec.Command("echo", "what it said"))
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	var r recorder
	if p.Report(&r); len(r.logs) > 0 {
		t.Errorf("a test that passed logs %q", r.logs)
	}
	r.errors = []string{"something else"}
	if p.Report(&r); len(r.logs) != 1 || !strings.Contains(r.logs[0], "what it said") || len(r.errors) != 1 {
		t.Errorf("a test that failed logs %q and says %q", r.logs, r.errors)
	}
}

func start(t *testing.T, command *exec.Cmd) *process.Process {
	t.Helper()
	p, err := process.Start(t.TempDir(), "child", command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}
