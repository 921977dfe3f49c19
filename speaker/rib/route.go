// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Route is a route that a peer is sent.
type Route struct {
	Family wire.Family
	Prefix netip.Prefix
	// PathID is the path identifier, 0 where the session has none.
	PathID uint32
	// NextHop is the global one where a link-local address goes with it.
	NextHop netip.Addr
	// Attributes are as they were encoded for the session, the next hop apart. They must not be modified.
	Attributes *wire.Attributes
	// Announcement is where the route comes from.
	Announcement *Announcement
}

// routesAtOnce is how many entries are looked at without letting others at the table.
var routesAtOnce slot = 1024

// Routes calls yield for each route that the peer is sent, until it returns false: families in the order of Params,
// prefixes in no order. yield may take its time; what changes meanwhile may be seen or not.
func (o *Out) Routes(yield func(Route) bool) {
	o.table.mu.Lock()
	cursors := o.cursors
	o.table.mu.Unlock()
	for _, c := range cursors {
		if !c.routes(yield) {
			return
		}
	}
}

func (c *cursor[K]) routes(yield func(Route) bool) bool {
	t := c.family.table
	for next, more := slot(0), true; more; {
		var batch []Route
		t.mu.Lock()
		batch, next, more = c.someRoutes(next)
		t.mu.Unlock()
		for _, r := range batch {
			if !yield(r) {
				return false
			}
		}
	}
	return true
}

// someRoutes returns the routes among the next entries.
func (c *cursor[K]) someRoutes(from slot) (batch []Route, next slot, more bool) {
	f, v := c.family, c.view
	next = min(from+routesAtOnce, f.store.used)
	for i := from; i < next; i++ {
		e := f.store.at(i)
		if e.dead() || !v.members.has(e.number()) {
			continue
		}
		path := f.pathOf(v.profile, i)
		set, s := f.winner(v.profile, v.members, f.store.head(e.key), path)
		if s == nil || s.number != e.number() {
			continue
		}
		nextHop := c.nextHop(set)
		batch = append(batch, Route{
			Family: f.ops.family, Prefix: f.ops.prefix(e.key), PathID: path, NextHop: nextHop[0],
			Attributes: set.attributes, Announcement: s.Announcement,
		})
	}
	return batch, next, next < f.store.used
}
