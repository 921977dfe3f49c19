// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"github.com/herald-bgp/herald/speaker/rib"
)

// Judgement is what the objects alone say of what a session with a peer may be sent: the same that Compile decides on the node.
// It is immutable.
type Judgement struct {
	// kept are those of which a session may not be sent everything.
	kept map[*Announcement]Judged
	// binds: some limit was reached, or nearly so. Otherwise any choice of the announcements is judged alike.
	binds   bool
	settled map[*Announcement]*verdict
}

// Judged is what a session may be sent of one announcement.
type Judged struct {
	// Reason is why it is not everything, empty when it is.
	Reason string
	// Prefixes is how many it may be sent.
	Prefixes int
}

// Of is what a session may be sent of an announcement that was judged.
func (j *Judgement) Of(a *Announcement) Judged {
	if judged, ok := j.kept[a]; ok {
		return judged
	}
	return Judged{Prefixes: a.Prefixes}
}

// Binds reports whether it matters which announcements go out from the node of a session beside the one that is asked for.
func (j *Judgement) Binds() bool { return j.binds }

// Judge judges the announcements for a peer that selects chooses, which is nil for all. A judgement of the very same peer before,
// which may be nil, saves work.
func (c *Catalog) Judge(peer *Peer, selects func(*Announcement) bool, before *Judgement) *Judgement {
	var former map[*Announcement]*verdict
	if before != nil {
		former = before.settled
	}
	whole := func(a *Announcement, _ []rib.PrefixRange) *rib.Announcement { return a.whole }
	j := newJudge(c, peer, whole, former)
	kept := map[*Announcement]Judged{}
	for _, a := range c.granted(peer) {
		if selects != nil && !selects(a) {
			continue
		}
		v := j.decide(a)
		switch {
		case v.reason == "":
		case v.sent == nil:
			kept[a] = Judged{Reason: v.reason}
		default:
			kept[a] = Judged{Reason: v.reason, Prefixes: v.prefixes}
		}
	}
	return &Judgement{kept: kept, binds: j.binds, settled: j.settled}
}
