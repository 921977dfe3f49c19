// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
)

// judge decides what one session is sent, announcement by announcement, the oldest first.
type judge struct {
	catalog *Catalog
	peer    *Peer
	// tenants are the entries that cover each namespace met so far, sorted by name.
	tenants map[string][]*tenant
	// left and leftOf are what maxPrefixes still allows: of the session, and of each tenant entry.
	left   int
	leftOf map[*tenant]int
}

func newJudge(catalog *Catalog, peer *Peer) *judge {
	j := &judge{
		catalog: catalog,
		peer:    peer,
		tenants: map[string][]*tenant{},
		left:    peer.grants.maxPrefixes,
		leftOf:  map[*tenant]int{},
	}
	for i := range peer.grants.tenants {
		entry := &peer.grants.tenants[i]
		j.leftOf[entry] = entry.maxPrefixes
	}
	return j
}

// verdict is what a session may be sent of an announcement.
type verdict struct {
	kept []rib.PrefixRange
	// prefixes is how many of them are of configured families, and foreign how many are not.
	prefixes, foreign int
	// reason is the first in the order of v1alpha1.WithheldReasons of those that keep back a prefix, empty for none.
	reason string
}

// decide judges each prefix alone. A prefix of a family that the peer does not have configured is not for this session,
// which is no reason, and does not count; but it is kept: families change when a session is next opened, and one that still
// has the family is to keep its routes until then.
func (j *judge) decide(a *Announcement) verdict {
	tenants := j.tenantsOf(a.Ref.Namespace)
	needs := map[*tenant]int{}
	var v verdict
	for r := range a.whole.Prefixes.All() {
		configured := j.peer.families.has(familyOf(r.Prefix))
		entry, reason := j.grant(a, r, tenants, needs)
		switch {
		case reason != "" && configured:
			v.reason = FirstReason(v.reason, reason)
			continue
		case reason != "":
			continue
		}
		v.kept = append(v.kept, r)
		if !configured {
			v.foreign += count(r)
			continue
		}
		v.prefixes += count(r)
		if entry != nil {
			needs[entry] += count(r)
		}
	}
	if !j.take(v.prefixes, needs) {
		return verdict{reason: v1alpha1.ReasonOverMaxPrefixes}
	}
	return v
}

// grant finds the tenant entry that allows a prefix, nil in the operator's own namespace, or the reason why none does. Of
// several it is the first by name that has room left beside what the announcement needs of it already, else the first.
func (j *judge) grant(
	a *Announcement, r rib.PrefixRange, tenants []*tenant, needs map[*tenant]int,
) (found *tenant, reason string) {
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
	for _, entry := range tenants {
		if !entry.coversPrefix(r) {
			continue
		}
		if !entry.attributes.allows(&a.whole.Attributes) {
			reason = v1alpha1.ReasonAttributeNotAllowed
			continue
		}
		if needs[entry]+count(r) <= j.leftOf[entry] {
			return entry, ""
		}
		if found == nil {
			found = entry
		}
	}
	if found != nil {
		return found, ""
	}
	return nil, reason
}

// take counts an announcement against maxPrefixes, whole or not at all.
func (j *judge) take(total int, needs map[*tenant]int) bool {
	if total > j.left {
		return false
	}
	for entry, n := range needs {
		if n > j.leftOf[entry] {
			return false
		}
	}
	j.left -= total
	for entry, n := range needs {
		j.leftOf[entry] -= n
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
