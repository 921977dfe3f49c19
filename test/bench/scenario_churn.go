// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/program"
	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
)

// churned is what the rounds of changes of one program gave.
type churned struct {
	all, told report.Sample[time.Duration]
	err       error
}

func churn(ctx context.Context, b *bench) error {
	routes := dataset.HostRoutes("10.0.0.0", b.scaled(fanRoutes-churnRoutes))
	changing := dataset.HostRoutes("10.128.0.0", b.scaled(churnRoutes))
	t := report.Table{
		Title: "10 k routes change",
		Text: fmt.Sprintf("%d sinks have %d routes; the community of %d of them changes. From the moment at which the program is told "+
			"(a manifest or configuration put in place, commands fed) to the last of the changed routes at the slowest sink.",
			b.fan, routes.Count()+changing.Count(), changing.Count()),
		Columns: []string{"program", "to the last route", "× Herald", "of it, telling the program"},
	}
	var herald time.Duration
	for i, p := range b.programs {
		c := b.churnOf(ctx, i, routes, changing)
		if i == 0 {
			herald = c.all.Median()
		}
		if c.err != nil {
			progress("  %s: %v", p.Name(), c.err)
			t.Row(p.Name(), oneLine(c.err), "", "")
			continue
		}
		progress("  %s: %s", p.Name(), report.Durations(c.all))
		t.Row(p.Name(), report.Durations(c.all), report.Ratio(c.all.Median(), herald), report.Duration(c.told.Median()))
	}
	t.Note("Told by: Herald, a file of manifests is replaced, of which it waits 50 ms for the next; BIRD, `birdc configure`; FRR, `vtysh -f` with " +
		"the network statements; GoBGP, `gobgp mrt inject`; OpenBGPD, `bgpctl network bulk`; ExaBGP, SIGUSR1.")
	b.report.Tables = append(b.report.Tables, t)
	return ctx.Err()
}

func (b *bench) churnOf(ctx context.Context, i int, routes, changing *dataset.Data) (c churned) {
	at := placeOf(i, b.fan, false)
	plan := program.Plan{Local: at.local, Sinks: at.sinks, Routes: routes, Changing: changing}
	c.err = b.started(ctx, i, plan, func(p program.Program, _ time.Duration) error {
		ctx, cancel := context.WithTimeoutCause(ctx, b.patience, fmt.Errorf("not all rounds within %s", b.patience))
		defer cancel()
		sessions, err := syncAll(ctx, at, plan.Count())
		if err != nil {
			return err
		}
		defer closeAll(sessions)
		for n := range b.rounds {
			if err := c.round(ctx, p, sessions, changing.Count(), uint16(1000+n)); err != nil {
				return err
			}
			if err := rest(ctx, p, b.patience); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

// round makes one change and waits for it at every sink.
func (c *churned) round(ctx context.Context, p program.Program, sessions []*sink.Session, routes int, community uint16) error {
	expectations := make([]*sink.Expectation, len(sessions))
	for i, s := range sessions {
		expectations[i] = s.Expect(routes)
	}
	began := time.Now()
	if err := p.Change(ctx, community); err != nil {
		return fmt.Errorf("change: %w", err)
	}
	told := time.Since(began)
	var slowest time.Duration
	for _, e := range expectations {
		at, err := e.Wait(ctx)
		if err != nil {
			return err
		}
		slowest = max(slowest, at.Sub(began))
	}
	c.all, c.told = append(c.all, slowest), append(c.told, told)
	return nil
}
