// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/herald-bgp/herald/test/harness"
)

// herald is a `herald standalone` with a directory of manifests.
type herald struct {
	*harness.Process
	dir       string // of the log and of manifests that are being written
	manifests string
	args      []string
}

// newHerald makes one that does not run yet and ends with the test.
func newHerald(t *testing.T, routerID string) *herald {
	t.Helper()
	h := &herald{dir: t.TempDir(), manifests: t.TempDir()}
	h.args = []string{
		"standalone", "--manifests", h.manifests, "--node-name", nodeName, "--router-id", routerID,
		"--health-address", freeAddress(t), "--log-level", "debug",
	}
	t.Cleanup(func() {
		if h.Process != nil {
			h.Kill()
			h.Report(t)
		}
	})
	return h
}

func (h *herald) start() (err error) {
	h.Process, err = harness.StartProcess(h.dir, "herald", exec.Command(heraldBinary, h.args...))
	return err
}

// restart sends the signal that ends the program for a while; up starts it again.
func (h *herald) restart() (up func() error, err error) {
	if err := h.Signal(syscall.SIGTERM); err != nil {
		return nil, err
	}
	return func() error {
		if err := h.Err(); err != nil {
			return fmt.Errorf("herald ended with %w", err)
		}
		return h.start()
	}, nil
}

// write puts a manifest in place at once, or replaces it.
func (h *herald) write(name, content string) error {
	temporary := filepath.Join(h.dir, name)
	if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(h.manifests, name))
}

func (h *herald) remove(name string) error { return os.Remove(filepath.Join(h.manifests, name)) }

// refusals lists the manifests that are not in force, from the program's log, "" if all of them are in force.
func (h *herald) refusals() string {
	if h.Process == nil {
		return ""
	}
	var all strings.Builder
	for line := range strings.Lines(h.Log()) {
		if _, reason, ok := strings.Cut(line, "reason="); ok && strings.Contains(line, `msg="manifest not in force"`) {
			fmt.Fprintf(&all, "\nmanifest refused: %s", strings.TrimSpace(reason))
		}
	}
	return all.String()
}

// freeAddress is a loopback address with a port that is free right now.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
