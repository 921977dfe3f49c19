// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// here says whether this is the namespace of this process.
func (n *Netns) here() bool { return n == nil || n.Name == "" }

// Command is exec.CommandContext inside the namespace; its process becomes program, so that a signal reaches it.
func (n *Netns) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	if n.here() {
		return exec.CommandContext(ctx, program, args...)
	}
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.Name, program}, args...)...)
}

// Blackhole sends what goes to an address to nobody: packets leave, and nothing answers.
func (n *Netns) Blackhole(ctx context.Context, address netip.Addr) error {
	return ip(ctx, "-n", n.Name, "neigh", "replace", address.String(), "lladdr", "02:00:00:00:00:01", "dev", "eth0", "nud", "permanent")
}

// DialContext connects from inside the namespace to an address that needs no resolver.
func (n *Netns) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.Do(func() (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Do runs f on a thread inside the namespace. Sockets that f makes stay in it; goroutines that f starts are not.
func (n *Netns) Do(f func() error) error {
	if n.here() {
		return f()
	}
	done := make(chan error, 1)
	go func() { done <- n.onThread(f) }()
	return <-done
}

// onThread takes its thread into the namespace and back. A thread that cannot come back ends with its goroutine.
func (n *Netns) onThread(f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer func() { _ = home.Close() }()
	there, err := os.Open(filepath.Join("/run/netns", n.Name))
	if err != nil {
		return err
	}
	defer func() { _ = there.Close() }()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the namespace %s: %w", n.Name, err)
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, fmt.Errorf("leave the namespace %s: %w", n.Name, back))
	}
	runtime.UnlockOSThread()
	return err
}

// Counter is one of the kernel's TCP counters of the namespace, such as TCPMD5Failure (/proc/net/netstat).
func (n *Netns) Counter(ctx context.Context, name string) (int, error) {
	out, err := n.Command(ctx, "cat", "/proc/net/netstat").Output()
	if err != nil {
		return 0, fmt.Errorf("read TCP counters: %w", err)
	}
	names, values, _ := strings.Cut(string(out), "\n")
	values, _, _ = strings.Cut(values, "\n")
	fields := strings.Fields(values)
	for i, field := range strings.Fields(names) {
		if field == name && i < len(fields) {
			return strconv.Atoi(fields[i])
		}
	}
	return 0, fmt.Errorf("no TCP counter %s", name)
}
