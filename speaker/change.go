// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import "slices"

// mustRestart reports whether the change from old to new is of class reset: nothing of the session can stay.
func mustRestart(old, new *Peer) bool {
	return old.Address != new.Address || old.LocalAddress != new.LocalAddress ||
		old.LocalASN != new.LocalASN || old.PeerASN != new.PeerASN || old.PeerType != new.PeerType ||
		(old.MD5Key == "") != (new.MD5Key == "") && !old.idle() && !new.idle()
}

// deferredChanges names what differs between the configuration that a session runs on and a newer one and can only take
// effect when it reconnects.
func deferredChanges(running, newest *Peer) []string {
	var fields []string
	add := func(changed bool, field string) {
		if changed {
			fields = append(fields, field)
		}
	}
	add(running.hold() != newest.hold(), "timers.holdSeconds")
	add(!slices.Equal(running.Families, newest.Families), "families")
	add(!equalGracefulRestart(running.GracefulRestart, newest.GracefulRestart), "gracefulRestart")
	add(running.ttl() != newest.ttl(), "transport.multihopTTL")
	// A key that is missing leaves the live session as it is.
	add(running.MD5Key != newest.MD5Key && newest.Blocked == "", "authentication.tcpMD5")
	return fields
}

func equalGracefulRestart(a, b *GracefulRestart) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// replaces reports whether connections that were opened for the older configuration are not those that cfg asks for.
func (cfg *peerConfig) replaces(older *peerConfig) bool {
	return cfg.ConnectMode != older.ConnectMode || cfg.connectRetry() != older.connectRetry() ||
		len(deferredChanges(&older.Peer, &cfg.Peer)) > 0
}

// forbids reports whether the newest configuration rules out a session that was dialled or accepted.
func (p *Peer) forbids(dialled bool) bool {
	if dialled {
		return !p.dials()
	}
	return !p.accepts()
}
