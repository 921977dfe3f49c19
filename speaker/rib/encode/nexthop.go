// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Next hops: RFC 4271 §5.1.3, RFC 2545 §2 and §3, RFC 8950 §3.

package encode

import (
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// NextHop returns the next hop that attributes ask for, of routes of family f: one address, or a global IPv6 address and a
// link-local one, none for a family without next hops. Nil means next hop self; ok is false where the one asked for may not be sent.
func (p *Params) NextHop(f wire.Family, a *Attributes) (nextHop []netip.Addr, ok bool) {
	if f.NextHopForm() == wire.NextHopNone {
		return []netip.Addr{}, true
	}
	asked := p.asked(f, a)
	if asked.nextHop.IsValid() {
		if !p.usable(asked.nextHop) || !p.understands(f, asked.nextHop) {
			return nil, false
		}
		nextHop = append(nextHop, asked.nextHop)
	}
	if asked.linkLocal.IsValid() {
		if !p.usable(asked.linkLocal) {
			return nil, false
		}
		nextHop = append(nextHop, asked.linkLocal)
	}
	return nextHop, true
}

// NextHop returns what a asks for as next hop of a family, without the zones that mean nothing to a peer. The link-local
// address goes beside the other or, without one, alone.
func (a *Attributes) NextHop(f wire.Family) (nextHop, linkLocal netip.Addr) {
	switch {
	case f.NextHopForm() == wire.NextHopNone:
		return netip.Addr{}, netip.Addr{}
	case f.AFI == wire.AFIIPv4:
		return a.NextHop4.WithZone(""), netip.Addr{}
	}
	return a.NextHop6.WithZone(""), a.NextHopLinkLocal.WithZone("")
}

// asked is what attributes ask for as next hop: one address or two, none for next hop self.
type asked struct{ nextHop, linkLocal netip.Addr }

func (a asked) has(x netip.Addr) bool { return a.nextHop == x || a.linkLocal == x }

// asked is what a asks for as next hop of a family, without a link-local address that the peer may not be told.
func (p *Params) asked(f wire.Family, a *Attributes) asked {
	nextHop, linkLocal := a.NextHop(f)
	switch {
	case !p.SharedLink, // RFC 2545 §3: only if the peer is on the link
		nextHop.IsLinkLocalUnicast(),
		!nextHop.IsValid() && !p.LinkLocalNextHop:
		linkLocal = netip.Addr{}
	}
	return asked{nextHop, linkLocal}
}

// understands reports whether the peer takes an address as next hop of routes of family f.
func (p *Params) understands(f wire.Family, a netip.Addr) bool {
	if a.Is4() {
		return f.AFI == wire.AFIIPv4
	}
	if f.AFI == wire.AFIIPv4 && !p.ExtendedNextHop {
		return false
	}
	// RFC 2545 §3: a link-local address never stands alone, unless both sides can tell whose it is.
	return !a.IsLinkLocalUnicast() || p.LinkLocalNextHop && p.SharedLink
}

// NextHopSelf returns next hop self of a family, nothing where there is none: the local address of the session if it is of
// the family, or may stand for it (RFC 8950), else the node's address of the family. A session between link-local addresses
// names the node's global address beside them: RFC 2545 §3 demands one.
func (p *Params) NextHopSelf(f wire.Family) []netip.Addr {
	if f.AFI == wire.AFIIPv6 {
		return p.nextHopSelf6()
	}
	if p.LocalAddress.Is6() && p.ExtendedNextHop {
		if self := p.nextHopSelf6(); self != nil {
			return self
		}
	}
	if p.LocalAddress.Is4() {
		return p.self(p.LocalAddress)
	}
	return p.self(p.NodeAddress4)
}

func (p *Params) nextHopSelf6() []netip.Addr {
	global, linkLocal := p.NodeAddress6, p.LinkLocal
	if local := p.LocalAddress; local.Is6() && !local.IsLinkLocalUnicast() {
		global = local
	} else if local.Is6() && !linkLocal.IsValid() {
		linkLocal = local
	}
	switch self := p.self(global); {
	case self != nil && linkLocal.IsValid():
		// RFC 2545 §3: the link-local address goes with the global one if and only if the peer is on the same link.
		return append(self, linkLocal)
	case self != nil:
		return self
	case p.LinkLocalNextHop:
		return p.self(linkLocal)
	}
	return nil
}

func (p *Params) self(a netip.Addr) []netip.Addr {
	if !p.usable(a) {
		return nil
	}
	return []netip.Addr{a}
}

// usable reports whether a may be a next hop.
func (p *Params) usable(a netip.Addr) bool {
	// RFC 4271 §6.3: a next hop is the address of a host. RFC 4271 §5.1.3: a route MUST NOT be advertised to a peer with the peer's own
	// address as its next hop.
	return wire.IsHostAddress(a) && a != p.PeerAddress
}
