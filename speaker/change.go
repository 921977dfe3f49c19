// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"slices"

	"github.com/herald-bgp/herald/speaker/transport"
)

// mustRestart reports whether the change from old to new is of class reset: nothing of the session can stay.
func mustRestart(old, new *Peer) bool {
	return old.Address != new.Address || old.LocalAddress != new.LocalAddress ||
		old.LocalASN != new.LocalASN || old.PeerASN != new.PeerASN || old.PeerType != new.PeerType
}

// deferredChanges are the parameters that a session runs on, that are others in a newer configuration, and that can only take
// effect when it reconnects.
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
	add(!equalPointers(running.GracefulRestart, newest.GracefulRestart), ParameterGracefulRestart)
	add(running.MultihopTTL != newest.MultihopTTL, ParameterMultihopTTL)
	add(running.TTLSecurityHops != newest.TTLSecurityHops, ParameterTTLSecurity)
	// A key that is missing leaves the live session as it is.
	add(running.Auth != newest.Auth && !newest.blocked(), ParameterAuthKey)
	return parameters
}

// outdates says why connections that were opened for the older configuration, and are not Established yet, must go; nil
// when they are what cfg asks for.
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
		return running.Auth.Method() == transport.AuthNone // what blocks is a key that is missing; a session that has one goes on
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
