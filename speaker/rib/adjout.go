// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// adjOut is the Adj-RIB-Out of a session in one family (RFC 4271 §3.2): what
// the peer was sent, and what it must be sent to hold what is wanted.
type adjOut struct {
	family wire.Family
	maxLen int

	rows   []row // by prefix
	routes int   // how many of them were sent
	// walk is the number of the newest walk over all routes: the first one, and
	// one for each refresh. Routes that were sent in an older walk are due again.
	walk     uint32
	walking  bool
	endOfRIB bool // went out

	// What is due, as indexes of rows: withdrawals first.
	withdrawals []uint32
	updates     []update

	nlri []byte // scratch
}

// row is a prefix with the path that it is to be sent with and the one that it
// was last sent with, nil for none.
type row struct {
	prefix       netip.Prefix
	wanted, sent *path
	order        uint32 // of wanted
	walk         uint32 // in which sent was sent
}

// update is a group of rows that share an attribute set, by prefix.
type update struct {
	set   *attributeSet
	order uint32 // the lowest of them
	rows  []uint32
}

func newAdjOut(f wire.Family, maxLen int) *adjOut {
	return &adjOut{family: f, maxLen: maxLen, walking: true}
}

// due reports whether routes are to be sent.
func (a *adjOut) due() bool { return len(a.withdrawals) > 0 || len(a.updates) > 0 }

// idle reports whether nothing is to be sent, End-of-RIB included.
func (a *adjOut) idle() bool { return !a.walking && !a.due() }

// refresh makes all routes due again (RFC 2918 §4).
func (a *adjOut) refresh() {
	a.walk++
	a.walking = true
	a.plan()
}

// want replaces the routes that are wanted. What was due before and is not any
// more is forgotten, so a change that was undone in time costs nothing.
func (a *adjOut) want(routes []wanted) {
	old := a.rows
	a.rows = make([]row, 0, max(len(routes), a.routes))
	for len(old) > 0 || len(routes) > 0 {
		var next row
		c := compareHeads(old, routes)
		if c <= 0 {
			next = row{prefix: old[0].prefix, sent: old[0].sent, walk: old[0].walk}
			old = old[1:]
		}
		if c >= 0 {
			next.prefix, next.wanted, next.order = routes[0].prefix, routes[0].path, routes[0].order
			routes = routes[1:]
		}
		if next.wanted != nil || next.sent != nil {
			a.rows = append(a.rows, next)
		}
	}
	a.plan()
}

// compareHeads tells which of two lists, not both of them empty, has the lower
// prefix first.
func compareHeads(old []row, routes []wanted) int {
	switch {
	case len(old) == 0:
		return 1
	case len(routes) == 0:
		return -1
	}
	return comparePrefixes(old[0].prefix, routes[0].prefix)
}

// plan makes due what the peer does not hold as it is wanted: withdrawals, and
// an update for each attribute set, in the order in which the export first has
// them.
func (a *adjOut) plan() {
	a.withdrawals, a.updates = nil, nil
	places := make(map[string]int) // of the sets among the updates
	var last *path
	place := 0
	for i := range a.rows {
		r := &a.rows[i]
		switch {
		case r.wanted == nil && r.sent != nil:
			a.withdrawals = append(a.withdrawals, uint32(i))
		case r.wanted == nil:
		case r.sent != nil && r.walk == a.walk && r.sent.set.same(r.wanted.set):
			// The peer sees no difference, though the route may be another's now.
			r.sent = r.wanted
		default:
			if r.wanted != last {
				last, place = r.wanted, a.place(places, r.wanted.set, r.order)
			}
			a.updates[place].rows = append(a.updates[place].rows, uint32(i))
		}
	}
	slices.SortFunc(a.updates, func(x, y update) int { return cmp.Compare(x.order, y.order) })
}

// place returns the index of the update for a set and adds it if there is none.
func (a *adjOut) place(places map[string]int, set *attributeSet, order uint32) int {
	i, ok := places[set.key]
	if !ok {
		i = len(a.updates)
		places[set.key] = i
		a.updates = append(a.updates, update{set: set, order: order})
	}
	a.updates[i].order = min(a.updates[i].order, order)
	return i
}
