// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import "slices"

// Decisions are what was decided for one session. They travel with the configuration as rib.Export.Token, and come back
// in the session's report once everything that was decided is written to its socket. They are immutable.
type Decisions struct {
	// Peer is the BGPPeer that they were made from.
	Peer Ref
	// Announcements holds every announcement that the session is eligible for, the oldest first.
	Announcements []Decision
}

// Decision is what one session is sent of one announcement.
type Decision struct {
	// Ref is the Announcement that was judged.
	Ref Ref
	// ID is that of the rib.Announcement that the session is sent, empty when all of it is withheld.
	ID string
	// Prefixes is how many prefixes of it are sent.
	Prefixes int
	// Foreign is how many more there are of families that the peer does not have configured. They go only to a session
	// that was opened when it had: to others they are of a family that is not negotiated, which is no reason then.
	Foreign int
	// Reason is why some or all of it is withheld, empty when nothing is.
	Reason string
}

func (d *Decisions) equal(other *Decisions) bool {
	return other != nil && d.Peer == other.Peer && slices.Equal(d.Announcements, other.Announcements)
}

// PeerOf is the BGPPeer that a revision stands for, which is what Compile puts into speaker.Peer.Revision: a snapshot speaks of
// that version, be there a newer one already or not.
func PeerOf(revision any) (peer Ref, ok bool) {
	peer, ok = revision.(Ref)
	return peer, ok
}

// DecisionsOf is the Decisions that a token holds, nil when it holds none.
func DecisionsOf(token any) *Decisions {
	decisions, _ := token.(*Decisions)
	return decisions
}
