// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"

	"github.com/herald-bgp/herald/speaker/rib/encode"
	"github.com/herald-bgp/herald/speaker/rib/internal/store"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Route is a route that a peer is sent.
type Route struct {
	Family wire.Family
	NLRI   wire.NLRI
	// PathID is the path identifier, 0 where the session has none.
	PathID uint32
	// NextHop is the global one where a link-local address goes with it, the zero Addr in a family without next hops.
	NextHop netip.Addr
	// Attributes are as they were encoded for the session, the next hop apart. They must not be modified.
	Attributes *wire.Attributes
	// Announcement is where the route comes from.
	Announcement *Announcement
}

// routesAtOnce is how many entries are looked at without letting others at the table.
const routesAtOnce = 1024

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

func (c *cursor[A]) routes(yield func(Route) bool) bool {
	t := c.family.table
	known := map[*encode.Set]*wire.Attributes{}
	for next, more := store.Slot(0), true; more; {
		var batch []Route
		t.mu.Lock()
		batch, next, more = c.someRoutes(next, known)
		t.mu.Unlock()
		for _, r := range batch {
			if !yield(r) {
				return false
			}
		}
	}
	return true
}

// someRoutes returns the routes among the next entries. known are the attributes that others have.
func (c *cursor[A]) someRoutes(from store.Slot, known map[*encode.Set]*wire.Attributes) (batch []Route, next store.Slot, more bool) {
	f, v := c.family, c.view
	left := routesAtOnce
	next = f.store.Each(from, func(i store.Slot, e *store.Entry[A]) bool {
		left--
		if e.Dead() || !v.members.has(e.Number()) {
			return left > 0
		}
		path := f.pathOf(v.profile, i)
		set, s := f.winner(v.profile, v.members, f.store.Head(e.Key()), path)
		if s == nil || s.number != e.Number() {
			return left > 0
		}
		attributes := known[set]
		if attributes == nil {
			attributes = v.encoded(s)
			known[set] = attributes
		}
		batch = append(batch, Route{
			Family: f.ops.Family, NLRI: f.ops.NLRI(e.Key()), PathID: path, NextHop: first(c.nextHop(set)),
			Attributes: attributes, Announcement: s.Announcement,
		})
		return left > 0
	})
	return batch, next, next < f.store.End()
}

// first returns the first of some addresses, the zero Addr where there are none.
func first(list []netip.Addr) netip.Addr {
	if len(list) == 0 {
		return netip.Addr{}
	}
	return list[0]
}
