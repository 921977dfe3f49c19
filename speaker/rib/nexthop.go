// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Next hops: RFC 4271 §5.1.3, RFC 2545 §2 and §3.

package rib

import (
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// nextHop returns the next hop of routes of family f: the one that was asked
// for, or next hop self where that is the zero Addr, followed by a link-local
// address where one belongs beside it. It returns nil when there is none that
// may be sent.
func (p *Params) nextHop(f wire.Family, asked netip.Addr) []netip.Addr {
	if asked.IsValid() {
		asked = asked.WithZone("")
		if !p.usable(f, asked) {
			return nil
		}
		return []netip.Addr{asked}
	}
	self, linkLocal := p.nextHopSelf(f)
	if !p.usable(f, self) {
		return nil
	}
	// RFC 2545 §3: the link-local address goes with the global one if and only
	// if the peer is on the same link.
	if f == wire.IPv6Unicast && linkLocal.IsValid() {
		return []netip.Addr{self, linkLocal}
	}
	return []netip.Addr{self}
}

// nextHopSelf returns the local address of the session if it is of the family,
// else the node's address of the family. A session between link-local addresses
// names the node's global address: RFC 2545 §3 demands one.
func (p *Params) nextHopSelf(f wire.Family) (self, linkLocal netip.Addr) {
	linkLocal = p.LinkLocal
	if p.LocalAddress.IsValid() && familyOf(p.LocalAddress) == f {
		if !p.LocalAddress.Is6() || !p.LocalAddress.IsLinkLocalUnicast() {
			return p.LocalAddress, linkLocal
		}
		if !linkLocal.IsValid() {
			linkLocal = p.LocalAddress
		}
	}
	if f == wire.IPv4Unicast {
		return p.NodeAddress4, linkLocal
	}
	return p.NodeAddress6, linkLocal
}

// usable reports whether a may be the next hop of routes of family f.
func (p *Params) usable(f wire.Family, a netip.Addr) bool {
	broadcast := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	if !a.IsValid() || familyOf(a) != f || a.IsUnspecified() || a.IsMulticast() || a == broadcast {
		return false
	}
	// RFC 4271 §5.1.3: a route MUST NOT be advertised to a peer with the peer's
	// own address as its next hop.
	return a != p.PeerAddress
}
