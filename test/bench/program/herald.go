// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/harness"
)

const (
	// docsPerFile keeps a manifest below the size that standalone reads.
	docsPerFile = 500
	// prefixesPerObject is the most that an Announcement may have.
	prefixesPerObject = 4096
	// changing is the file of the object that changes.
	changing = "changing.yaml"
)

// ErrRefused says that Herald does not take a manifest: this version may not have one of its fields.
var ErrRefused = errors.New("manifests refused")

// Herald is `herald standalone`: a subprocess that is told what to announce by manifests.
type Herald struct {
	// Title tells it from another Herald; "Herald" by default.
	Title string
	// Binary is its path.
	Binary string

	plan    Plan
	process *harness.Process
	health  netip.AddrPort
}

// Name is Herald.
func (h *Herald) Name() string { return cmp.Or(h.Title, "Herald") }

// Version is what the program says of itself.
func (h *Herald) Version(ctx context.Context) (string, error) {
	return firstLine(exec.CommandContext(ctx, h.Binary, "version").Output())
}

// Setting says how it is configured.
func (h *Herald) Setting() string {
	return "herald standalone --listen, shipped GC settings; a BGPPeer a sink, Passive; an Announcement a set of attributes"
}

func (h *Herald) manifests() string { return filepath.Join(h.plan.Dir, "manifests") }

// Start writes the manifests, runs the program and waits until it has applied them.
func (h *Herald) Start(ctx context.Context, plan Plan) error {
	h.plan = plan
	if err := os.MkdirAll(h.manifests(), 0o755); err != nil {
		return err
	}
	if err := h.write(); err != nil {
		return fmt.Errorf("manifests: %w", err)
	}
	var err error
	if h.health, err = freePort(); err != nil {
		return err
	}
	command := exec.CommandContext(context.WithoutCancel(ctx), h.Binary, "standalone", "--manifests", h.manifests(),
		"--node-name", "bench", "--router-id", plan.RouterID.String(),
		"--listen", netip.AddrPortFrom(plan.Local, 179).String(), "--health-address", h.health.String())
	command.Env = os.Environ()
	if plan.Trace {
		command.Env = append(command.Env, "GODEBUG=gctrace=1")
	}
	if h.process, err = harness.StartProcess(plan.Dir, "herald", command); err != nil {
		return err
	}
	return h.applied(ctx)
}

// applied waits for the log's line that says so.
func (h *Herald) applied(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, h.plan.Patience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		log := h.Log()
		if strings.Contains(log, "not in force") || strings.Contains(log, "not in use") {
			return fmt.Errorf("%w: %s", ErrRefused, log)
		}
		if strings.Contains(log, "manifests applied") {
			return nil
		}
		select {
		case <-h.process.Done():
			return fmt.Errorf("herald ended (%w): %s", h.process.Err(), log)
		case <-ctx.Done():
			return fmt.Errorf("manifests not applied: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// Invite is not needed.
func (*Herald) Invite(context.Context) error { return nil }

// Change replaces the manifest of the changing Announcement.
func (h *Herald) Change(_ context.Context, community uint16) error {
	if h.plan.Changing == nil {
		return ErrUnsupported
	}
	return h.change(community)
}

func (h *Herald) change(community uint16) error {
	set := h.plan.Changing.Sets[0]
	set.Community = community
	return h.replace(changing, func(t *text) { announcement(t, "changing", &set, "") })
}

// replace puts a manifest in place at once.
func (h *Herald) replace(name string, write func(*text)) error {
	return replaceFile(filepath.Join(h.manifests(), name), filepath.Join(h.plan.Dir, name), write)
}

// Announce puts one more Announcement in place, of one prefix, or replaces the one of that name.
func (h *Herald) Announce(name string, prefix netip.Prefix, community uint16) error {
	set := dataset.Set{Community: community, Ranges: []dataset.Range{{Prefix: prefix, Length: prefix.Bits()}}}
	return h.replace(name+".yaml", func(t *text) { announcement(t, name, &set, "") })
}

// Processes is its one process.
func (h *Herald) Processes() []*harness.Process { return processes(h.process) }

// Log is what it wrote so far.
func (h *Herald) Log() string { return logOf(h.process) }

// Kill ends it.
func (h *Herald) Kill() { kill(h.process) }

var traceLine = regexp.MustCompile(`(?m)^gc \d+ @.* \d+->\d+->(\d+) MB`)

// LiveHeap has the program collect its garbage, by asking for its metrics again and again, and returns the octets that
// were live then: to the MiB, as the Go runtime's trace gives them. Plan.Trace must be set. The metrics are garbage at once; a
// status would be counted as live while it is made.
func (h *Herald) LiveHeap(ctx context.Context) (int, error) {
	before := len(traceLine.FindAllString(h.Log(), -1))
	ctx, cancel := context.WithTimeout(ctx, h.plan.Patience)
	defer cancel()
	for {
		// The second one from now: what was garbage when the first began may still count as live in it.
		if lines := traceLine.FindAllStringSubmatch(h.Log(), -1); len(lines) > before+1 {
			megabytes, err := strconv.Atoi(lines[len(lines)-1][1])
			return megabytes << 20, err
		}
		if err := h.ask(ctx); err != nil {
			return 0, fmt.Errorf("no garbage collection was seen: %w", err)
		}
	}
}

func (h *Herald) ask(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.health.String()+"/metrics", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return err
}

// freePort is a port of the loopback address that nobody listens on right now.
func freePort() (netip.AddrPort, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).AddrPort(), nil
}
