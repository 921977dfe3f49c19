// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"cmp"
	"net/netip"
)

// SessionID identifies a session across configurations and in snapshots. What people configure as one peer may be several
// sessions, one for each neighbour.
type SessionID struct {
	// Peer is the name of the configured peer.
	Peer string
	// Remote is the neighbour's address.
	Remote netip.Addr
	// VRF is the routing table that the session is in, empty for the main one.
	VRF string
}

// ID is that of the peer's session.
func (p *Peer) ID() SessionID { return SessionID{Peer: p.Name, Remote: p.Address.Addr()} }

// String names a session in one word.
func (id SessionID) String() string {
	text := id.Peer + "/" + id.Remote.String()
	if id.VRF != "" {
		text += "/" + id.VRF
	}
	return text
}

// Compare orders sessions by the names of their peers, by address and by VRF.
func (id SessionID) Compare(other SessionID) int {
	return cmp.Or(cmp.Compare(id.Peer, other.Peer), id.Remote.Compare(other.Remote), cmp.Compare(id.VRF, other.VRF))
}
