// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import "github.com/herald-bgp/herald/speaker/rib"

// Decisions are what was decided for one session. They travel with the configuration as rib.Export.Token, and come back
// in the session's report once everything that was decided is written to its socket. They are immutable.
type Decisions struct {
	// Peer is the BGPPeer that they were made from.
	Peer Ref
	// Sums are those of the announcements that the session is eligible for.
	Sums Sums
	// Sent is how many of them the session is sent some prefix of, but for what it keeps back by itself.
	Sent int

	families families // that the peer has configured
}

// Eligible reports whether the session is eligible for the announcement that it is sent all or a part of.
func (d *Decisions) Eligible(sent *rib.Announcement) bool {
	of := AnnouncementOf(sent)
	return of != nil && of.families.has(d.families)
}

// Prefixes is how many prefixes of what a session is sent of an announcement are of families that its peer has configured, and how many
// are of others. Those go only to a session that was opened when the peer had them: to others they are of a family that is not
// negotiated, which is no reason then.
func (d *Decisions) Prefixes(sent *rib.Announcement) (configured, foreign int) {
	for r := range sent.Prefixes.All() {
		if d.families.has(familyOf(r.Prefix)) {
			configured += count(r)
		} else {
			foreign += count(r)
		}
	}
	return configured, foreign
}

// PeerOf is the BGPPeer that a revision stands for, which is what a Compiler puts into speaker.Peer.Revision: a snapshot speaks of
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

// AnnouncementOf is the Announcement that a session is sent all or a part of, nil where that is not known.
func AnnouncementOf(sent *rib.Announcement) *Announcement {
	of, _ := sent.Note.(*Announcement)
	return of
}
