// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/herald-bgp/herald/test/bench/report"
)

// scenario is one kind of measurement.
type scenario struct {
	name, title string
	run         func(ctx context.Context, b *bench) error
}

// scenarios are all of them, in the order of a run.
func scenarios() []scenario {
	return []scenario{
		{"sync", "first full sync of 1 M IPv4 routes of one attribute set to one late-joining peer", syncOneSet},
		{"sets", "the same with 10,000 attribute sets, and how many messages they take", syncManySets},
		{"fanout", "100 k routes to 50 peers that join at once", fanOut},
		{"ipv6", "first full sync of 100 k IPv6 routes", syncIPv6},
		{"churn", "10 k of 100 k routes change while 50 peers are up", churn},
		{"peers", "1,000 peers come up from nothing", manyPeers},
		{"memory", "memory with 1 M routes", memory},
		{"idle", "processor and memory of an idle program with 10 peers", idle},
		{"change", "Herald: processor time of a change of k prefixes among 1 M", change},
		{"latency", "Herald: from a changed file to the UPDATE, 10 changes a second", latency},
		{"objects", "Herald: from an object of an API server to the UPDATE, 10 changes a second, and what a change costs", objectsToWire},
		{"rate", "Herald: UPDATEs in any window with a limit", rate},
		{"micro", "Go benchmarks of the codec and the RIB, from the file of -gobench", micro},
	}
}

// Sizes of the full run.
const (
	million     = 1 << 20
	manySets    = 10_000
	fanRoutes   = 100_000
	churnRoutes = 10_000
)

// scaled is the part of a number of routes that -scale asks for.
func (b *bench) scaled(n int) int { return max(100, int(float64(n)*b.scale)) }

// budget adds a verdict. A scaled run judges nothing that depends on the number of routes.
func (b *bench) budget(what, budget, measured string, met bool) {
	if b.scale == 1 {
		b.verdict(what, budget, measured, report.Judge(met))
		return
	}
	b.verdict(what, budget, fmt.Sprintf("%s (at scale %v)", measured, b.scale), report.NotMeasured)
}

// verdict adds one.
func (b *bench) verdict(what, budget, measured string, outcome report.Outcome) {
	b.report.Budgets = append(b.report.Budgets, report.Budget{What: what, Budget: budget, Measured: measured, Outcome: outcome})
}

// unmeasured adds a budget that could not be measured.
func (b *bench) unmeasured(what, budget string, reason error) {
	b.verdict(what, budget, oneLine(reason), report.NotMeasured)
}

// faster is the budget of being so many times as fast as a rival. Where the rival was not measured there is none.
func (b *bench) faster(what string, times int, rival string, herald, theirs time.Duration) {
	promise := fmt.Sprintf("%d × faster than %s", times, rival)
	if herald == 0 || theirs == 0 {
		b.unmeasured(what, promise, fmt.Errorf("no time of both"))
		return
	}
	b.budget(what, promise, fmt.Sprintf("%s: %s against %s", report.Ratio(theirs, herald), report.Duration(herald), report.Duration(theirs)),
		theirs >= time.Duration(times)*herald)
}

// nearFloor is the budget of taking at most a few times as long as the floor, or so long.
func (b *bench) nearFloor(what string, times int, least, floor, herald time.Duration, err error) {
	promise := fmt.Sprintf("at most max(%d × floor, %s)", times, report.Duration(least))
	if err != nil || herald == 0 {
		b.unmeasured(what, promise, err)
		return
	}
	b.budget(what, promise, fmt.Sprintf("%s, floor %s (%s)", report.Duration(herald), report.Duration(floor), report.Ratio(herald, floor)),
		herald <= max(time.Duration(times)*floor, least))
}
