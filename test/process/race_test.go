// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package process_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

const racing = "HERALD_TEST_RACING"

// TestTheRaceDetectorEndsAChild: this very program, started again to race.
func TestTheRaceDetectorEndsAChild(t *testing.T) {
	if os.Getenv(racing) != "" {
		race()
		return
	}
	command := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	command.Env = append(command.Environ(), racing+"=1")
	p := start(t, command)
	var exit *exec.ExitError
	if err := p.Err(); !errors.As(err, &exit) || exit.ExitCode() != 66 {
		t.Errorf("it ended with %v, want exit status 66:\n%s", err, p.Log())
	}
	var r recorder
	if p.Report(&r); !r.Failed() {
		t.Errorf("no race was reported:\n%s", p.Log())
	}
}

// race writes one variable from two goroutines.
func race() {
	shared, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		shared++
	}()
	shared++
	<-done
	os.Exit(shared) // a child that gets here went on
}
