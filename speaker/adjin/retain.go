// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Routes that outlast a session, and routes that a refresh removes: RFC 4724 §4.2, RFC 9494 §4.2, RFC 7313 §4.

package adjin

import (
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Generation identifies the routes that were stale at some moment.
type Generation uint32

// Retain is called at the end of a session: the routes of families are kept as stale, all others go. RFC 4724 §4.2: so do
// those of former sessions, but for the families of again (RFC 9494 §4.2). A refresh that the end cut short removes nothing.
func (t *Table) Retain(families, again []wire.Family) Generation {
	t.mu.Lock()
	defer t.unlock()
	generation := t.nextGeneration()
	for _, in := range t.families {
		f := in.count().Family
		if !slices.Contains(families, f) {
			in.clear()
			continue
		}
		if !slices.Contains(again, f) {
			in.purgeFormer()
		}
		in.end()
		in.restart(generation)
	}
	return Generation(generation)
}

// LongLive turns the routes of a family that were stale at that moment, and still are, into long-lived stale routes. RFC 9494
// §4.2: routes with NO_LLGR MUST NOT be retained.
func (t *Table) LongLive(f wire.Family, g Generation) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil {
		in.longLive(uint32(g))
	}
}

// Keep removes the routes of former sessions in all other families.
func (t *Table) Keep(families []wire.Family) {
	t.mu.Lock()
	defer t.unlock()
	for _, in := range t.families {
		if !slices.Contains(families, in.count().Family) {
			in.purgeFormer()
		}
	}
}

// Expire removes the routes of a family that were stale at that moment and still are.
func (t *Table) Expire(f wire.Family, g Generation) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil {
		in.purge(uint32(g))
	}
}

// Purge removes the routes of former sessions in a family: after a restart its End-of-RIB has come (RFC 4724 §4.2).
func (t *Table) Purge(f wire.Family) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil {
		in.purgeFormer()
	}
}

// BeginRefresh takes a BoRR: all routes of the family are stale until they come again (RFC 7313 §4).
func (t *Table) BeginRefresh(f wire.Family) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil && t.policy.Keep {
		in.beginRefresh()
	}
}

// EndRefresh takes an EoRR: it removes the routes that did not come again since the BoRR (RFC 7313 §4). Without a BoRR it does nothing.
func (t *Table) EndRefresh(f wire.Family) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil {
		in.endRefresh()
	}
}

// Flush removes everything.
func (t *Table) Flush() {
	t.mu.Lock()
	defer t.unlock()
	t.clear()
}

func (t *Table) clear() {
	for _, f := range t.families {
		f.clear()
	}
}
