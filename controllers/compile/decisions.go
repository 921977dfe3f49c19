// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"slices"

	"github.com/herald-bgp/herald/speaker/rib"
)

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
	// Of is the Announcement that was judged.
	Of *Announcement
	// Sent is what the session is sent of it, nil when all of it is withheld.
	Sent *rib.Announcement
	// Prefixes is how many prefixes of it are sent.
	Prefixes int32
	// Foreign is how many more there are of families that the peer does not have configured. They go only to a session
	// that was opened when it had: to others they are of a family that is not negotiated, which is no reason then.
	Foreign int32
	// Reason is why some or all of it is withheld, empty when nothing is.
	Reason string
}

func (d *Decisions) equal(other *Decisions) bool {
	return other != nil && d.Peer == other.Peer && slices.Equal(d.Announcements, other.Announcements)
}

// PeerOf is the BGPPeer that a revision stands for, which is what Compile puts into speaker.Peer.Revision: a snapshot speaks of
// that version, be there a newer one already or not.
func PeerOf(revision any) (peer PeerVersion, ok bool) {
	peer, ok = revision.(PeerVersion)
	return peer, ok
}

// DecisionsOf is the Decisions that a token holds, nil when it holds none.
func DecisionsOf(token any) *Decisions {
	decisions, _ := token.(*Decisions)
	return decisions
}
