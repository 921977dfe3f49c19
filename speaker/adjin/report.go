// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin

import (
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Report counts what a table holds.
type Report struct {
	// Families are those of the session, and others of which routes are kept.
	Families []Count
	// Limit is how many routes may be kept, over all families.
	Limit int
	// Excess: the peer has routes that are not kept because of the limit, or of that on octets.
	Excess bool
	// OctetLimit is that on the octets of path attributes where routes are not kept because of it, else 0.
	OctetLimit int
}

// Count counts the routes of a family.
type Count struct {
	Family wire.Family
	// Routes are kept, of them Stale from before the peer lost the session or began a refresh, and Leaked ineligible by RFC
	// 9234 §5.
	Routes, Stale, Leaked int
	// Dropped are those that the peer has and that are not kept, as far as they were counted: not beyond the limit.
	Dropped int
}

// Report returns the counts, nil where nothing is kept by policy.
func (t *Table) Report() *Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.policy.Keep {
		return nil
	}
	r := &Report{Limit: t.policy.MaxPrefixes, Excess: t.excess()}
	if t.heavy && r.Excess {
		r.OctetLimit = t.policy.maxOctets()
	}
	for _, in := range t.all() {
		if c := in.count(); c.Routes > 0 || slices.Contains(t.session.Families, c.Family) {
			r.Families = append(r.Families, c)
		}
	}
	return r
}
