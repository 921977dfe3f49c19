// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin

import (
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Report counts what a table holds.
type Report struct {
	// Families are the families of the session, and others of which routes are kept.
	Families []Count
	// Limit is how many routes may be kept, over all families.
	Limit int
	// Excess: the peer has routes that are not kept because of the limit, or of that on octets.
	Excess bool
	// OctetLimit is the limit on octets of path attributes if routes are not kept because of it, else 0.
	OctetLimit int
}

// Count counts the routes of a family.
type Count struct {
	Family wire.Family
	// Routes counts the kept routes, Stale those from before the peer lost the session or began a refresh, and Leaked those
	// that are ineligible by RFC 9234 §5.
	Routes, Stale, Leaked int
	// Dropped counts the routes of the peer that are not kept. The count ends at the limit.
	Dropped int
}

// Report returns the counts after the newest change, nil if the policy keeps nothing. It never waits, even during a long change, and
// must not be modified.
func (t *Table) Report() *Report { return t.report.Load() }

// unlock ends a change of the table, and publishes the report.
func (t *Table) unlock() {
	changed := t.publish()
	t.mu.Unlock()
	if !changed {
		return
	}
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

// publish makes the report anew if it has changed.
func (t *Table) publish() (changed bool) {
	now := t.count()
	if now == t.tally {
		return false
	}
	t.tally = now
	t.report.Store(now.report())
	return true
}

// tally holds the numbers of a report in a form that can be compared.
type tally struct {
	keep              bool
	families          [2]Count
	shown             int // of families
	limit, octetLimit int
	excess            bool
}

func (t *Table) count() tally {
	if !t.policy.Keep {
		return tally{}
	}
	c := tally{keep: true, limit: t.policy.MaxPrefixes, excess: t.excess()}
	if t.heavy && c.excess {
		c.octetLimit = t.policy.maxOctets()
	}
	for _, in := range t.families {
		if n := in.count(); n.Routes > 0 || slices.Contains(t.session.Families, n.Family) {
			c.families[c.shown] = n
			c.shown++
		}
	}
	return c
}

func (c *tally) report() *Report {
	if !c.keep {
		return nil
	}
	return &Report{Families: slices.Clone(c.families[:c.shown]), Limit: c.limit, Excess: c.excess, OctetLimit: c.octetLimit}
}
