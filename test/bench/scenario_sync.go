// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/program"
	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
)

// joined is what the rounds of joins of one program gave.
type joined struct {
	last, fromFirst, endOfRIB report.Sample[time.Duration]
	startUp, cpu              time.Duration // cpu is of all rounds
	updates                   int
	err                       error
}

func (j *joined) add(r round) {
	j.last = append(j.last, r.last)
	j.fromFirst = append(j.fromFirst, r.fromFirst)
	if r.endOfRIB > 0 {
		j.endOfRIB = append(j.endOfRIB, r.endOfRIB)
	}
	j.updates = max(j.updates, r.updates)
}

func syncOneSet(ctx context.Context, b *bench) error {
	const what = "first full sync, 1 M IPv4 routes, 1 set"
	floor, all := b.joins(ctx, "First full sync, one attribute set", 1, dataset.HostRoutes("10.0.0.0", b.scaled(million)))
	b.syncBudgets(what, floor, all)
	return floor.err
}

func syncManySets(ctx context.Context, b *bench) error {
	const what = "first full sync, 1 M IPv4 routes, 10,000 sets"
	data := dataset.Mixed(b.scaled(million), max(10, b.scaled(manySets)))
	floor, all := b.joins(ctx, "First full sync, 10,000 attribute sets", 1, data)
	b.syncBudgets(what, floor, all)
	b.startUp(data, all)
	messages := "messages for 10,000 sets"
	bound := data.MessageBound()
	promise := fmt.Sprintf("at most Σ ceil(NLRI octets / (room − 4)) = %d", bound)
	if herald := all["Herald"]; herald.err != nil {
		b.unmeasured(messages, promise, herald.err)
	} else {
		b.budget(messages, promise, fmt.Sprintf("%d UPDATEs", herald.updates), herald.updates <= bound)
	}
	return floor.err
}

func syncIPv6(ctx context.Context, b *bench) error {
	floor, _ := b.joins(ctx, "First full sync, IPv6", 1, dataset.Networks6("2001:db8:8000::", b.scaled(fanRoutes)))
	return floor.err
}

func fanOut(ctx context.Context, b *bench) error {
	what := fmt.Sprintf("100 k routes to %d peers at once", b.fan)
	floor, all := b.joins(ctx, fmt.Sprintf("%d peers that join at once", b.fan), b.fan, dataset.HostRoutes("10.0.0.0", b.scaled(fanRoutes)))
	herald := all["Herald"]
	b.nearFloor(what, 3, 300*time.Millisecond, floor.last.Median(), herald.last.Median(), herald.err)
	b.faster(what, 10, "BIRD", herald.last.Median(), all["BIRD"].last.Median())
	compare(b, what, herald.last, all[baseName].last, report.Duration)
	return floor.err
}

// startUp judges how long standalone takes to start with as many objects as there are sets.
func (b *bench) startUp(data *dataset.Data, all map[string]joined) {
	what, promise := "herald standalone starts with 10,000 objects", "at most "+report.Duration(mostStartUp)
	herald := all["Herald"]
	if herald.startUp == 0 {
		b.unmeasured(what, promise, herald.err)
		return
	}
	b.budget(what, promise, fmt.Sprintf("%s (%s)", report.Duration(herald.startUp), data.Title), herald.startUp <= mostStartUp)
}

// mostStartUp is what standalone may take to start with 10,000 objects.
const mostStartUp = 3 * time.Second

func (b *bench) syncBudgets(what string, floor joined, all map[string]joined) {
	herald := all["Herald"]
	compare(b, what, herald.last, all[baseName].last, report.Duration)
	b.nearFloor(what, 3, 100*time.Millisecond, floor.last.Median(), herald.last.Median(), herald.err)
	b.faster(what, 20, "BIRD", herald.last.Median(), all["BIRD"].last.Median())
	b.faster(what, 2, "FRR from its first UPDATE", herald.last.Median(), all["FRR"].fromFirst.Median())
}

// joins measures the floor and every program with the same sinks and routes, and reports a table.
func (b *bench) joins(ctx context.Context, title string, sinks int, data *dataset.Data) (floor joined, all map[string]joined) {
	floor = b.floor(ctx, sinks, data)
	progress("  floor: %s", report.Durations(floor.last))
	all = map[string]joined{}
	heralds := len(b.heralds())
	results := b.joinsOf(ctx, b.programs[:heralds], 0, sinks, data)
	for i := range b.programs[heralds:] {
		results = append(results, b.joinsOf(ctx, b.programs[heralds+i:heralds+i+1], heralds+i, sinks, data)...)
	}
	for i, p := range b.programs {
		j := results[i]
		all[p.Name()] = j
		if j.err != nil {
			progress("  %s: %v", p.Name(), j.err)
		} else {
			progress("  %s: %s, processor time a round %s", p.Name(), report.Durations(j.last), duration(j.cpu/time.Duration(b.rounds+1)))
		}
	}
	b.joinsTable(title, sinks, data, floor, all)
	return floor, all
}

