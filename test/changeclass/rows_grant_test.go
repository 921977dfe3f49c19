// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package changeclass_test

import (
	"github.com/herald-bgp/herald/api/v1alpha1"
)

// grantRows edit the grants of a BGPPeer. A prefix that no grant covers any more is withdrawn at once.
func grantRows() []row {
	const of = "BGPPeer spec.allowedAnnouncements."
	allowed := func(change func(*v1alpha1.AllowedAnnouncements)) func(*objects) {
		return ofPeer(func(s *v1alpha1.BGPPeerSpec) { change(s.AllowedAnnouncements) })
	}
	entry := func(change func(*v1alpha1.Tenant)) func(*objects) {
		return allowed(func(a *v1alpha1.AllowedAnnouncements) { change(&a.Tenants[0]) })
	}
	list := []row{
		{
			field: of + "maxPrefixes", class: inPlace, withdrawn: []string{tenant4},
			edit: allowed(func(a *v1alpha1.AllowedAnnouncements) { a.MaxPrefixes = new(int32(4)) }), // the canary's two, and two more
		},
		{
			field: of + "families", class: inPlace, withdrawn: []string{net4, tenant4},
			edit: allowed(func(a *v1alpha1.AllowedAnnouncements) {
				a.Families = []v1alpha1.Family{{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}}
			}),
		},
		{
			field: of + "infrastructure", class: inPlace, announced: []string{"0.0.0.0/0"},
			given: ofNet(func(s *v1alpha1.AnnouncementSpec) { s.Prefixes = append(s.Prefixes, "0.0.0.0/0") }),
			edit: allowed(func(a *v1alpha1.AllowedAnnouncements) {
				a.Infrastructure = []v1alpha1.Infrastructure{v1alpha1.InfrastructureDefaultRoute}
			}),
		},
		{
			field: of + "tenants", class: inPlace, withdrawn: []string{tenant4},
			edit: allowed(func(a *v1alpha1.AllowedAnnouncements) { a.Tenants = nil }),
		},
		{field: of + "tenants[].name", class: inPlace, edit: entry(func(e *v1alpha1.Tenant) { e.Name = "shop" })},
		{
			field: of + "tenants[].namespaces.from", class: inPlace,
			edit: entry(func(e *v1alpha1.Tenant) {
				e.Namespaces = v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromAll}
			}),
		},
		{
			field: of + "tenants[].namespaces.selector", class: inPlace, withdrawn: []string{tenant4},
			edit: entry(func(e *v1alpha1.Tenant) {
				e.Namespaces.Selector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"team": "db"}}
			}),
		},
		{
			field: of + "tenants[].prefixes[].cidr", class: inPlace, withdrawn: []string{tenant4},
			edit: entry(func(e *v1alpha1.Tenant) { e.Prefixes[0].CIDR = "192.0.2.0/24" }),
		},
		{
			field: of + "tenants[].prefixes[].maxLength", class: inPlace, withdrawn: []string{tenant4},
			edit: entry(func(e *v1alpha1.Tenant) { e.Prefixes[0].MaxLength = nil }),
		},
		{
			field: of + "tenants[].maxPrefixes", class: inPlace, withdrawn: []string{tenant4},
			edit: entry(func(e *v1alpha1.Tenant) { e.MaxPrefixes = new(int32(0)) }),
		},
	}
	for _, attribute := range []struct {
		field string
		uses  v1alpha1.PathAttributes
		grant func(*v1alpha1.TenantAttributes)
	}{
		{"nextHop", v1alpha1.PathAttributes{NextHop: &v1alpha1.NextHop{IPv4: new("192.0.2.77")}}, func(a *v1alpha1.TenantAttributes) {
			a.NextHop = new(v1alpha1.NextHopAny)
		}},
		{"asPath", v1alpha1.PathAttributes{ASPath: []int64{64999}}, func(a *v1alpha1.TenantAttributes) { a.ASPath = new(v1alpha1.GrantAllow) }},
		{"localPref", v1alpha1.PathAttributes{LocalPref: new(int64(1))}, func(a *v1alpha1.TenantAttributes) { a.LocalPref = new(v1alpha1.GrantAllow) }},
		{"raw", v1alpha1.PathAttributes{ExtendedCommunities: []string{"rt:64512:1"}}, func(a *v1alpha1.TenantAttributes) {
			a.Raw = new(v1alpha1.GrantAllow)
		}},
		{"communities", v1alpha1.PathAttributes{Communities: []string{"BLACKHOLE"}}, func(a *v1alpha1.TenantAttributes) {
			a.Communities = []string{"BLACKHOLE"}
		}},
	} {
		list = append(list, row{
			field: of + "tenants[].attributes." + attribute.field, class: inPlace, announced: []string{tenant4},
			given: func(o *objects) { o.tenant.Spec.Attributes = attribute.uses.DeepCopy() },
			edit:  entry(func(e *v1alpha1.Tenant) { attribute.grant(e.Attributes) }),
		})
	}
	return list
}
