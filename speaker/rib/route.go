// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Route is a route that a peer was sent.
type Route struct {
	Family wire.Family
	Prefix netip.Prefix
	// NextHop is the global one where a link-local address goes with it.
	NextHop netip.Addr
	// Attributes are as they were encoded for the session, the next hop apart.
	// They must not be modified.
	Attributes *wire.Attributes
	// Announcement is where the route comes from.
	Announcement *Announcement
}

// Routes calls yield for each route that the peer was sent, until it returns
// false: families in the order of Params, prefixes in ascending order, from a
// copy of the state, so that yield may take its time. What was handed out by
// [Out.Next] counts as sent.
func (o *Out) Routes(yield func(Route) bool) {
	for _, r := range o.sentRows() {
		set := r.sent.set
		if !yield(Route{
			Family: set.family, Prefix: r.prefix, NextHop: set.nextHop[0],
			Attributes: set.attributes, Announcement: r.sent.announcement,
		}) {
			return
		}
	}
}

// sentRows returns a copy of the rows of all families that were sent.
func (o *Out) sentRows() []row {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, a := range o.families {
		n += a.routes
	}
	rows := make([]row, 0, n)
	for _, a := range o.families {
		for _, r := range a.rows {
			if r.sent != nil {
				rows = append(rows, r)
			}
		}
	}
	return rows
}