// floor measures as many writers of the same messages as there are sinks.
func (b *bench) floor(ctx context.Context, sinks int, data *dataset.Data) (j joined) {
	p := placeOf(maxPrograms-1, sinks, data.Is6())
	family := wire.IPv4Unicast
	if data.Is6() {
		family = wire.IPv6Unicast
	}
	messages := wire.AppendEndOfRIB(data.Messages(p.local), family)
	server, err := sink.StartFloor(netip.AddrPortFrom(p.local, bgpPort), dataset.ASN, messages)
	if err != nil {
		return joined{err: err}
	}
	j.err = b.measure(ctx, data, []*joiner{{at: p, joined: &j}})
	if err := server.Close(); j.err == nil {
		j.err = err
	}
	return j
}

// joiner is a program, or the floor, whose sinks join and leave again.
type joiner struct {
	program program.Program // nil of the floor
	at      place
	joined  *joined
}

// measure makes one round that checks, then the rounds that count. In each round all programs take turns.
func (b *bench) measure(ctx context.Context, data *dataset.Data, joiners []*joiner) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.patience, fmt.Errorf("not all rounds within %s", b.patience))
	defer cancel()
	for n := range b.rounds + 1 {
		for _, j := range inTurns(n, joiners) {
			if err := j.round(ctx, data, n == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *joiner) round(ctx context.Context, data *dataset.Data, check bool) error {
	if j.program == nil {
		r, err := join(ctx, j.at, data, check)
		if err == nil && !check {
			j.joined.add(r)
		}
		return err
	}
	before, err := program.CPUOf(j.program)
	if err != nil {
		return err
	}
	if !check {
		if err := j.program.Invite(ctx); err != nil {
			return err
		}
	}
	r, err := join(ctx, j.at, data, check)
	if err != nil {
		return err
	}
	after, err := program.CPUOf(j.program)
	j.joined.cpu += after - before
	if !check {
		j.joined.add(r)
	}
	return err
}

// joinsOf measures programs, the first of which has that number, while all of them run.
func (b *bench) joinsOf(ctx context.Context, programs []program.Program, first, sinks int, data *dataset.Data) []joined {
	results := make([]joined, len(programs))
	joiners := make([]*joiner, len(programs))
	var start func(k int) error
	start = func(k int) error {
		if k == len(programs) {
			return b.measure(ctx, data, joiners)
		}
		at := placeOf(first+k, sinks, data.Is6())
		plan := program.Plan{Local: at.local, Sinks: at.sinks, Routes: data}
		return b.started(ctx, first+k, plan, func(p program.Program, startUp time.Duration) error {
			joiners[k] = &joiner{program: p, at: at, joined: &results[k]}
			results[k].startUp = startUp
			return start(k + 1)
		})
	}
	err := ctx.Err()
	if err != nil {
		err = errInterrupted
	} else {
		err = start(0)
	}
	for k := range results {
		results[k].err = err
	}
	return results
}

func (b *bench) joinsTable(title string, sinks int, data *dataset.Data, floor joined, all map[string]joined) {
	t := report.Table{
		Title: title,
		Text:  fmt.Sprintf("%s, to %d late-joining %s.", data.Title, sinks, map[bool]string{true: "sink", false: "sinks"}[sinks == 1]),
		Columns: []string{"program", "to the last route", "× floor", "× Herald", "from the first UPDATE", "to End-of-RIB", "UPDATEs",
			"processor time a round", "start-up"},
	}
	herald := all["Herald"].last.Median()
	row := func(name string, j joined) {
		if j.err != nil {
			t.Row(name, oneLine(j.err), "", "", "", "", "", "", duration(j.startUp))
			return
		}
		t.Row(name, report.Durations(j.last), report.Ratio(j.last.Median(), floor.last.Median()), report.Ratio(j.last.Median(), herald),
			report.Duration(j.fromFirst.Median()), duration(j.endOfRIB.Median()), fmt.Sprint(j.updates), duration(j.cpu/time.Duration(b.rounds+1)), duration(j.startUp))
	}
	row("floor", floor)
	for _, p := range b.programs {
		row(p.Name(), all[p.Name()])
	}
	t.Note("Start-up is from the start of the program until it has its routes, its configuration or manifests read; it is no part of the time.")
	b.report.Tables = append(b.report.Tables, t)
}

// duration writes nothing for none.
func duration(d time.Duration) string {
	if d == 0 {
		return "—"
	}
	return report.Duration(d)
}

// oneLine is an error that fits a table.
func oneLine(err error) string {
	if err == nil {
		return "no number"
	}
	const longest = 160
	text := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(text) > longest {
		return string(text[:longest]) + "…"
	}
	return string(text)
}
