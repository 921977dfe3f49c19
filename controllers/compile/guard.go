// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// guardOf reads spec.allowedAnnouncements once more, for the last look before the encoder. It shares no code with what
// decides what a session is sent, so that a defect of one is caught by the other: keep it so. The spec is valid.
func (c *Catalog) guardOf(peer *Peer) *rib.Guard {
	spec := peer.allowed
	if spec == nil {
		spec = &v1alpha1.AllowedAnnouncements{}
	}
	guard := &rib.Guard{
		Families:    []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
		MaxPrefixes: 10_000,
		Counted:     peer.session.Families,
		TrustAll:    c.trustAll,
		Trusted:     []string{c.operatorNamespace},
		Grants:      map[string][]rib.Grant{},
	}
	if len(spec.Families) > 0 {
		guard.Families = nil
		for _, f := range spec.Families {
			switch f { // both AFI and SAFI are: any other family is granted nothing
			case v1alpha1.Family{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}:
				guard.Families = append(guard.Families, wire.IPv4Unicast)
			case v1alpha1.Family{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}:
				guard.Families = append(guard.Families, wire.IPv6Unicast)
			}
		}
	}
	if spec.MaxPrefixes != nil {
		guard.MaxPrefixes = int(*spec.MaxPrefixes)
	}
	guard.DefaultRoute = slices.Contains(spec.Infrastructure, v1alpha1.InfrastructureDefaultRoute)
	if c.trustAll {
		return guard
	}
	for owner := range c.owners {
		for i := range spec.Tenants {
			if tenant := &spec.Tenants[i]; c.tenantHas(tenant, owner) {
				guard.Grants[owner] = append(guard.Grants[owner], grantsOfTenant(tenant)...)
			}
		}
	}
	return guard
}

// tenantHas reports whether a namespace is among those of an entry.
func (c *Catalog) tenantHas(tenant *v1alpha1.Tenant, owner string) bool {
	if tenant.Namespaces.From == v1alpha1.NamespacesFromAll {
		return true
	}
	known, ok := c.namespaces[owner]
	selector, err := tenant.Namespaces.Selector.Selector()
	return ok && err == nil && selector.Matches(labels.Set(known))
}

func grantsOfTenant(tenant *v1alpha1.Tenant) []rib.Grant {
	var may rib.Grant
	if a := tenant.Attributes; a != nil {
		may.NextHop = a.NextHop != nil && *a.NextHop == v1alpha1.NextHopAny
		allow := func(g *v1alpha1.Grant) bool { return g != nil && *g == v1alpha1.GrantAllow }
		may.ASPath, may.LocalPref, may.Raw = allow(a.ASPath), allow(a.LocalPref), allow(a.Raw)
	}
	var list []rib.Grant
	for _, p := range tenant.Prefixes {
		prefix, err := netip.ParsePrefix(p.CIDR)
		if err != nil {
			continue
		}
		grant := may
		grant.Prefix, grant.MaxLength = prefix, prefix.Bits()
		if p.MaxLength != nil {
			grant.MaxLength = int(*p.MaxLength)
		}
		list = append(list, grant)
	}
	return list
}
