// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The comparison of received messages with expected ones. Groups come one after the other, the facts of a group in any order. KEEPALIVEs do
// not count. End-of-RIB of a family that the case does not list may come once: the cases end when they have seen enough.

package conformance_test

import (
	"fmt"
	"strings"

	"github.com/herald-bgp/herald/speaker/wire"
)

// tracker compares the facts that come on one connection with the expected ones.
type tracker struct {
	groups []*trackedGroup
	ended  map[wire.Family]bool // End-of-RIB came
	// leaving: the session ends for good, and withdrawals may come that nobody expects.
	leaving bool
	// asking: ROUTE-REFRESH is sent for every family, and the case may expect it for one.
	asking bool
	// anything: the case does not say which messages come.
	anything bool
}

type trackedGroup struct {
	items   []*item
	actions []map[string]any // still to be taken
}

// item is a fact that must come.
type item struct {
	fact
	done bool
}

func newTracker(e expectation) *tracker {
	t := &tracker{ended: map[wire.Family]bool{}}
	for _, g := range e.groups {
		group := &trackedGroup{actions: g.actions}
		for _, f := range g.facts {
			group.items = append(group.items, &item{fact: f})
		}
		t.groups = append(t.groups, group)
	}
	return t
}

// current is the first group that is not complete, nil when all are.
func (t *tracker) current() *trackedGroup {
	for len(t.groups) > 0 {
		if g := t.groups[0]; len(g.actions) > 0 || g.missing() != nil {
			return g
		}
		t.groups = t.groups[1:]
	}
	return nil
}

// missing are the facts of the group that have not come.
func (g *trackedGroup) missing() []*item {
	var items []*item
	for _, i := range g.items {
		if !i.done {
			items = append(items, i)
		}
	}
	return items
}

// take notes that a fact came.
func (t *tracker) take(f fact) error {
	if f.kind == endOfRIB && t.ended[f.family] {
		return fmt.Errorf("%v came a second time", f)
	}
	if f.kind == endOfRIB {
		t.ended[f.family] = true
	}
	if t.anything {
		return nil
	}
	if f.kind == endOfRIB {
		if t.first(func(want fact) bool { return want == f }) == nil {
			return nil
		}
	}
	group := t.current()
	if group == nil && t.asking && f.kind == refreshAsked {
		return nil
	}
	if group == nil {
		return fmt.Errorf("after all that is expected came\n  %v", f)
	}
	var wanted strings.Builder
	for _, i := range group.missing() {
		if i.fact == f {
			i.done = true
			return nil
		}
		fmt.Fprintf(&wanted, "\n  %v", i.fact)
	}
	if t.leaving && f.kind == withdrawn || t.asking && f.kind == refreshAsked {
		return nil
	}
	return fmt.Errorf("came\n  %v\nexpected is one of%s", f, &wanted)
}

// first returns the first fact still to come that fits, nil where none does.
func (t *tracker) first(fits func(fact) bool) *item {
	for _, g := range t.groups {
		for _, i := range g.missing() {
			if fits(i.fact) {
				return i
			}
		}
	}
	return nil
}

// missing are all facts still to come.
func (t *tracker) missing() []*item {
	var items []*item
	for _, g := range t.groups {
		items = append(items, g.missing()...)
	}
	return items
}

// forgo expects facts no more.
func (t *tracker) forgo(fits func(fact) bool) {
	for _, i := range t.missing() {
		i.done = i.done || fits(i.fact)
	}
}
