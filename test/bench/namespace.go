// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// insideVariable tells the child that it is in the namespace.
const insideVariable = "HERALD_BENCH_NAMESPACE"

func insideNamespace() bool { return os.Getenv(insideVariable) != "" }

// enterNamespace runs this program again in a new network namespace, which ends with its last process: the programs
// have port 179 and all addresses to themselves, and nothing is left behind.
func enterNamespace(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, self, os.Args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), insideVariable+"=1")
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	// The child is told when the thread that started it ends, which is this one.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	attributes := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}
	if os.Geteuid() != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	command.SysProcAttr = attributes
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(max(1, exit.ExitCode())) // the child said why
	}
	if err != nil {
		return fmt.Errorf("a network namespace is needed: %w", err)
	}
	return nil
}

// prepareNamespace gives the loopback interface the addresses of programs and sinks: all of 198.18.0.0/15, which is for
// benchmarks (RFC 2544), and IPv6 ones for documentation.
func prepareNamespace(ctx context.Context) error {
	commands := []string{
		"link set lo up", "address add 198.18.0.1/15 dev lo", "address add " + sink6(0).String() + "/128 dev lo nodad",
	}
	for i := range maxPrograms {
		commands = append(commands, "address add "+program4(i).String()+"/32 dev lo",
			"address add "+program6(i).String()+"/128 dev lo nodad")
	}
	for _, command := range commands {
		if out, err := exec.CommandContext(ctx, "ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, strings.TrimSpace(string(out)))
		}
	}
	// Go raises its own limit, and gives its children the old one unless it was set by hand.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = min(limit.Max, maxFiles)
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

const (
	maxPrograms = 8
	maxFiles    = 65536 // enough for thousands of sessions; some daemons close that many before they begin
)

// program4 and program6 are where the programs listen, by their place in the list; the floor comes last.
func program4(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, 0, byte(10 + i)}) }

func program6(i int) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf("2001:db8:ffff::%d", 10+i))
}

// sink4 and sink6 are where the sinks dial from.
func sink4(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 19, byte(i / 250), byte(1 + i%250)})
}

func sink6(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:ffff::1:%x", 1+i)) }
