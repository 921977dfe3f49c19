// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/program"
	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
)

// crowd is what the rounds of many peers gave.
type crowd struct {
	up, sent report.Sample[time.Duration]
	lost     int
	err      error
}

func manyPeers(ctx context.Context, b *bench) error {
	each := dataset.HostRoutes("10.240.0.0", b.scaled(churnRoutes))
	first := dataset.HostRoutes("10.0.0.0", b.scaled(million))
	t := report.Table{
		Title: fmt.Sprintf("%d peers come up from nothing", b.many),
		Text: fmt.Sprintf("%d sinks dial in at once and are each sent %d routes: from the first SYN until all are Established, and until all "+
			"have their routes. Sessions that were lost meanwhile are counted.", b.many, each.Count()),
		Columns: []string{"program", "all Established", "all have their routes", "lost"},
	}
	row := func(name string, c crowd) {
		if c.err != nil {
			progress("  %s: %v", name, c.err)
			t.Row(name, oneLine(c.err), "", "")
			return
		}
		progress("  %s: up %s, routes %s, lost %d", name, report.Durations(c.up), report.Durations(c.sent), c.lost)
		t.Row(name, report.Durations(c.up), report.Durations(c.sent), fmt.Sprint(c.lost))
	}
	c := b.crowdOf(ctx, 0, each, first)
	row(fmt.Sprintf("Herald, with %d more to the first", first.Count()), c)
	what, promise := fmt.Sprintf("%d sinks dial in", b.many), "all up within 5 s; none lost while 1 M routes go to one and 10 k to each"
	if c.err != nil {
		b.unmeasured(what, promise, c.err)
	} else {
		slowest := slices.Max(c.up)
		b.budget(what, promise, fmt.Sprintf("%s in the slowest round, %d lost", report.Duration(slowest), c.lost), slowest <= 5*time.Second && c.lost == 0)
	}
	for i, p := range b.programs {
		if ctx.Err() == nil {
			row(p.Name(), b.crowdOf(ctx, i, each, nil))
		}
	}
	b.report.Tables = append(b.report.Tables, t)
	return ctx.Err()
}

// crowdOf measures a program: in each round it is started anew, or peers would not come from nothing.
func (b *bench) crowdOf(ctx context.Context, i int, each, first *dataset.Data) (c crowd) {
	at := placeOf(i, b.many, false)
	plan := program.Plan{Local: at.local, Sinks: at.sinks, Routes: each, First: first}
	for range b.rounds {
		c.err = b.started(ctx, i, plan, func(program.Program, time.Duration) error {
			ctx, cancel := context.WithTimeoutCause(ctx, b.patience, fmt.Errorf("not within %s", b.patience))
			defer cancel()
			return c.round(ctx, at, plan)
		})
		if c.err != nil {
			return c
		}
	}
	return c
}

func (c *crowd) round(ctx context.Context, at place, plan program.Plan) error {
	began := time.Now()
	sessions, err := connectAll(ctx, at, func(i int) sink.Options {
		o := at.sinkOptions(i, plan.Count())
		if i == 0 && plan.First != nil {
			o.Expect += plan.First.Count()
		}
		return o
	})
	if err != nil {
		return err
	}
	defer closeAll(sessions)
	up, sent := began, began
	for _, s := range sessions {
		if s.Established.After(up) {
			up = s.Established
		}
		if last, err := s.First.Wait(ctx); err == nil && last.After(sent) {
			sent = last
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, s := range sessions {
		if s.Err() != nil {
			c.lost++
		}
	}
	c.up, c.sent = append(c.up, up.Sub(began)), append(c.sent, sent.Sub(began))
	return nil
}
