// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// process is a child with a log file. It is killed when this process ends, however that ends.
type process struct {
	name string
	pid  int
	log  string
	done chan struct{} // closed once the process was waited for
	err  error         // how it ended; read after done
}

// startProcess starts program with its output appended to a log in dir.
func startProcess(dir, program string, args []string) (*process, error) {
	name := filepath.Base(program)
	p := &process{name: name, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()

	command := exec.Command(program, args...)
	command.Dir, command.Stdout, command.Stderr = dir, log, log
	command.SysProcAttr = attributes()
	started := make(chan error)
	go p.own(command, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start of %s: %w", name, err)
	}
	return p, nil
}

// own starts the command and waits for it on one thread: the parent whose death kills the child is the
// thread that started it, and a thread of the Go runtime may end at any time unless it is locked.
func (p *process) own(command *exec.Cmd, started chan<- error) {
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
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill ends the process, stopped or not, and waits for it.
func (p *process) kill() {
	_ = p.signal(syscall.SIGKILL) // that it is gone already is as good
	<-p.done
}

func (p *process) pause() error  { return p.signal(syscall.SIGSTOP) }
func (p *process) resume() error { return p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) error {
	if !p.running() {
		return fmt.Errorf("%s: %w", p.name, os.ErrProcessDone)
	}
	if err := syscall.Kill(p.pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%s to %s: %w", s, p.name, err)
	}
	return nil
}

const tailLines = 40

// tail returns the last lines of the log under a heading.
func (p *process) tail() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return fmt.Sprintf("--- %s: %v\n", p.log, err)
	}
	lines := bytes.SplitAfter(bytes.TrimRight(content, "\n"), []byte("\n"))
	first := max(0, len(lines)-tailLines)
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s, the last %d of %d lines\n", p.name, len(lines)-first, len(lines))
	b.Write(bytes.Join(lines[first:], nil))
	b.WriteByte('\n')
	return b.String()
}

func (cp *ControlPlane) logTails() string {
	var b strings.Builder
	for _, p := range []*process{cp.etcd, cp.apiserver} {
		if p != nil {
			b.WriteString(p.tail())
		}
	}
	return b.String()
}
