// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/herald-bgp/herald/test/bench/report"
)

// The budgets of the way from an object to the wire.
const (
	objectCPU     = 2 * time.Millisecond  // of the node role, a change, with one peer
	objectCPUMany = 10 * time.Millisecond // with objectsPeers
	objectGrowth  = 1.5                   // beside manyObjects, times that beside fewObjects
	objectP50     = 5 * time.Millisecond  // above the floor
	objectP99     = 20 * time.Millisecond
	newP99        = 60 * time.Millisecond
	absoluteP50   = 10 * time.Millisecond
	absoluteP99   = 50 * time.Millisecond
	quietLoad     = 1.0 // from which on the machine is too busy to claim absolute times
)

// tables writes what was measured, and judges it.
func (o *objects) tables() {
	few, many := o.scaled(fewObjects), o.scaled(manyObjects)
	cpu := report.Table{
		Title: "From an object to the wire: processor time a change",
		Text: fmt.Sprintf("`herald run --role=node` on a real API server; one Announcement of a /32 changes at a time, %.0f a second. Processor time of the "+
			"process a change, less what it used over %s just before; the median of %d times %d changes, with the least and the most.",
			1/objectInterval.Seconds(), objectIdle, objectWindows, objectChanges),
		Columns: []string{"program", "peers", fmt.Sprintf("beside %d", few), fmt.Sprintf("beside %d", many), "ratio", "idle, of a core"},
	}
	wire := report.Table{
		Title: "From an object to the wire: time",
		Text: fmt.Sprintf("`herald run`, both roles in one process: from the API server's answer to the last octet of the UPDATE at a sink, %d changes at "+
			"%.0f a second, and %d Announcements created as fast as the server takes them beside %d. The floor is a bare watch of client-go, without "+
			"an informer's store and queue, that writes one UPDATE for the same event to a sink of its own, at the same time. The load before was %s.",
			objectWindows*objectChanges, 1/objectInterval.Seconds(), o.scaled(newObjects), many, o.load),
		Columns: []string{"program", "what", "p50", "p99", "floor p50", "floor p99"},
	}
	for i, herald := range o.heralds() {
		r := &o.results[i]
		for _, peers := range []int{1, objectsPeers} {
			a, b := r.cpu[[2]int{few, peers}], r.cpu[[2]int{many, peers}]
			cpu.Row(herald.Name(), strconv.Itoa(peers), report.Durations(a), report.Durations(b), report.Ratio(b.Median(), a.Median()),
				fmt.Sprintf("%.2f %%", 100*r.idle[[2]int{many, peers}]))
		}
		for _, size := range []int{few, many} {
			wire.Row(r.wire[size].cells(herald.Name(), fmt.Sprintf("a change beside %d", size))...)
		}
		wire.Row(r.burst.cells(herald.Name(), fmt.Sprintf("%d new ones", o.scaled(newObjects)))...)
	}
	o.report.Tables = append(o.report.Tables, cpu, wire)
	o.budgets(&o.results[0], few, many)
	for i := range o.results[1:] {
		o.compare(&o.results[0], &o.results[1+i], few, many)
	}
}

func (o *objects) compare(herald, base *objectsOf, few, many int) {
	for _, size := range []int{few, many} {
		for _, peers := range []int{1, objectsPeers} {
			key := [2]int{size, peers}
			compare(o.bench, fmt.Sprintf("processor time a change beside %d, peers: %d", size, peers), herald.cpu[key], base.cpu[key], report.Duration)
		}
		compare(o.bench, fmt.Sprintf("object → wire beside %d", size), herald.wire[size].medians(), base.wire[size].medians(), report.Duration)
	}
	compare(o.bench, "object → wire of new ones", herald.burst.medians(), base.burst.medians(), report.Duration)
}

// medians are those of Herald's times in each window, which say how much the median itself varies.
func (l lag) medians() (medians report.Sample[time.Duration]) {
	if len(l.herald) < objectWindows {
		return nil
	}
	for window := range slices.Chunk(l.herald, len(l.herald)/objectWindows) {
		medians = append(medians, window.Median())
	}
	return medians
}

func (l lag) cells(name, what string) []string {
	cells := []string{name, what}
	for _, s := range []report.Sample[time.Duration]{l.herald, l.floor} {
		if len(s) == 0 {
			return append(cells, "—", "—", "—", "—")
		}
		cells = append(cells, report.Duration(s.Quantile(0.5)), report.Duration(s.Quantile(0.99)))
	}
	return cells
}

func (o *objects) budgets(r *objectsOf, few, many int) {
	for _, p := range []struct {
		peers int
		most  time.Duration
	}{{1, objectCPU}, {objectsPeers, objectCPUMany}} {
		a, b := r.cpu[[2]int{few, p.peers}].Median(), r.cpu[[2]int{many, p.peers}].Median()
		what := fmt.Sprintf("node role, one change beside %d Announcements, peers: %d", many, p.peers)
		if a == 0 || b == 0 {
			o.unmeasured(what, "processor time", errors.New("no number"))
			continue
		}
		o.budget(what, "processor time at most "+report.Duration(p.most), report.Duration(b), b <= p.most)
		o.budget(what, fmt.Sprintf("at most %.1f × that beside %d", objectGrowth, few),
			fmt.Sprintf("%s against %s (%s)", report.Duration(b), report.Duration(a), report.Ratio(b, a)), float64(b) <= objectGrowth*float64(a))
	}
	what := fmt.Sprintf("object → wire beside %d Announcements, both roles in one process", many)
	l := r.wire[many]
	o.aboveFloor(what, "p50", 0.5, objectP50, l)
	o.aboveFloor(what, "p99", 0.99, objectP99, l)
	o.aboveFloor(fmt.Sprintf("%d Announcements created beside %d", o.scaled(newObjects), many), "p99", 0.99, newP99, r.burst)
	o.absolute(what, l)
}

// aboveFloor judges a quantile by that of the floor.
func (o *objects) aboveFloor(what, name string, part float64, most time.Duration, l lag) {
	promise := fmt.Sprintf("%s at most floor + %s", name, report.Duration(most))
	if len(l.herald) == 0 {
		o.unmeasured(what, promise, errors.New("no number"))
		return
	}
	herald, floor := l.herald.Quantile(part), l.floor.Quantile(part)
	o.budget(what, promise, fmt.Sprintf("%s, floor %s", report.Duration(herald), report.Duration(floor)), herald <= floor+most)
}

// absolute judges the times themselves, where the machine did nothing else before.
func (o *objects) absolute(what string, l lag) {
	promise := fmt.Sprintf("p50 ≤ %s, p99 ≤ %s", report.Duration(absoluteP50), report.Duration(absoluteP99))
	if before, err := strconv.ParseFloat(o.load, 64); err != nil || before >= quietLoad {
		o.unmeasured(what, promise, fmt.Errorf("the load was %s before: a busy machine proves nothing", o.load))
		return
	}
	if len(l.herald) == 0 {
		o.unmeasured(what, promise, errors.New("no number"))
		return
	}
	p50, p99 := l.herald.Quantile(0.5), l.herald.Quantile(0.99)
	o.budget(what, promise, fmt.Sprintf("p50 %s, p99 %s", report.Duration(p50), report.Duration(p99)), p50 <= absoluteP50 && p99 <= absoluteP99)
}
