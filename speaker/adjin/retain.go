// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// What outlasts a session, and what a refresh leaves over: RFC 4724 §4.2, RFC 9494 §4.2, RFC 7313 §4.

package adjin

import (
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Generation tells which routes were stale at some moment.
type Generation uint32

// Retain is called at the end of a session: the routes of families are kept as stale, all others go. RFC 4724 §4.2: so do
// those that were stale before, but for the families of again (RFC 9494 §4.2).
func (t *Table) Retain(families, again []wire.Family) Generation {
	t.mu.Lock()
	defer t.unlock()
	generation := t.nextGeneration()
	for _, f := range []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast} {
		in := t.of(f)
		if !slices.Contains(families, f) {
			in.clear()
			continue
		}
		if !slices.Contains(again, f) {
			in.purgeAll()
		}
		in.end()
		in.mark(generation)
	}
	return Generation(generation)
}

// LongLive turns what was stale in a family at that moment, and still is, into long-lived stale routes. RFC 9494 §4.2: those
// with NO_LLGR MUST NOT be retained.
func (t *Table) LongLive(f wire.Family, g Generation) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil {
		in.longLive(uint32(g))
	}
}

// Keep removes what is stale outside of families.
func (t *Table) Keep(families []wire.Family) {
	t.mu.Lock()
	defer t.unlock()
	for _, f := range []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast} {
		if !slices.Contains(families, f) {
			t.of(f).purgeAll()
		}
	}
}

// Expire removes what was stale in a family at that moment and still is.
func (t *Table) Expire(f wire.Family, g Generation) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil {
		in.purge(uint32(g))
	}
}

// Purge removes what is stale in a family: after a restart its End-of-RIB has come (RFC 4724 §4.2).
func (t *Table) Purge(f wire.Family) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil {
		in.purgeAll()
	}
}

// BeginRefresh takes a BoRR: all routes of the family are stale until they come again (RFC 7313 §4).
func (t *Table) BeginRefresh(f wire.Family) {
	t.mu.Lock()
	defer t.unlock()
	if in := t.of(f); in != nil && t.policy.Keep {
		in.markRefresh()
	}
}

// EndRefresh takes an EoRR: what did not come again since the BoRR is removed (RFC 7313 §4). Without one it means nothing.
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
	t.four.clear()
	t.six.clear()
}
