// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// OPEN: RFC 4271 §4.2 and §6.2.

package speaker

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

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
	o.Capabilities = cfg.capabilities(restart)
	return o
}

// acceptable checks the identity in the peer's OPEN (RFC 4271 §6.2, RFC 9234 §4.2).
func acceptable(cfg *Peer, ours, theirs *wire.Open) error {
	asn := theirs.PeerASN()
	// RFC 6793 §9: no AS has AS_TRANS: it stands in for an AS number that only the capability can carry.
	trans := asn == uint32(wire.ASTrans)
	badAS := func(expected string) error {
		return &localError{
			notification: wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenBadPeerAS},
			text:         fmt.Sprintf("peer is in AS %d, expected %s", asn, expected),
		}
	}
	switch {
	case trans:
		return &localError{
			notification: wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenBadPeerAS},
			text: fmt.Sprintf("My Autonomous System is AS_TRANS (%d) and there is no capability %v, expected %s",
				asn, wire.CapabilityFourOctetAS, expectedAS(cfg)),
		}
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
	return acceptableRole(cfg, theirs.Capabilities.Role)
}

// acceptableRole checks the peer's role against ours, if both sides have one.
func acceptableRole(cfg *Peer, theirs *wire.Role) error {
	ours := cfg.role()
	mismatch := func(format string, args ...any) error {
		return &localError{
			notification: wire.Notification{Code: wire.CodeOpen, Subcode: wire.OpenRoleMismatch},
			text:         fmt.Sprintf(format, args...),
		}
	}
	switch {
	case ours == nil:
		return nil
	case theirs == nil && cfg.Capabilities.RoleStrict:
		// RFC 9234 §4.2: in the strict mode a peer without the capability is refused.
		return mismatch("our role is %v, the peer tells none, and the role mode is strict", *ours)
	case theirs != nil && !ours.Matches(*theirs):
		return mismatch("our role is %v, which does not go with the peer's, %v", *ours, *theirs) // RFC 9234 §4.2, table 2
	}
	return nil
}
