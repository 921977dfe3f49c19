// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/harness"
)

// gobgp is GoBGP.
type gobgp struct {
	plan   Plan
	daemon *harness.GoBGP
}

func (g *gobgp) Name() string { return "GoBGP" }

func (g *gobgp) Version(ctx context.Context) (string, error) {
	return harness.NewGoBGP(harness.Config{}).Version(ctx)
}

func (g *gobgp) Setting() string {
	return "routes added to the global table through its API, with `gobgp mrt inject global`; passive; shipped GC settings"
}

func (g *gobgp) Start(ctx context.Context, plan Plan) error {
	if plan.First != nil {
		return ErrUnsupported
	}
	g.plan = plan
	config := plan.config()
	config.Text = g.text
	g.daemon = harness.NewGoBGP(config)
	if err := g.daemon.Start(ctx); err != nil {
		return err
	}
	for i, data := range plan.all() {
		if err := g.inject(ctx, fmt.Sprintf("routes%d.mrt", i), data); err != nil {
			return err
		}
	}
	return await(ctx, plan, g.count)
}

// inject adds routes.
func (g *gobgp) inject(ctx context.Context, name string, data *dataset.Data) error {
	file := filepath.Join(g.plan.Dir, name)
	if err := writeMRT(file, data, g.plan.Local); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, g.plan.Patience)
	defer cancel()
	return g.daemon.Ask(ctx, nil, "mrt", "inject", "global", file)
}

func (g *gobgp) count(ctx context.Context) (int, error) {
	var summary struct {
		Destinations int `json:"num_destination"`
	}
	err := g.daemon.Ask(ctx, &summary, "global", "rib", "summary", "-a", g.plan.family())
	return summary.Destinations, err
}

func (g *gobgp) text(w io.Writer) error {
	t := newText(w)
	p := &g.plan
	t.line("[global.config]\n as = %d\n router-id = %q\n port = 179\n local-address-list = [%q]", dataset.ASN, p.RouterID, p.Local)
	for _, address := range p.Sinks {
		t.line("[[neighbors]]\n [neighbors.config]\n  neighbor-address = %q\n  peer-as = %d", address, SinkASN)
		t.line(" [neighbors.transport.config]\n  passive-mode = true\n  local-address = %q", p.Local)
		t.line(" [neighbors.timers.config]\n  hold-time = 90\n  idle-hold-time-after-reset = 1")
		t.line(" [neighbors.graceful-restart.config]\n  enabled = true\n  restart-time = 120")
		t.line(" [[neighbors.afi-safis]]\n  [neighbors.afi-safis.config]\n   afi-safi-name = \"%s-unicast\"", p.family())
		t.line("  [neighbors.afi-safis.mp-graceful-restart.config]\n   enabled = true")
	}
	return t.finish()
}

// Invite is not needed.
func (*gobgp) Invite(context.Context) error { return nil }

// Change adds the routes once more, with another community: a later route takes the place of an earlier one.
func (g *gobgp) Change(ctx context.Context, community uint16) error {
	changed := dataset.Data{Sets: []dataset.Set{g.plan.Changing.Sets[0]}}
	changed.Sets[0].Community = community
	return g.inject(ctx, "change.mrt", &changed)
}

func (g *gobgp) Processes() []*harness.Process {
	if g.daemon == nil {
		return nil
	}
	return processes(g.daemon.Process())
}

func (g *gobgp) Log() string {
	if g.daemon == nil {
		return ""
	}
	return g.daemon.Log()
}

func (g *gobgp) Kill() {
	if g.daemon != nil {
		g.daemon.Kill()
	}
}
