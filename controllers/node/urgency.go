// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
)

// urgency says how soon people want to see what a status says anew.
type urgency uint8

const (
	// ofCounts is for what only counts: it waits for its turn among all sessions of the node.
	ofCounts urgency = iota
	// ofExceptions is for an announcement that the session now keeps back. It goes at once, unless a session has many of them: then they
	// go with the counts. They have a pace of their own, so that they never hold up the state.
	ofExceptions
	// ofState is for how the session stands. It goes at once, unless it changes again and again.
	ofState
)

// urgencyOf says how urgent the difference between two statuses is, as far as a brief status shows it.
func urgencyOf(have, want v1alpha1.BGPSessionStatus) urgency {
	switch {
	case !kube.SameStatus(have.Conditions, want.Conditions) ||
		!kube.SameStatus(have.Peer, want.Peer) ||
		!kube.SameStatus(have.LastError, want.LastError) ||
		(have.State == v1alpha1.SessionEstablished) != (want.State == v1alpha1.SessionEstablished) ||
		!have.Since.Equal(want.Since):
		return ofState
	case moreWithheld(have.Announcements, want.Announcements):
		return ofExceptions
	}
	return ofCounts
}

// moreWithheld reports whether want lists an announcement with a reason that have does not list.
func moreWithheld(have, want *v1alpha1.AnnouncementsStatus) bool {
	if want == nil {
		return false
	}
	type exception struct{ namespace, name, reason string }
	known := map[exception]bool{}
	if have != nil {
		for i := range have.Withheld {
			w := &have.Withheld[i]
			known[exception{w.Namespace, w.Name, w.Reason}] = true
		}
	}
	return slices.ContainsFunc(want.Withheld, func(w v1alpha1.WithheldAnnouncement) bool {
		return !known[exception{w.Namespace, w.Name, w.Reason}]
	})
}
