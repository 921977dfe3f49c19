// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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
	return "a network prefix-set with its community for each set of attributes; one group, passive; fib-update no"
}

func (o *openbgpd) file() string   { return filepath.Join(o.plan.Dir, "bgpd.conf") }
func (o *openbgpd) socket() string { return filepath.Join(o.plan.Dir, "bgpd.sock") }

func (o *openbgpd) Start(ctx context.Context, plan Plan) error {
	if plan.First != nil {
		return ErrUnsupported
	}
	o.plan = plan
	changing := uint16(0)
	if plan.Changing != nil {
		changing = plan.Changing.Sets[0].Community
	}
	if err := o.write(changing); err != nil {
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
	return await(ctx, plan, o.count)
}

// write writes the configuration, which must not be readable by everybody.
func (o *openbgpd) write(changing uint16) error {
	p := &o.plan
	return writeFile(o.file(), func(t *text) {
		t.line("AS %d\nrouter-id %s\nlisten on %s\nsocket %q\nfib-update no", dataset.ASN, p.RouterID, p.Local, o.socket())
		for _, g := range p.groups() {
			prefixSet(t, g.name, g.set, g.set.Community)
		}
		if p.Changing != nil {
			prefixSet(t, "changing", &p.Changing.Sets[0], changing)
		}
		t.line("group \"sinks\" {\n remote-as %d\n passive\n multihop 2\n local-address %s\n holdtime 90", SinkASN, p.Local)
		t.line(" announce IPv4 none\n announce IPv6 none\n announce %s unicast", map[bool]string{false: "IPv4", true: "IPv6"}[p.is6()])
		for _, address := range p.Sinks {
			t.line(" neighbor %s", address)
		}
		t.line("}\nallow to ebgp")
	})
}

func prefixSet(t *text, name string, set *dataset.Set, community uint16) {
	t.line("prefix-set %q {", name)
	for prefix := range set.Prefixes() {
		t.line(" %s", prefix)
	}
	t.line("}\nnetwork prefix-set %q set community %d:%d", name, dataset.ASN, community)
}

// count reads the number of prefixes of `show rib memory`.
func (o *openbgpd) count(ctx context.Context) (int, error) {
	select {
	case <-o.process.Done():
		return 0, fmt.Errorf("bgpd ended (%w): %s", o.process.Err(), o.process.Log())
	default:
	}
	out, err := o.control(ctx, "-j", "show", "rib", "memory")
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
	return answer.Memory["prefix"].Count, nil
}

func (o *openbgpd) control(ctx context.Context, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, "bgpctl", append([]string{"-s", o.socket()}, args...)...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("bgpctl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return out, nil
}

// Invite starts the sessions: bgpd keeps idle for 30 s, and ever longer, after one has ended.
func (o *openbgpd) Invite(ctx context.Context) error {
	_, err := o.control(ctx, "neighbor", "group", "sinks", "up")
	return err
}

// Change rewrites the configuration and has bgpd read it again.
func (o *openbgpd) Change(ctx context.Context, community uint16) error {
	if err := o.write(community); err != nil {
		return err
	}
	_, err := o.control(ctx, "reload")
	return err
}

func (o *openbgpd) Processes() []*harness.Process { return processes(o.process) }

func (o *openbgpd) Log() string { return logOf(o.process) }

func (o *openbgpd) Kill() { kill(o.process) }
