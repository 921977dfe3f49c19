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
	"github.com/herald-bgp/herald/test/process"
)

// footprint is the memory of a program with its routes sent.
type footprint struct {
	process.Memory
	live    int // octets of Herald's live heap
	startUp time.Duration
	err     error
}

func memory(ctx context.Context, b *bench) error {
	// What there is but once, such as the compiled rules of admission, is no part of a route.
	empty := b.footprintOf(ctx, 0, dataset.HostRoutes("10.0.0.0", 1))
	for _, data := range []*dataset.Data{
		dataset.HostRoutes("10.0.0.0", b.scaled(million)),
		dataset.Mixed(b.scaled(million), max(10, b.scaled(manySets))),
	} {
		all := map[string]footprint{}
		t := report.Table{
			Title: "Memory: " + data.Title,
			Text: fmt.Sprintf("%s after the last route, with one sink: VmRSS; VmHWM, the most that it ever was, reading the configuration or the "+
				"manifests included; both summed over all processes of a program.", b.rest),
			Columns: []string{"program", "VmRSS", "VmHWM", "VmRSS × Herald's", "VmRSS a route"},
		}
		for i, p := range b.programs {
			f := footprint{err: errInterrupted}
			if ctx.Err() == nil {
				f = b.footprintOf(ctx, i, data)
			}
			all[p.Name()] = f
			if f.err != nil {
				progress("  %s: %v", p.Name(), f.err)
				t.Row(p.Name(), oneLine(f.err), "", "", "")
				continue
			}
			progress("  %s: VmRSS %s, VmHWM %s", p.Name(), report.Octets(f.Resident), report.Octets(f.Peak))
			t.Row(p.Name(), report.Octets(f.Resident), report.Octets(f.Peak), report.Ratio(f.Resident, all["Herald"].Resident),
				fmt.Sprintf("%d octets", f.Resident/data.Count()))
		}
		b.memoryBudgets(data, &t, empty, all)
		if _, measured := all[baseName]; measured {
			b.compareMemory(ctx, data, all["Herald"], all[baseName])
		}
		b.report.Tables = append(b.report.Tables, t)
		if ctx.Err() != nil {
			break
		}
	}
	return ctx.Err()
}

func (b *bench) memoryBudgets(data *dataset.Data, t *report.Table, empty footprint, all map[string]footprint) {
	herald, bird := all["Herald"], all["BIRD"]
	what := fmt.Sprintf("memory, 1 M routes, sets of attributes: %d", len(data.Sets))
	most := mostLiveOneSet
	if len(data.Sets) > 1 {
		most = mostLive
	}
	live := fmt.Sprintf("at most %d live octets a route", most)
	if herald.err != nil || empty.err != nil {
		b.unmeasured(what, live, fmt.Errorf("%s; %s", oneLine(herald.err), oneLine(empty.err)))
		return
	}
	each := float64(herald.live-empty.live) / float64(data.Count())
	b.budget(what, live, fmt.Sprintf("%.1f octets", each), each <= float64(most))
	t.Note("Herald's live heap after a garbage collection: %s with the routes, %s with a single one: %.1f octets a route.",
		report.Octets(herald.live), report.Octets(empty.live), each)
	if _, measured := all["BIRD"]; !measured || bird.err != nil {
		b.unmeasured(what, "VmRSS below BIRD's, VmHWM below 1.5 × it", fmt.Errorf("no number of BIRD's"))
		return
	}
	b.budget(what, "VmRSS below BIRD's", report.Octets(herald.Resident)+" against "+report.Octets(bird.Resident), herald.Resident < bird.Resident)
	b.budget(what, "VmHWM below 1.5 × BIRD's VmRSS", report.Octets(herald.Peak)+" against "+report.Octets(bird.Resident),
		2*herald.Peak < 3*bird.Resident)
}

// Live octets a route: of one set it is the table alone, of many the objects count too.
const (
	mostLiveOneSet = 40
	mostLive       = 60
)

// compareMemory measures Herald and base in turns until there are as many rounds as asked for; one is there. The live heap has a
// budget of its own, and is known to the MiB only.
func (b *bench) compareMemory(ctx context.Context, data *dataset.Data, first ...footprint) {
	resident, startUp := make([]report.Sample[int], len(first)), make([]report.Sample[time.Duration], len(first))
	for n := range b.rounds {
		for i, f := range inTurns(n, first) {
			if n > 0 && ctx.Err() == nil {
				f = b.footprintOf(ctx, i, data)
			}
			if f.err != nil {
				return // the table says why of the first, the progress of the others
			}
			resident[i], startUp[i] = append(resident[i], f.Resident), append(startUp[i], f.startUp)
		}
	}
	what := fmt.Sprintf("1 M routes, sets of attributes: %d: ", len(data.Sets))
	compare(b, what+"VmRSS", resident[0], resident[1], report.Octets)
	compare(b, what+"start of standalone", startUp[0], startUp[1], report.Duration)
}

// footprintOf measures a program that has sent the routes, or has none, to one sink.
func (b *bench) footprintOf(ctx context.Context, i int, data *dataset.Data) (f footprint) {
	at := placeOf(i, 1, false)
	plan := program.Plan{Local: at.local, Sinks: at.sinks, Routes: data, Trace: true}
	f.err = b.started(ctx, i, plan, func(p program.Program, startUp time.Duration) error {
		f.startUp = startUp
		ctx, cancel := context.WithTimeoutCause(ctx, b.patience, fmt.Errorf("not within %s", b.patience))
		defer cancel()
		sessions, err := syncAll(ctx, at, plan.Count())
		if err != nil {
			return err
		}
		defer closeAll(sessions)
		if err := wait(ctx, b.rest); err != nil {
			return err
		}
		if f.Memory, err = program.MemoryOf(p); err != nil {
			return err
		}
		if herald, ok := p.(*program.Herald); ok {
			f.live, err = herald.LiveHeap(ctx)
		}
		return err
	})
	return f
}
