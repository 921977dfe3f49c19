// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The capabilities that our OPEN offers: RFC 5492.

package speaker

import (
	"slices"
	"time"

	"github.com/herald-bgp/herald/speaker/internal/optional"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Capabilities are the capabilities in our OPEN besides those of families and of graceful restart. The zero value offers route
// refresh (RFC 2918), enhanced route refresh (RFC 7313), and 4-octet AS numbers (RFC 6793).
type Capabilities struct {
	// AddPath says for each family whether several paths of a prefix are sent or accepted (RFC 7911). An entry for a family
	// that the peer does not have is ignored.
	AddPath []wire.AddPathFamily
	// ExtendedMessage: messages may be up to 65,535 octets (RFC 8654).
	ExtendedMessage bool
	// ExtendedNextHop: IPv4 routes may have an IPv6 next hop (RFC 8950).
	ExtendedNextHop bool
	// LinkLocalNextHop: a link-local address may be the only next hop of an IPv6 route (draft-ietf-idr-linklocal-capability).
	LinkLocalNextHop bool
	// Role is our role towards an external peer (RFC 9234 §4.1), nil for none. It decides whether routes get ONLY_TO_CUSTOMER,
	// whether or not the peer sends its role. It is ignored towards an internal peer.
	Role *wire.Role
	// RoleStrict refuses a peer that does not send its role (RFC 9234 §4.2).
	RoleStrict bool
	// FQDN and SoftwareVersion are for people at the peer. nil and "" leave them out.
	FQDN            *wire.FQDN
	SoftwareVersion string
	// NoFourOctetAS, NoRouteRefresh and NoEnhancedRefresh leave out capabilities that are offered by default, for a peer that
	// does not cope with them.
	NoFourOctetAS, NoRouteRefresh, NoEnhancedRefresh bool
}

// Equal reports whether a and b offer the same.
func (c *Capabilities) Equal(d *Capabilities) bool {
	return slices.Equal(c.AddPath, d.AddPath) &&
		c.ExtendedMessage == d.ExtendedMessage && c.ExtendedNextHop == d.ExtendedNextHop &&
		c.LinkLocalNextHop == d.LinkLocalNextHop &&
		optional.Equal(c.Role, d.Role) && c.RoleStrict == d.RoleStrict &&
		optional.Equal(c.FQDN, d.FQDN) && c.SoftwareVersion == d.SoftwareVersion &&
		c.NoFourOctetAS == d.NoFourOctetAS && c.NoRouteRefresh == d.NoRouteRefresh &&
		c.NoEnhancedRefresh == d.NoEnhancedRefresh
}

// restartState holds the flags of our graceful restart capability.
type restartState struct {
	// restarting is the R bit (RFC 4724 §3): this process started lately and has not sent this peer its routes yet.
	restarting bool
	// forwarding is the F bit: the host still forwards packets for the routes that the peer may have from us.
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

// ipv4OverIPv6 is the only combination for unicast in RFC 8950.
var ipv4OverIPv6 = wire.ExtendedNextHopFamily{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6}

// offerRestart adds graceful restart, and long-lived graceful restart, which RFC 9494 §4.1 allows only beside it.
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

// role is our role, nil for none. RFC 9234 §4: roles are for external sessions.
func (p *Peer) role() *wire.Role {
	if p.internal() {
		return nil
	}
	return p.Capabilities.Role
}

// otc is the ASN in the ONLY_TO_CUSTOMER of routes to the peer, 0 for none. RFC 9234 §5: routes to a customer, a peer or an
// RS-client are marked with it.
func (p *Peer) otc() uint32 {
	if r := p.role(); r != nil && r.AttachesOTC() {
		return p.LocalASN
	}
	return 0
}

// withholdsOTC reports whether routes with ONLY_TO_CUSTOMER are not sent. RFC 9234 §5: they MUST NOT go to a provider, a peer
// or an RS.
func (p *Peer) withholdsOTC() bool {
	r := p.role()
	return r != nil && r.WithholdsOTC()
}
