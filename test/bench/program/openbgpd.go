// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/harness"
)

const openbgpdRoot = "/run/openbgpd"

// openbgpd is OpenBGPD.
type openbgpd struct {
	plan    Plan
	process *harness.Process
}

func (o *openbgpd) Name() string { return "OpenBGPD" }

// Version is the package's: the program has no command that says it.
func (o *openbgpd) Version(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("bgpctl"); err != nil {
		return "", err
	}
	return firstLine(exec.CommandContext(ctx, "bgpctl", "-V").CombinedOutput())
}

func (o *openbgpd) Setting() string {
	return "networks added with `bgpctl network bulk`, a call for each set of attributes (from the configuration file loading them " +
		"takes time that grows with the square of their number); one group, passive; fib-update no"
}

func (o *openbgpd) file() string   { return filepath.Join(o.plan.Dir, "bgpd.conf") }
func (o *openbgpd) socket() string { return filepath.Join(o.plan.Dir, "bgpd.sock") }

func (o *openbgpd) Start(ctx context.Context, plan Plan) error {
	if plan.First != nil {
		return ErrUnsupported
	}
	o.plan = plan
	if err := o.write(); err != nil {
		return err
	}
	// Its children change their root to an empty folder, which the package's service makes.
	if err := os.MkdirAll(openbgpdRoot, 0o755); err != nil {
		return err
	}
	command := exec.CommandContext(context.WithoutCancel(ctx), "/usr/sbin/bgpd", "-d", "-f", o.file())
	var err error
	if o.process, err = harness.StartProcess(plan.Dir, "openbgpd", command); err != nil {
		return err
	}
	if err := o.answers(ctx); err != nil {
		return err
	}
	for _, g := range plan.groups() {
		if err := o.announce(ctx, g.set, g.set.Community); err != nil {
			return err
		}
	}
	if plan.Changing != nil {
		if err := o.announce(ctx, &plan.Changing.Sets[0], plan.Changing.Sets[0].Community); err != nil {
			return err
		}
	}
	return await(ctx, plan, o.count)
}

// answers waits for the control socket.
func (o *openbgpd) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, o.plan.Patience)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		_, err := o.control(ctx, nil, "show", "summary", "terse")
		if err == nil {
			return nil
		}
		select {
		case <-o.process.Done():
			return fmt.Errorf("bgpd ended (%w): %s", o.process.Err(), o.process.Log())
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}

// announce adds the networks of a set, or replaces them where they are there already.
func (o *openbgpd) announce(ctx context.Context, set *dataset.Set, community uint16) error {
	var prefixes bytes.Buffer
	t := newText(&prefixes)
	for prefix := range set.Prefixes() {
		t.line("%s", prefix)
	}
	if err := t.finish(); err != nil {
		return err
	}
	_, err := o.control(ctx, &prefixes, "network", "bulk", "community", fmt.Sprintf("%d:%d", dataset.ASN, community), "add")
	return err
}

func (o *openbgpd) write() error {
	p := &o.plan
	return writeFile(o.file(), func(t *text) {
		t.line("AS %d\nrouter-id %s\nlisten on %s\nsocket %q\nfib-update no", dataset.ASN, p.RouterID, p.Local, o.socket())
		t.line("group \"sinks\" {\n remote-as %d\n passive\n multihop 2\n local-address %s\n holdtime 90", SinkASN, p.Local)
		t.line(" announce IPv4 none\n announce IPv6 none\n announce %s unicast", o.family())
		for _, address := range p.Sinks {
			t.line(" neighbor %s", address)
		}
		t.line("}\nallow to ebgp")
	})
}

// family is the routes' family as bgpd writes it.
func (o *openbgpd) family() string {
	if o.plan.is6() {
		return "IPv6"
	}
	return "IPv4"
}

// count reads the number of networks of `show rib memory`.
func (o *openbgpd) count(ctx context.Context) (int, error) {
	out, err := o.control(ctx, nil, "-j", "show", "rib", "memory")
	if err != nil {
		return 0, err
	}
	var answer struct {
		Memory map[string]struct {
			Count int `json:"count"`
		} `json:"memory"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return 0, fmt.Errorf("show rib memory: %w: %s", err, out)
	}
	return answer.Memory[o.family()+" unicast"].Count, nil
}

// control runs bgpctl.
func (o *openbgpd) control(ctx context.Context, input io.Reader, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "bgpctl", append([]string{"-s", o.socket()}, args...)...)
	command.Stdin = input
	out, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("bgpctl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return out, nil
}

// Invite starts the sessions: bgpd keeps idle for 30 s, and ever longer, after one has ended.
func (o *openbgpd) Invite(ctx context.Context) error {
	_, err := o.control(ctx, nil, "neighbor", "group", "sinks", "up")
	return err
}

// Change adds the networks again with another community, which replaces them.
func (o *openbgpd) Change(ctx context.Context, community uint16) error {
	return o.announce(ctx, &o.plan.Changing.Sets[0], community)
}

func (o *openbgpd) Processes() []*harness.Process { return processes(o.process) }

func (o *openbgpd) Log() string { return logOf(o.process) }

func (o *openbgpd) Kill() { kill(o.process) }
