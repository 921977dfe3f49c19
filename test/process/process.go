// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package process runs children in the foreground: each writes to a log file, and ends with its parent.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Process is a child that runs in the foreground and writes to a log file. On Linux the kernel kills it when this
// process ends, however that ends.
type Process struct {
	// Name is the base name of the program.
	Name string
	// LogFile holds the child's standard output and standard error.
	LogFile string

	pid  int
	done chan struct{} // closed once the child was waited for
	err  error         // how it ended; read after done
}

// Start starts the command, whose output goes to the end of a log file named after the program in dir.
func Start(dir, name string, command *exec.Cmd) (*Process, error) {
	p := &Process{Name: name, LogFile: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()
	command.Stdout, command.Stderr = log, log
	command.Env = append(command.Environ(), raceEnvironment)
	command.SysProcAttr = attributes()
	started := make(chan error)
	go p.own(command, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// own starts the command and waits for it on one locked thread: the kernel kills the child when that thread ends,
// and a thread that is not locked may end at any time.
func (p *Process) own(command *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	if err := command.Start(); err != nil {
		started <- err
		return
	}
	p.pid = command.Process.Pid
	started <- nil
	p.err = command.Wait()
	if command.ProcessState.ExitCode() == raceExitCode && p.raced() {
		p.err = fmt.Errorf("%w: the race detector ended it, see the log", p.err)
	}
}

// PID is the child's process identifier.
func (p *Process) PID() int { return p.pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running reports whether the child still runs.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Err waits for the child and returns how it ended.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Signal sends a signal to the child.
func (p *Process) Signal(s syscall.Signal) error {
	if !p.Running() {
		return fmt.Errorf("%s: %w", p.Name, os.ErrProcessDone)
	}
	if err := syscall.Kill(p.pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%s to %s: %w", s, p.Name, err)
	}
	return nil
}

// Kill ends the child and its own children with SIGKILL and waits for it. A child that has ended already is no error.
func (p *Process) Kill() {
	if p.Running() {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL) // it leads its process group
	}
	<-p.done
}

// Stop ends the child with a signal. If that takes too long, Stop kills the child and returns an error.
func (p *Process) Stop(s syscall.Signal, patience time.Duration) error {
	if err := p.Signal(s); err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		p.Kill()
		return fmt.Errorf("%s still ran %s after %s", p.Name, patience, s)
	}
}

// Log returns all that the child wrote so far.
func (p *Process) Log() string {
	content, err := os.ReadFile(p.LogFile)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// TailLines is how many lines of a log a failed test prints.
const TailLines = 60

// Tail is the end of the log under a heading.
func (p *Process) Tail() string {
	return fmt.Sprintf("--- %s\n%s", p.Name, LastLines(p.Log(), TailLines))
}

// Report is for the end of a test: it fails the test if the race detector found a race in the child, and prints the end of
// the log if the test failed.
func (p *Process) Report(tb testing.TB) {
	tb.Helper()
	if p.raced() {
		tb.Errorf("a data race in %s:\n%s", p.Name, p.Log())
		return
	}
	if tb.Failed() {
		tb.Log(p.Tail())
	}
}

// LastLines are the last lines of a text.
func LastLines(text string, count int) string {
	lines := strings.SplitAfter(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "")
}
