// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The limits of a table: RFC 4271 §6.7, RFC 4486 §4.

package adjin

import (
	"fmt"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Path attributes may be 64 KiB for each route, so a bound on routes alone would bound nothing. A table of the whole Internet
// has about 100 octets of them for each of its attribute sets, which are fewer than its routes.
const (
	minMaxOctets   = 64 << 20
	octetsOfPrefix = 256
)

func (p Policy) maxOctets() int {
	if p.MaxOctets != 0 {
		return p.MaxOctets
	}
	return max(minMaxOctets, p.MaxPrefixes*octetsOfPrefix)
}

// LimitError says that a peer has more routes than may be kept, and that its session must end (RFC 4271 §6.7).
type LimitError struct {
	Family wire.Family // of the route too many
	Limit  int         // of routes
	// Octets is the limit on octets of path attributes if that limit was reached, else 0.
	Octets int
}

// Error names the limit.
func (e *LimitError) Error() string {
	if e.Octets != 0 {
		return fmt.Sprintf("more than %d octets of path attributes", e.Octets)
	}
	return fmt.Sprintf("more than %d routes", e.Limit)
}

func (t *Table) limitError(f wire.Family) error {
	e := &LimitError{Family: f, Limit: t.policy.MaxPrefixes}
	if t.heavy || t.sets.size > t.policy.maxOctets() {
		e.Octets = t.policy.maxOctets()
	}
	return e
}

// Exceeded returns a *LimitError if the peer has more routes than the policy allows and the policy ends the session then.
func (t *Table) Exceeded() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.policy.Keep || !t.policy.Teardown || !t.over() && !t.excess() {
		return nil
	}
	too := slices.IndexFunc(t.families, func(f routes) bool { return f.count().Routes > 0 || f.excess() })
	return t.limitError(t.families[max(too, 0)].count().Family)
}

// over reports whether the table is over its limits.
func (t *Table) over() bool {
	return t.total > t.policy.MaxPrefixes || t.sets.size > t.policy.maxOctets()
}

// fits reports whether there is room for an attribute set.
func (t *Table) fits(octets []byte) bool {
	return t.sets.knows(octets) || t.sets.size+octetsOfSet(len(octets)) <= t.policy.maxOctets()
}

// tooHeavy handles the announced routes of an UPDATE whose path attributes have no room.
func (t *Table) tooHeavy(in routes, r *wire.MPReach, o *Outcome) error {
	for path, err := range wire.Paths(r.Family, r.PathIDs, r.NLRI) {
		switch {
		case err != nil:
			return nil // never of what ParseUpdate accepted
		case wire.Martian(path.Prefix):
			o.Martians++
			continue
		}
		t.heavy = true
		if t.policy.Teardown {
			return t.limitError(r.Family)
		}
		in.drop(path)
		o.Dropped++
	}
	return nil
}

// near reports once that the limit has been reached to 80 %, and again after half of the routes were gone.
func (t *Table) near() bool {
	switch {
	case t.total*2 < t.policy.MaxPrefixes:
		t.warned = false
	case t.total*5 >= t.policy.MaxPrefixes*4 && !t.warned:
		t.warned = true
		return true
	}
	return false
}

// makeRoom gives up stale routes for new ones, and reports whether there were stale routes.
func (t *Table) makeRoom() bool {
	stale := 0
	for _, f := range t.families {
		stale += f.count().Stale
	}
	if stale == 0 {
		return false
	}
	for _, f := range t.families {
		f.purgeAll()
	}
	return true
}
