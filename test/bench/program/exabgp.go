// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"fmt"
	"io"
	"syscall"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/harness"
)

// exabgpMost is how many static routes ExaBGP is asked to load at most, over all neighbours: a million takes it a minute or
// more and 3 GB.
const exabgpMost = 1 << 21

// exabgp is ExaBGP.
type exabgp struct {
	plan    Plan
	changed uint16 // the community of the changing routes
	daemon  *harness.ExaBGP
}

func (e *exabgp) Name() string { return "ExaBGP" }

func (e *exabgp) Version(ctx context.Context) (string, error) {
	return harness.NewExaBGP(harness.Config{}).Version(ctx)
}

func (e *exabgp) Setting() string {
	return "static routes of each neighbour, which is how ExaBGP keeps them; passive; no API process"
}

func (e *exabgp) Start(ctx context.Context, plan Plan) error {
	if plan.First != nil {
		return ErrUnsupported
	}
	if n := plan.Count() * len(plan.Sinks); n > exabgpMost {
		return fmt.Errorf("not tried: it keeps static routes for each neighbour, %d in all here; %d are tried", n, exabgpMost)
	}
	e.plan = plan
	if plan.Changing != nil {
		e.changed = plan.Changing.Sets[0].Community
	}
	config := plan.config()
	config.Text = e.text
	e.daemon = harness.NewExaBGP(config)
	return e.daemon.Start(ctx)
}

func (e *exabgp) text(w io.Writer) error {
	t := newText(w)
	p := &e.plan
	for _, address := range p.Sinks {
		t.line("neighbor %s {\n router-id %s;\n local-address %s;\n local-as %d;\n peer-as %d;", address, p.RouterID, p.Local, dataset.ASN, SinkASN)
		t.line(" hold-time 90;\n listen 179;\n passive true;\n capability { asn4 enable; graceful-restart 120; }")
		t.line(" family { %s unicast; }\n static {", p.family())
		for _, data := range p.all() {
			for prefix, set := range data.Routes() {
				community := set.Community
				if data == p.Changing {
					community = e.changed
				}
				t.line("  route %s next-hop %s community [%d:%d];", prefix, p.Local, dataset.ASN, community)
			}
		}
		t.line(" }\n}")
	}
	return t.finish()
}

// Invite is not needed.
func (*exabgp) Invite(context.Context) error { return nil }

// Change writes the configuration anew and has ExaBGP read it again.
func (e *exabgp) Change(_ context.Context, community uint16) error {
	e.changed = community
	if err := e.daemon.Rewrite(); err != nil {
		return err
	}
	return e.daemon.Process().Signal(syscall.SIGUSR1)
}

func (e *exabgp) Processes() []*harness.Process {
	if e.daemon == nil {
		return nil
	}
	return processes(e.daemon.Process())
}

func (e *exabgp) Log() string {
	if e.daemon == nil {
		return ""
	}
	return e.daemon.Log()
}

func (e *exabgp) Kill() {
	if e.daemon != nil {
		e.daemon.Kill()
	}
}
