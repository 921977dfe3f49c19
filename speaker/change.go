// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/internal/optional"
	"github.com/herald-bgp/herald/speaker/transport"
)

// leaves reports whether no session comes back between the addresses of the present one. RFC 8538 §5.1: then the neighbour is told an
// end for good, or it would keep the routes for our restart time. local is our address in the live session, the zero Addr if there is
// none; where the system is to choose the next one, the next one counts as the same.
func leaves(old, new *Peer, local netip.Addr) bool {
	local = cmp.Or(old.LocalAddress, local)
	return old.Address.Addr() != new.Address.Addr() ||
		local.IsValid() && new.LocalAddress.IsValid() && local != new.LocalAddress
}

// mustRestart reports whether the change from old to new is of class reset: the session must end.
func mustRestart(old, new *Peer) bool {
	return old.Address != new.Address || old.LocalAddress != new.LocalAddress ||
		old.LocalASN != new.LocalASN || old.PeerASN != new.PeerASN || old.PeerType != new.PeerType
}

// deferredChanges are the parameters that differ between a session and a newer configuration and that can only take effect when
// the session reconnects.
func deferredChanges(running, newest *Peer) []Parameter {
	var parameters []Parameter
	add := func(changed bool, p Parameter) {
		if changed {
			parameters = append(parameters, p)
		}
	}
	add(running.hold() != newest.hold(), ParameterHoldTime)
	add(!slices.Equal(running.Families, newest.Families), ParameterFamilies)
	add(!running.Capabilities.Equal(&newest.Capabilities), ParameterCapabilities)
	add(!optional.Equal(running.GracefulRestart, newest.GracefulRestart), ParameterGracefulRestart)
	add(running.MultihopTTL != newest.MultihopTTL, ParameterMultihopTTL)
	add(running.TTLSecurityHops != newest.TTLSecurityHops, ParameterTTLSecurity)
	// A missing key leaves the live session as it is.
	add(running.Auth != newest.Auth && !newest.blocked(), ParameterAuthKey)
	return parameters
}

// outdates says why connections that were opened for the older configuration, and are not Established yet, must be closed; nil
// if cfg allows them.
func (cfg *peerConfig) outdates(older *peerConfig) error {
	switch {
	case cfg.AdminDown:
		return &adminDownError{text: cfg.DownText}
	case cfg.blocked() || cfg.Auth != older.Auth:
		return errRekeyed
	case cfg.ConnectMode != older.ConnectMode || cfg.accepts() != older.accepts() || len(deferredChanges(&older.Peer, &cfg.Peer)) > 0:
		return errReconfigured
	}
	return nil
}

// restarts reports whether the newest configuration rules out a session that was opened with running, beyond what
// mustRestart sees by comparing with the configuration before it: authentication came or went while the peer was blocked.
func (cfg *peerConfig) restarts(running *peerConfig) bool {
	if cfg.blocked() {
		// A session that has a key goes on without one. What becomes of a session without authentication is known once the key is.
		return running.Auth.Method() == transport.AuthNone && cfg.Blocked.Reason != BlockedKeyUnread
	}
	return cfg.Auth.Method() != running.Auth.Method()
}

// forbids reports whether the newest configuration rules out a session that was dialled or accepted.
func (cfg *peerConfig) forbids(dialled bool) bool {
	if dialled {
		return !cfg.dials()
	}
	return !cfg.accepts()
}
