// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// OPEN: RFC 4271 §4.2 and §6.2, capabilities of RFC 5492, 4760, 2918, 6793, 4724.

package speaker

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// restartState is what the graceful restart capability says of us.
type restartState struct {
	// restarting is the R bit (RFC 4724 §3): this process started lately and has not sent this peer its routes yet.
	restarting bool
	// forwarding is the F bit: the host still forwards for routes that the peer may hold of us.
	forwarding bool
}

// localOpen is the OPEN that we send. Without capabilities it is for a peer that refused them (RFC 5492 §3).
func localOpen(cfg *Peer, routerID netip.Addr, restart restartState, capabilities bool) *wire.Open {
	o := &wire.Open{
		Version:  4,
		ASN:      wire.ASTrans,
		HoldTime: uint16(cfg.hold() / time.Second),
		RouterID: routerID,
	}
	if cfg.LocalASN <= 0xffff {
		o.ASN = uint16(cfg.LocalASN)
	}
	if !capabilities {
		return o
	}
	o.HasCapabilities = true
	o.Capabilities = wire.Capabilities{
		Families:     cfg.Families,
		RouteRefresh: true,
		FourOctetAS:  cfg.LocalASN,
	}
	if gr := cfg.GracefulRestart; gr != nil {
		c := &wire.GracefulRestart{Restarting: restart.restarting, RestartTime: uint16(gr.RestartTime / time.Second)}
		for _, f := range cfg.Families {
			c.Families = append(c.Families, wire.GracefulRestartFamily{Family: f, Forwarding: restart.forwarding})
		}
		o.Capabilities.GracefulRestart = c
	}
	return o
}

// negotiate compares the OPENs. The error is a *localError.
func negotiate(cfg *Peer, ours, theirs *wire.Open) (Negotiated, error) {
	if err := acceptable(cfg, ours, theirs); err != nil {
		return Negotiated{}, err
	}
	n := Negotiated{
		HoldTime:        time.Duration(min(ours.HoldTime, theirs.HoldTime)) * time.Second, // RFC 4271 §4.2: 0 on either side means none
		AS4:             ours.Capabilities.FourOctetAS != 0 && theirs.Capabilities.FourOctetAS != 0,
		RouteRefresh:    ours.Capabilities.RouteRefresh && theirs.Capabilities.RouteRefresh,
		ExtendedMessage: ours.Capabilities.ExtendedMessage && theirs.Capabilities.ExtendedMessage,
	}
	n.Keepalive = cfg.keepalive(n.HoldTime)
	ourFamilies, theirFamilies := offered(ours), offered(theirs)
	for _, f := range cfg.Families {
		if slices.Contains(ourFamilies, f) && slices.Contains(theirFamilies, f) {
			n.Families = append(n.Families, f)
		}
	}
	if gr := theirs.Capabilities.GracefulRestart; gr != nil && ours.Capabilities.GracefulRestart != nil {
		n.GracefulRestart = true
		n.PeerRestartTime = time.Duration(gr.RestartTime) * time.Second
	}
	return n, nil
}

// offered is what an OPEN offers: RFC 4760 §8, without the capability IPv4 unicast alone.
func offered(o *wire.Open) []wire.Family {
	if len(o.Capabilities.Families) == 0 {
		return []wire.Family{wire.IPv4Unicast}
	}
	return o.Capabilities.Families
}

// acceptable checks who the peer says it is (RFC 4271 §6.2).
func acceptable(cfg *Peer, ours, theirs *wire.Open) error {
	asn := theirs.PeerASN()
	badAS := func(expected string) error {
		return &localError{
			notification: wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenBadPeerAS},
			text:         fmt.Sprintf("peer is in AS %d, expected %s", asn, expected),
		}
	}
	switch {
	case cfg.PeerASN != 0 && asn != cfg.PeerASN:
		return badAS(fmt.Sprintf("AS %d", cfg.PeerASN))
	case cfg.PeerASN == 0 && cfg.PeerType == PeerTypeExternal && asn == cfg.LocalASN:
		return badAS(fmt.Sprintf("any but our own AS %d", cfg.LocalASN))
	case cfg.PeerASN == 0 && cfg.PeerType == PeerTypeInternal && asn != cfg.LocalASN:
		return badAS(fmt.Sprintf("our own AS %d", cfg.LocalASN))
	}
	// RFC 6286 §2.2: an internal peer must have another identifier than ours.
	if asn == cfg.LocalASN && theirs.RouterID == ours.RouterID {
		return &localError{
			notification: wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenBadIdentifier},
			text:         fmt.Sprintf("peer of our own AS has our BGP identifier %v", theirs.RouterID),
		}
	}
	return nil
}
