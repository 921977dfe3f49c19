// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

func negotiated(n *speaker.Negotiated) *v1alpha1.NegotiatedSession {
	if n == nil {
		return nil
	}
	out := &v1alpha1.NegotiatedSession{
		HoldSeconds:      counter(int(n.HoldTime / time.Second)),
		KeepaliveSeconds: counter(int(n.Keepalive / time.Second)),
	}
	for _, family := range n.Families {
		named, ok := compile.FamilyName(family)
		if !ok {
			continue // the API server accepts no other value
		}
		out.Families = append(out.Families, named)
		if mode := addPathMode(n, family); mode != "" {
			out.AddPath = append(out.AddPath, v1alpha1.AddPath{AFI: named.AFI, SAFI: named.SAFI, Mode: mode})
		}
	}
	for _, capability := range []struct {
		name v1alpha1.Capability
		both bool
	}{
		{v1alpha1.CapabilityAddPath, len(n.AddPathSend)+len(n.AddPathReceive) > 0},
		{v1alpha1.CapabilityEnhancedRouteRefresh, n.EnhancedRefresh},
		{v1alpha1.CapabilityExtendedMessage, n.ExtendedMessage},
		{v1alpha1.CapabilityExtendedNextHop, len(n.ExtendedNextHop) > 0},
		{v1alpha1.CapabilityFourOctetASN, n.AS4},
		{v1alpha1.CapabilityGracefulRestart, n.GracefulRestart},
		{v1alpha1.CapabilityLinkLocalNextHop, n.LinkLocalNextHop},
		{v1alpha1.CapabilityLongLivedGracefulRestart, len(n.LongLived) > 0},
		// Families other than IPv4 unicast alone need the capability (RFC 4760 §8).
		{v1alpha1.CapabilityMultiprotocol, !slices.Equal(n.Families, []wire.Family{wire.IPv4Unicast})},
		{v1alpha1.CapabilityRole, n.Role != nil && n.PeerRole != nil},
		{v1alpha1.CapabilityRouteRefresh, n.RouteRefresh},
	} {
		if capability.both {
			out.Capabilities = append(out.Capabilities, capability.name)
		}
	}
	return out
}

// addPathMode says which way several paths for a prefix of the family may go; empty means neither way.
func addPathMode(n *speaker.Negotiated, family wire.Family) v1alpha1.AddPathMode {
	send, receive := slices.Contains(n.AddPathSend, family), slices.Contains(n.AddPathReceive, family)
	switch {
	case send && receive:
		return v1alpha1.AddPathBoth
	case send:
		return v1alpha1.AddPathSend
	case receive:
		return v1alpha1.AddPathReceive
	}
	return ""
}

// prefixes counts the prefixes that the neighbour has from us, and those that we keep from the neighbour.
func prefixes(s *speaker.PeerSnapshot) []v1alpha1.FamilyPrefixes {
	var list []v1alpha1.FamilyPrefixes
	for _, count := range s.Routes.Announced {
		if family, ok := compile.FamilyName(count.Family); ok {
			list = append(list, v1alpha1.FamilyPrefixes{Family: family, Announced: counter(count.Routes)})
		}
	}
	if s.Received != nil {
		for _, count := range s.Received.Families {
			family, ok := compile.FamilyName(count.Family)
			if !ok {
				continue
			}
			i := slices.IndexFunc(list, func(p v1alpha1.FamilyPrefixes) bool { return p.Family == family })
			if i < 0 {
				i, list = len(list), append(list, v1alpha1.FamilyPrefixes{Family: family})
			}
			list[i].Received = new(counter(count.Routes))
		}
	}
	slices.SortFunc(list, func(a, b v1alpha1.FamilyPrefixes) int {
		return cmp.Or(cmp.Compare(a.Family.AFI, b.Family.AFI), cmp.Compare(a.Family.SAFI, b.Family.SAFI))
	})
	return list
}

// announcements reports the announcements that were decided for the session, once they are written to its socket. It does not list
// one that the objects alone keep back: the roll-up reads the same objects, and comes to the same verdict. A brief status has no counts.
func announcements(report *rib.Report, brief bool) *v1alpha1.AnnouncementsStatus {
	decisions := compile.DecisionsOf(report.Token)
	if decisions == nil {
		return &v1alpha1.AnnouncementsStatus{}
	}
	out := &v1alpha1.AnnouncementsStatus{}
	if !brief {
		out.Sent, out.Digest = counter(decisions.Sent), Digest(&decisions.Sums)
	}
	truncated := map[string]int32{}
	for own := range keptBack(report.All(), decisions) {
		of := compile.AnnouncementOf(own.announcement)
		prefixes, _ := decisions.Prefixes(own.announcement)
		if !brief && prefixes > 0 && own.prefixes >= prefixes {
			out.Sent--
		}
		switch {
		case len(out.Withheld) < v1alpha1.MaxWithheld:
			out.Withheld = append(out.Withheld, v1alpha1.WithheldAnnouncement{
				Namespace: of.Ref.Namespace, Name: of.Ref.Name, Generation: of.Ref.Generation, Reason: own.reason,
				Sent: counter(max(0, prefixes-own.prefixes)), Winner: own.winnerOf(),
			})
		case brief:
			return out
		default:
			truncated[own.reason]++
		}
	}
	for reason, count := range truncated {
		out.Truncated = append(out.Truncated, v1alpha1.TruncatedReason{Reason: reason, Count: count})
	}
	slices.SortFunc(out.Truncated, func(a, b v1alpha1.TruncatedReason) int { return compile.CompareReasons(a.Reason, b.Reason) })
	return out
}

// part is the part of an announcement that the session itself keeps back.
type part struct {
	announcement *rib.Announcement
	reason       string
	prefixes     int
	// winner is the announcement that it lost to, where it did.
	winner string
}

// winnerOf is the winner if the part's reason is that conflict.
func (p part) winnerOf() string {
	if p.reason != v1alpha1.ReasonConflict {
		return ""
	}
	return p.winner
}

// keptBack yields the session's own reasons for each announcement that it is eligible for, the oldest first as they are listed. A family
// that is not negotiated is no reason if the peer does not have it configured.
func keptBack(list iter.Seq[rib.Withheld], decisions *compile.Decisions) iter.Seq[part] {
	return func(yield func(part) bool) {
		var of part
		for withheld := range list {
			if !decisions.Eligible(withheld.Announcement) {
				continue
			}
			prefixes := withheld.Prefixes
			if withheld.Reason == rib.ReasonFamilyNotNegotiated {
				_, foreign := decisions.Prefixes(withheld.Announcement)
				if prefixes -= foreign; prefixes <= 0 {
					continue
				}
			}
			// The reasons of an announcement stand together.
			if of.announcement != withheld.Announcement {
				if of.announcement != nil && !yield(of) {
					return
				}
				of = part{announcement: withheld.Announcement}
			}
			of.reason = compile.FirstReason(of.reason, compile.WithheldReason(withheld.Reason))
			of.prefixes += prefixes
			of.winner = cmp.Or(of.winner, withheld.Winner)
		}
		if of.announcement != nil {
			yield(of)
		}
	}
}
