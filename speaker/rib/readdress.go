// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"
	"slices"
)

// NodeAddresses are next hop self of the family that a session's own address is not of. The zero Addr means there is none.
type NodeAddresses struct{ Four, Six netip.Addr }

// takeAddresses takes the node's addresses from an export, and reports whether they are others.
func (o *Out) takeAddresses(e *exported) bool {
	n := e.Node
	if n == nil || n.Four == o.params.NodeAddress4 && n.Six == o.params.NodeAddress6 {
		return false
	}
	o.params.NodeAddress4, o.params.NodeAddress6 = n.Four, n.Six
	o.params = o.params.Normal()
	return true
}

// readdress takes the node's addresses from the newest export, before anything else of it: what else is different is then told as
// any change that comes meanwhile. Where next hop self is another then, the routes that name it are sent again, which replaces them
// (RFC 4271 §3.1); where there is one at last, or none any more, they are announced or withdrawn.
func (o *Out) readdress(e *exported) {
	if !o.takeAddresses(e) {
		return
	}
	for _, c := range o.cursors {
		c.readdress()
	}
}

// readdress takes the session's next hop self anew.
func (c *cursor[A]) readdress() {
	f, o := c.family, c.out
	self := o.params.NextHopSelf(f.ops.Family)
	if slices.Equal(self, c.self) {
		return
	}
	profile, current := f.profileFor(o, o.export), c.at != nil && c.told() == f.table.seq
	if current && profile == c.view.profile { // so nothing else is different for it
		c.self = self
		c.leaveLog()
		c.walk = f.walk(c, f.table.seq, true)
		return
	}
	f.leave(c)
	c.self = self
	f.move(move[A]{cursor: c, members: c.view.members, profile: profile, everything: true})
	f.prune()
}
