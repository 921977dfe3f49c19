// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
)

// tenancy is what a peer grants the announcements of one namespace.
type tenancy struct {
	// own: the namespace is the operator's own, and needs no tenant entry.
	own bool
	// entries are the peer's tenant entries that cover the namespace, by their places among all of the peer's.
	entries []int
}

// granted reports whether announcements of the namespace may go to the peer at all.
func (t tenancy) granted() bool { return t.own || len(t.entries) > 0 }

func (t tenancy) equal(other tenancy) bool {
	return t.own == other.own && slices.Equal(t.entries, other.entries)
}

// tenancy is what a peer grants a namespace.
func (c *Catalog) tenancy(peer *Peer, namespace string) tenancy {
	if c.trustAll || namespace == c.operatorNamespace {
		return tenancy{own: true}
	}
	known := c.namespaces[namespace]
	var t tenancy
	for i := range peer.grants.tenants {
		if peer.grants.tenants[i].coversNamespace(known) {
			t.entries = append(t.entries, i)
		}
	}
	return t
}

// permit says what a session may be sent of an announcement before limits are applied.
type permit struct {
	// reason says why a prefix is withheld, empty where none is. Of several reasons it is the first in the order of
	// v1alpha1.WithheldReasons.
	reason string
	// extent says how much may be sent, and kept has the prefixes where only a part may.
	extent extent
	kept   []rib.PrefixRange
	// prefixes counts the prefixes that may be sent of the families that the peer has configured, and foreign those of other
	// families.
	prefixes, foreign int
	// needs say how many prefixes count against each tenant entry.
	needs []need
	// choice: more than one entry allows some prefix. Which of them it counts against depends on what is left of their limits.
	choice bool
}

// extent says how much of an announcement may be sent.
type extent uint8

const (
	nothing extent = iota
	aPart
	everyPrefix
)

// need says how many prefixes count against an entry.
type need struct{ entry, prefixes int }

func (p *permit) needOf(entry int) *need {
	i := slices.IndexFunc(p.needs, func(n need) bool { return n.entry == entry })
	if i < 0 {
		i, p.needs = len(p.needs), append(p.needs, need{entry: entry})
	}
	return &p.needs[i]
}

// sameNeeds reports whether both count alike against the limits of a session.
func (p *permit) sameNeeds(other *permit) bool {
	return p.prefixes == other.prefixes && !p.choice && !other.choice && slices.Equal(p.needs, other.needs)
}

// permit judges an announcement for sessions with the peer. left says what each of the peer's entries has left of its maxPrefixes;
// nil stands for no limits.
func (p *Peer) permit(a *Announcement, t tenancy, left []int) permit {
	switch {
	case a.Silence() != "":
		return permit{reason: a.Silence()}
	case t.own && p.grants.families.hasAll(a.families) && (!a.defaultRoute || p.grants.defaultRoute):
		return p.permitAll(a)
	}
	j := judgement{peer: p, of: a, tenancy: t, left: left}
	return j.judge()
}

// permitAll permits all prefixes. Those of a family that the peer does not have configured count as foreign.
func (p *Peer) permitAll(a *Announcement) permit {
	all := permit{extent: everyPrefix, prefixes: a.Prefixes}
	for _, known := range familyNames {
		if !p.families.has(known.family) {
			all.foreign += a.prefixesOf(known.family)
		}
	}
	all.prefixes -= all.foreign
	return all
}

// Silence is why an announcement is rightly sent nowhere, empty where it is to be sent.
func (a *Announcement) Silence() string {
	switch {
	case a.AdminDown:
		return v1alpha1.ReasonAdminDown
	case a.Expired:
		return v1alpha1.ReasonExpired
	}
	return ""
}

// IsSilence reports whether a reason is one that Silence returns: what has it lacks nothing.
func IsSilence(reason string) bool {
	return reason == v1alpha1.ReasonAdminDown || reason == v1alpha1.ReasonExpired
}

// judgement judges an announcement prefix by prefix.
type judgement struct {
	permit
	peer    *Peer
	of      *Announcement
	tenancy tenancy
	left    []int
	// mayAttributes says of each entry of the tenancy whether it allows the attributes.
	mayAttributes []bool
}

// judge judges each prefix by itself. A prefix of a family that the peer does not have configured counts as foreign, and has no
// reason for being withheld. It is kept all the same: a change of families takes effect when the session is opened next, and until
// then a session that has negotiated the family keeps its routes.
func (j *judgement) judge() permit {
	for _, entry := range j.tenancy.entries {
		j.mayAttributes = append(j.mayAttributes, j.peer.grants.tenants[entry].attributes.allows(&j.of.whole.Attributes))
	}
	kept := 0
	for r := range j.of.whole.Prefixes.All() {
		if j.count(r) {
			kept++
		}
	}
	switch kept {
	case 0:
		j.extent = nothing
	case j.of.whole.Prefixes.Len():
		j.extent = everyPrefix
	default:
		j.extent = aPart
		j.kept = make([]rib.PrefixRange, 0, kept)
		for r := range j.of.whole.Prefixes.All() {
			if _, reason := j.grant(r); reason == "" {
				j.kept = append(j.kept, r)
			}
		}
	}
	return j.permit
}

// count judges a prefix and counts it, and reports whether it is kept.
func (j *judgement) count(r rib.PrefixRange) bool {
	configured := j.peer.families.has(familyOf(r.Prefix))
	entry, reason := j.grant(r)
	switch {
	case reason != "":
		if configured {
			j.reason = FirstReason(j.reason, reason)
		}
		return false
	case !configured:
		j.foreign += count(r)
		return true
	}
	j.prefixes += count(r)
	if entry >= 0 {
		j.needOf(entry).prefixes += count(r)
	}
	return true
}

// noEntry stands for the entry of a prefix that needs none.
const noEntry = -1

// grant finds the tenant entry that allows a prefix, or the reason why none does; the operator's own namespace needs no entry. Of
// several entries it finds the first by name that has room left for the prefix beside what the announcement needs already, and the
// first of all where none has.
func (j *judgement) grant(r rib.PrefixRange) (found int, reason string) {
	granted := &j.peer.grants
	switch {
	case isDefaultRoute(r) && !granted.defaultRoute:
		return noEntry, v1alpha1.ReasonInfrastructureRefused
	case !granted.families.has(familyOf(r.Prefix)):
		return noEntry, v1alpha1.ReasonPrefixNotAllowed
	case j.tenancy.own:
		return noEntry, ""
	}
	found, reason = noEntry, v1alpha1.ReasonPrefixNotAllowed
	withRoom := noEntry
	for i, entry := range j.tenancy.entries {
		switch {
		case !granted.tenants[entry].coversPrefix(r):
			continue
		case !j.mayAttributes[i]:
			reason = v1alpha1.ReasonAttributeNotAllowed
			continue
		case found == noEntry:
			found = entry
		default:
			j.choice = true
		}
		if withRoom == noEntry && j.hasRoom(entry, count(r)) {
			withRoom = entry
		}
	}
	switch {
	case found == noEntry:
		return noEntry, reason
	case withRoom != noEntry:
		return withRoom, ""
	}
	return found, ""
}

// hasRoom reports whether an entry has room for so many prefixes beside what the announcement needs of it already.
func (j *judgement) hasRoom(entry, prefixes int) bool {
	return j.left == nil || j.needOf(entry).prefixes+prefixes <= j.left[entry]
}
