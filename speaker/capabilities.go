// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// What our OPEN offers: capabilities of RFC 5492.

package speaker

import (
	"slices"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Capabilities are those that are offered besides what families and graceful restart need. The zero value offers route
// refresh (RFC 2918), enhanced (RFC 7313), and 4-octet AS numbers (RFC 6793).
type Capabilities struct {
	// AddPath says for each family whether several paths of a prefix are sent or taken (RFC 7911). Families that are not
	// among the peer's mean nothing.
	AddPath []wire.AddPathFamily
	// ExtendedMessage: messages may be up to 65,535 octets (RFC 8654).
	ExtendedMessage bool
	// ExtendedNextHop: IPv4 routes may have an IPv6 next hop (RFC 8950).
	ExtendedNextHop bool
	// LinkLocalNextHop: a link-local address may be the only next hop of an IPv6 route (draft-ietf-idr-linklocal-capability).
	LinkLocalNextHop bool
	// Role of ours towards an external peer (RFC 9234 §4.1), nil for none. It decides who gets ONLY_TO_CUSTOMER, whether or
	// not the peer tells its role. Towards an internal peer it means nothing.
	Role *wire.Role
	// RoleStrict refuses a peer that does not tell its role (RFC 9234 §4.2).
	RoleStrict bool
	// FQDN and SoftwareVersion are told to people at the peer, nil and "" for nothing.
	FQDN            *wire.FQDN
	SoftwareVersion string
	// NoFourOctetAS, NoRouteRefresh and NoEnhancedRefresh leave out what is offered otherwise, for a peer that cannot bear it.
	NoFourOctetAS, NoRouteRefresh, NoEnhancedRefresh bool
}

// Equal reports whether a and b offer the same.
func (c *Capabilities) Equal(d *Capabilities) bool {
	return slices.Equal(c.AddPath, d.AddPath) &&
		c.ExtendedMessage == d.ExtendedMessage && c.ExtendedNextHop == d.ExtendedNextHop &&
		c.LinkLocalNextHop == d.LinkLocalNextHop &&
		equalPointers(c.Role, d.Role) && c.RoleStrict == d.RoleStrict &&
		equalPointers(c.FQDN, d.FQDN) && c.SoftwareVersion == d.SoftwareVersion &&
		c.NoFourOctetAS == d.NoFourOctetAS && c.NoRouteRefresh == d.NoRouteRefresh &&
		c.NoEnhancedRefresh == d.NoEnhancedRefresh
}

func equalPointers[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// restartState is what the graceful restart capability says of us.
type restartState struct {
	// restarting is the R bit (RFC 4724 §3): this process started lately and has not sent this peer its routes yet.
	restarting bool
	// forwarding is the F bit: the host still forwards for routes that the peer may hold of us.
	forwarding bool
}

// capabilities of the OPEN to the peer.
func (p *Peer) capabilities(restart restartState) wire.Capabilities {
	c := &p.Capabilities
	offer := wire.Capabilities{
		Families:         p.Families,
		RouteRefresh:     !c.NoRouteRefresh,
		EnhancedRefresh:  !c.NoRouteRefresh && !c.NoEnhancedRefresh,
		ExtendedMessage:  c.ExtendedMessage,
		LinkLocalNextHop: c.LinkLocalNextHop,
		Role:             p.role(),
		FQDN:             c.FQDN,
		SoftwareVersion:  c.SoftwareVersion,
	}
	if !c.NoFourOctetAS {
		offer.FourOctetAS = p.LocalASN
	}
	if c.ExtendedNextHop && slices.Contains(p.Families, wire.IPv4Unicast) {
		offer.ExtendedNextHop = []wire.ExtendedNextHopFamily{ipv4OverIPv6}
	}
	for _, a := range c.AddPath {
		if slices.Contains(p.Families, a.Family) {
			offer.AddPath = append(offer.AddPath, a)
		}
	}
	p.offerRestart(&offer, restart)
	return offer
}

// ipv4OverIPv6 is all that RFC 8950 says of unicast.
var ipv4OverIPv6 = wire.ExtendedNextHopFamily{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6}

// offerRestart adds graceful restart, and the long-lived one that RFC 9494 §4.1 allows beside it alone.
func (p *Peer) offerRestart(offer *wire.Capabilities, restart restartState) {
	gr := p.GracefulRestart
	if gr == nil {
		return
	}
	offer.GracefulRestart = &wire.GracefulRestart{
		Restarting: restart.restarting, Notifications: gr.Notifications, RestartTime: uint16(gr.RestartTime / time.Second),
	}
	for _, f := range p.Families {
		offer.GracefulRestart.Families = append(offer.GracefulRestart.Families,
			wire.GracefulRestartFamily{Family: f, Forwarding: restart.forwarding})
		if gr.LongLivedStaleTime > 0 {
			offer.LongLived = append(offer.LongLived,
				wire.LongLivedFamily{Family: f, Forwarding: restart.forwarding, StaleTime: gr.LongLivedStaleTime})
		}
	}
}

// role of ours, nil for none. RFC 9234 §4: roles are for external sessions.
func (p *Peer) role() *wire.Role {
	if p.internal() {
		return nil
	}
	return p.Capabilities.Role
}

// otc is the ASN that routes are marked with as ONLY_TO_CUSTOMER, 0 for none. RFC 9234 §5: those to a customer, a peer or
// an RS-client are.
func (p *Peer) otc() uint32 {
	if r := p.role(); r != nil && r.AttachesOTC() {
		return p.LocalASN
	}
	return 0
}

// withholdsOTC reports whether routes that are marked as ONLY_TO_CUSTOMER are not sent. RFC 9234 §5: those MUST NOT go to a
// provider, a peer or an RS.
func (p *Peer) withholdsOTC() bool {
	r := p.role()
	return r != nil && r.WithholdsOTC()
}
