// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
)

// judge decides what one session is sent, announcement by announcement, the oldest first.
type judge struct {
	catalog *Catalog
	peer    *Peer
	// part is the announcement of some of the prefixes of another.
	part func(of *Announcement, kept []rib.PrefixRange) *rib.Announcement
	// tenants are the entries that cover each namespace met so far, sorted by name.
	tenants map[string][]*tenant
	// left and leftOf are what maxPrefixes still allows: of the session, and of each tenant entry.
	left   int
	leftOf map[*tenant]int
	// former are the verdicts of the judge before, and settled those of this one that the next may use.
	former, settled map[*Announcement]*verdict
	// binds: what is left of a limit mattered.
	binds bool
}

// newJudge returns one who may use the verdicts that the judge before had settled about the very same peer; nil for none.
func newJudge(
	catalog *Catalog, peer *Peer, part func(*Announcement, []rib.PrefixRange) *rib.Announcement, former map[*Announcement]*verdict,
) *judge {
	j := &judge{
		part:    part,
		catalog: catalog,
		peer:    peer,
		tenants: map[string][]*tenant{},
		left:    peer.grants.maxPrefixes,
		leftOf:  map[*tenant]int{},
		former:  former,
		settled: map[*Announcement]*verdict{},
	}
	for i := range peer.grants.tenants {
		entry := &peer.grants.tenants[i]
		j.leftOf[entry] = entry.maxPrefixes
	}
	return j
}

// verdict is what a session may be sent of an announcement, before maxPrefixes. It is immutable once it was returned.
type verdict struct {
	// sent is all of it or a part, nil for nothing.
	sent *rib.Announcement
	// prefixes is how many of them are of configured families, and foreign how many are not.
	prefixes, foreign int
	// reason is the first in the order of v1alpha1.WithheldReasons of those that keep back a prefix, empty for none.
	reason string
	// needs are what counts against each tenant entry, of those in tenants.
	needs   []need
	tenants []*tenant
	// settled: nothing depended on what is left of an entry's maxPrefixes, since no prefix had the choice between two.
	settled bool
}

// need is how many prefixes count against an entry.
type need struct {
	entry    *tenant
	prefixes int
}

func (v *verdict) needOf(entry *tenant) *need {
	i := slices.IndexFunc(v.needs, func(n need) bool { return n.entry == entry })
	if i < 0 {
		i, v.needs = len(v.needs), append(v.needs, need{entry: entry})
	}
	return &v.needs[i]
}

// decide judges an announcement. One that goes over maxPrefixes is withheld as a whole, and takes nothing of it.
func (j *judge) decide(a *Announcement) *verdict {
	if a.AdminDown {
		return &verdict{reason: v1alpha1.ReasonAdminDown}
	}
	v := j.permitWhole(a)
	if v == nil {
		tenants := j.tenantsOf(a.Ref.Namespace)
		if v = j.former[a]; v == nil || !slices.Equal(v.tenants, tenants) {
			v = j.consider(a, tenants)
		}
		if v.settled {
			j.settled[a] = v
		}
		j.binds = j.binds || !v.settled
	}
	if !j.take(v) {
		j.binds = true
		return &verdict{reason: v1alpha1.ReasonOverMaxPrefixes}
	}
	return v
}

// permitWhole is what consider would find where nothing needs a look at the prefixes, else nil.
func (j *judge) permitWhole(a *Announcement) *verdict {
	granted := &j.peer.grants
	if !j.catalog.owns(a.Ref.Namespace) || !granted.families.hasAll(a.families) || a.defaultRoute && !granted.defaultRoute {
		return nil
	}
	v := &verdict{sent: a.whole, prefixes: a.Prefixes}
	for _, f := range []families{ipv4Unicast, ipv6Unicast} {
		if !j.peer.families.has(f) {
			v.foreign += a.prefixesOf(f)
		}
	}
	v.prefixes -= v.foreign
	return v
}

// consider judges each prefix alone. A prefix of a family that the peer does not have configured is not for this session,
// which is no reason, and does not count; but it is kept: families change when a session is next opened, and one that still
// has the family is to keep its routes until then.
func (j *judge) consider(a *Announcement, tenants []*tenant) *verdict {
	v := &verdict{tenants: tenants, settled: true}
	var kept []rib.PrefixRange
	for r := range a.whole.Prefixes.All() {
		configured := j.peer.families.has(familyOf(r.Prefix))
		entry, reason := j.grant(a, r, v)
		switch {
		case reason != "" && configured:
			v.reason = FirstReason(v.reason, reason)
			continue
		case reason != "":
			continue
		}
		kept = append(kept, r)
		if !configured {
			v.foreign += count(r)
			continue
		}
		v.prefixes += count(r)
		if entry != nil {
			v.needOf(entry).prefixes += count(r)
		}
	}
	switch len(kept) {
	case 0:
	case a.whole.Prefixes.Len():
		v.sent = a.whole
	default:
		v.sent = j.part(a, kept)
	}
	return v
}

// grant finds the tenant entry that allows a prefix, nil in the operator's own namespace, or the reason why none does. Of
// several it is the first by name that has room left beside what the announcement needs of it already, else the first.
func (j *judge) grant(a *Announcement, r rib.PrefixRange, v *verdict) (found *tenant, reason string) {
	granted := &j.peer.grants
	if isDefaultRoute(r) && !granted.defaultRoute {
		return nil, v1alpha1.ReasonInfrastructureRefused
	}
	if !granted.families.has(familyOf(r.Prefix)) {
		return nil, v1alpha1.ReasonPrefixNotAllowed
	}
	if j.catalog.owns(a.Ref.Namespace) {
		return nil, ""
	}
	reason = v1alpha1.ReasonPrefixNotAllowed
	var choice *tenant // the first with room
	for _, entry := range v.tenants {
		switch {
		case !entry.coversPrefix(r):
			continue
		case !entry.attributes.allows(&a.whole.Attributes):
			reason = v1alpha1.ReasonAttributeNotAllowed
			continue
		case found == nil:
			found = entry
		default:
			v.settled = false
		}
		if choice == nil && v.needOf(entry).prefixes+count(r) <= j.leftOf[entry] {
			choice = entry
		}
	}
	if found == nil {
		return nil, reason
	}
	if choice != nil {
		found = choice
	}
	return found, ""
}

// take counts an announcement against maxPrefixes, whole or not at all.
func (j *judge) take(v *verdict) bool {
	if v.prefixes > j.left {
		return false
	}
	for _, n := range v.needs {
		if n.prefixes > j.leftOf[n.entry] {
			return false
		}
	}
	j.left -= v.prefixes
	for _, n := range v.needs {
		j.leftOf[n.entry] -= n.prefixes
	}
	return true
}

func (j *judge) tenantsOf(namespace string) []*tenant {
	entries, ok := j.tenants[namespace]
	if !ok {
		entries = j.catalog.tenants(j.peer, namespace)
		j.tenants[namespace] = entries
	}
	return entries
}
