// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// webTenant lets namespaces of the team web announce parts of 203.0.113.0/24 up to /28.
func webTenant(change ...func(*v1alpha1.Tenant)) v1alpha1.Tenant {
	entry := v1alpha1.Tenant{
		Name: "web",
		Namespaces: v1alpha1.TenantNamespaces{
			From:     v1alpha1.NamespacesFromSelector,
			Selector: &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"team": "web"}},
		},
		Prefixes: []v1alpha1.TenantPrefix{{CIDR: "203.0.113.0/24", MaxLength: new(int32(28))}},
	}
	for _, f := range change {
		f(&entry)
	}
	return entry
}

func allow(entries ...v1alpha1.Tenant) *v1alpha1.AllowedAnnouncements {
	return &v1alpha1.AllowedAnnouncements{Tenants: entries}
}

func TestGrants(t *testing.T) {
	all := func(entry *v1alpha1.Tenant) {
		entry.Namespaces = v1alpha1.TenantNamespaces{From: v1alpha1.NamespacesFromAll}
	}
	tests := []struct {
		name      string
		namespace string
		prefixes  []string
		split     *int32
		allowed   *v1alpha1.AllowedAnnouncements
		input     func(*given)
		routes    []string // prefixes that are sent
		verdict   string   // empty: not eligible
	}{
		{name: "the operator's own needs no tenant", namespace: "platform", prefixes: []string{"10.0.0.0/8"}, routes: []string{"10.0.0.0/8"}, verdict: "ok"},
		{name: "another needs one", namespace: "shop", prefixes: []string{"203.0.113.0/24"}},
		{
			name: "everybody is trusted in standalone", namespace: "shop", prefixes: []string{"203.0.113.0/24"},
			input: func(in *given) { in.TrustAll = true }, routes: []string{"203.0.113.0/24"}, verdict: "ok",
		},
		{name: "a tenant", namespace: "shop", prefixes: []string{"203.0.113.0/24"}, allowed: allow(webTenant()), routes: []string{"203.0.113.0/24"}, verdict: "ok"},
		{name: "a namespace that no entry covers", namespace: "other", prefixes: []string{"203.0.113.0/24"}, allowed: allow(webTenant()),
			input: func(in *given) { in.Namespaces["other"] = map[string]string{"team": "db"} }},
		{name: "a namespace that is not known", namespace: "ghost", prefixes: []string{"203.0.113.0/24"}, allowed: allow(webTenant(func(e *v1alpha1.Tenant) {
			e.Namespaces.Selector = &v1alpha1.LabelSelector{}
		}))},
		{
			name: "a namespace without labels", namespace: "bare", prefixes: []string{"203.0.113.0/24"},
			allowed: allow(webTenant(func(e *v1alpha1.Tenant) { e.Namespaces.Selector = &v1alpha1.LabelSelector{} })),
			input:   func(in *given) { in.Namespaces["bare"] = nil }, routes: []string{"203.0.113.0/24"}, verdict: "ok",
		},
		{name: "from All", namespace: "ghost", prefixes: []string{"203.0.113.0/28"}, allowed: allow(webTenant(all)), routes: []string{"203.0.113.0/28"}, verdict: "ok"},
		{name: "up to maxLength", namespace: "shop", prefixes: []string{"203.0.113.16/28"}, allowed: allow(webTenant()), routes: []string{"203.0.113.16/28"}, verdict: "ok"},
		{name: "longer than maxLength", namespace: "shop", prefixes: []string{"203.0.113.16/29"}, allowed: allow(webTenant()), verdict: v1alpha1.ReasonPrefixNotAllowed},
		{
			name: "maxLength omitted is the CIDR's own length", namespace: "shop", prefixes: []string{"203.0.113.0/25"},
			allowed: allow(webTenant(func(e *v1alpha1.Tenant) { e.Prefixes[0].MaxLength = nil })), verdict: v1alpha1.ReasonPrefixNotAllowed,
		},
		{name: "the subnets count", namespace: "shop", prefixes: []string{"203.0.113.0/24"}, split: new(int32(32)), allowed: allow(webTenant()), verdict: v1alpha1.ReasonPrefixNotAllowed},
		{name: "subnets within maxLength", namespace: "shop", prefixes: []string{"203.0.113.0/24"}, split: new(int32(28)), allowed: allow(webTenant()), routes: []string{"203.0.113.0/24→/28"}, verdict: "ok"},
		{name: "wider than the grant", namespace: "shop", prefixes: []string{"203.0.112.0/23"}, allowed: allow(webTenant()), verdict: v1alpha1.ReasonPrefixNotAllowed},
		{
			name: "each prefix alone", namespace: "shop", prefixes: []string{"198.51.100.0/24", "203.0.113.0/24"},
			allowed: allow(webTenant()), routes: []string{"203.0.113.0/24"}, verdict: v1alpha1.ReasonPrefixNotAllowed,
		},
		{
			name: "a prefix of a family that is not allowed", namespace: "platform", prefixes: []string{"203.0.113.0/24", "2001:db8::/48"},
			allowed: &v1alpha1.AllowedAnnouncements{Families: []v1alpha1.Family{family4()}},
			routes:  []string{"203.0.113.0/24"}, verdict: v1alpha1.ReasonPrefixNotAllowed,
		},
		{
			name: "a prefix of a family that is not configured is not for the session", namespace: "platform",
			prefixes: []string{"203.0.113.0/24", "2001:db8::/48"},
			input:    func(in *given) { in.Peers[0].Spec.Families = []v1alpha1.Family{family4()} },
			routes:   []string{"203.0.113.0/24", "2001:db8::/48"}, verdict: "ok", // kept for a session that still has it
		},
		{
			name: "no prefix of a configured family", namespace: "platform", prefixes: []string{"2001:db8::/48"},
			input:  func(in *given) { in.Peers[0].Spec.Families = []v1alpha1.Family{family4()} },
			routes: []string{"2001:db8::/48"},
		},
		{
			name: "a default route", namespace: "platform", prefixes: []string{"0.0.0.0/0", "203.0.113.0/24", "::/0"},
			routes: []string{"203.0.113.0/24"}, verdict: v1alpha1.ReasonInfrastructureRefused,
		},
		{
			name: "halves of a default route", namespace: "platform",
			prefixes: []string{"0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "2000::/3", "fd00::/8"},
			routes:   []string{"10.0.0.0/8", "fd00::/8"}, verdict: v1alpha1.ReasonInfrastructureRefused,
		},
		{
			name: "subnets of a default route", namespace: "platform", prefixes: []string{"128.0.0.0/2", "10.0.0.0/8"}, split: new(int32(10)),
			routes: []string{"10.0.0.0/8→/10"}, verdict: v1alpha1.ReasonInfrastructureRefused,
		},
		{
			name: "halves of a default route that is listed", namespace: "platform", prefixes: []string{"0.0.0.0/1", "128.0.0.0/1"},
			allowed: &v1alpha1.AllowedAnnouncements{Infrastructure: []v1alpha1.Infrastructure{v1alpha1.InfrastructureDefaultRoute}},
			routes:  []string{"0.0.0.0/1", "128.0.0.0/1"}, verdict: "ok",
		},
		{
			name: "a default route that is listed", namespace: "platform", prefixes: []string{"0.0.0.0/0"},
			allowed: &v1alpha1.AllowedAnnouncements{Infrastructure: []v1alpha1.Infrastructure{v1alpha1.InfrastructureDefaultRoute}},
			routes:  []string{"0.0.0.0/0"}, verdict: "ok",
		},
		{
			name: "a tenant's default route is refused whatever the grant", namespace: "shop", prefixes: []string{"0.0.0.0/0"},
			allowed: allow(webTenant(func(e *v1alpha1.Tenant) { e.Prefixes[0] = v1alpha1.TenantPrefix{CIDR: "0.0.0.0/0"} })),
			verdict: v1alpha1.ReasonInfrastructureRefused,
		},
		{
			name: "the first reason in the documented order", namespace: "shop", prefixes: []string{"0.0.0.0/0", "198.51.100.0/24"},
			allowed: allow(webTenant()), verdict: v1alpha1.ReasonInfrastructureRefused,
		},
		{
			name: "a second entry", namespace: "shop", prefixes: []string{"198.51.100.0/24"},
			allowed: allow(webTenant(), webTenant(func(e *v1alpha1.Tenant) { e.Name, e.Prefixes[0].CIDR = "more", "198.51.100.0/24" })),
			routes:  []string{"198.51.100.0/24"}, verdict: "ok",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := compileGiven(input(func(in *given) {
				in.Peers[0].Spec.AllowedAnnouncements = test.allowed
				a := announcement(test.namespace, "net", 0, test.prefixes)
				if test.split != nil {
					a.Spec.Deaggregate = &v1alpha1.Deaggregate{IPv4: test.split}
				}
				in.Announcements = []v1alpha1.Announcement{a}
				if test.input != nil {
					test.input(in)
				}
			}))
			name := test.namespace + "/net "
			var want []string
			for _, prefix := range test.routes {
				want = append(want, name+prefix)
			}
			got := sessionPeer(t, out)
			wantStrings(t, "routes", routes(got), want...)
			if test.verdict == "" {
				wantStrings(t, "verdicts", verdicts(got))
				return
			}
			wantStrings(t, "verdicts", verdicts(got), name+test.verdict)
		})
	}
}

func TestAttributeGrants(t *testing.T) {
	type attributes = v1alpha1.PathAttributes
	type grant = v1alpha1.TenantAttributes
	communities := func(list ...string) attributes { return attributes{Communities: list} }
	only := func(patterns ...string) *grant { return &grant{Communities: patterns} }
	tests := []struct {
		name    string
		uses    attributes
		grant   *grant
		allowed bool
	}{
		{name: "what is free", uses: attributes{Prepend: new(int32(3)), MED: new(int64(1)), Origin: new(v1alpha1.OriginEGP)}, allowed: true},
		{name: "next hop", uses: attributes{NextHop: &v1alpha1.NextHop{IPv4: new("192.0.2.7")}}},
		{name: "next hop Self", uses: attributes{NextHop: &v1alpha1.NextHop{IPv6: new("2001:db8::7")}}, grant: &grant{NextHop: new(v1alpha1.NextHopSelf)}},
		{name: "next hop Any", uses: attributes{NextHop: &v1alpha1.NextHop{IPv4: new("192.0.2.7")}}, grant: &grant{NextHop: new(v1alpha1.NextHopAny)}, allowed: true},
		{name: "AS path", uses: attributes{ASPath: []int64{64600}}},
		{name: "AS path denied", uses: attributes{ASPath: []int64{64600}}, grant: &grant{ASPath: new(v1alpha1.GrantDeny)}},
		{name: "AS path allowed", uses: attributes{ASPath: []int64{64600}}, grant: &grant{ASPath: new(v1alpha1.GrantAllow)}, allowed: true},
		{name: "LOCAL_PREF", uses: attributes{LocalPref: new(int64(100))}},
		{name: "LOCAL_PREF allowed", uses: attributes{LocalPref: new(int64(100))}, grant: &grant{LocalPref: new(v1alpha1.GrantAllow)}, allowed: true},
		{name: "extended community", uses: attributes{ExtendedCommunities: []string{"rt:64512:1"}}},
		{name: "extended community allowed", uses: attributes{ExtendedCommunities: []string{"rt:64512:1"}}, grant: &grant{Raw: new(v1alpha1.GrantAllow)}, allowed: true},
		{name: "raw attribute", uses: attributes{Raw: []v1alpha1.RawAttribute{{Code: 153}}}},
		{name: "raw attribute allowed", uses: attributes{Raw: []v1alpha1.RawAttribute{{Code: 153}}}, grant: &grant{Raw: new(v1alpha1.GrantAllow)}, allowed: true},
		{name: "aggregator", uses: attributes{Aggregator: &v1alpha1.Aggregator{ASN: 64600, Address: "192.0.2.7"}}},
		{name: "originator", uses: attributes{OriginatorID: new("192.0.2.7")}},
		{name: "cluster list", uses: attributes{ClusterList: []string{"192.0.2.7"}}},
		{
			name: "what speaks for others, allowed", grant: &grant{Raw: new(v1alpha1.GrantAllow)}, allowed: true,
			uses: attributes{
				Aggregator:   &v1alpha1.Aggregator{ASN: 64600, Address: "192.0.2.7"},
				OriginatorID: new("192.0.2.7"), ClusterList: []string{"192.0.2.7"},
			},
		},
		{name: "atomic aggregate is free", uses: attributes{AtomicAggregate: new(true)}, allowed: true},
		{name: "any community", uses: attributes{Communities: []string{"1:2", "65534:65535"}, LargeCommunities: []string{"65535:1:2"}}, allowed: true},
		{name: "those that keep a route from spreading", uses: communities("NO_EXPORT", "NO_ADVERTISE", "NO_EXPORT_SUBCONFED"), allowed: true},
		{name: "blackhole", uses: communities("BLACKHOLE")},
		{name: "graceful shutdown by its number", uses: communities("65535:0")},
		{name: "a private one of 65535", uses: communities("65535:4711")},
		{name: "blackhole by name", uses: communities("BLACKHOLE"), grant: only("BLACKHOLE"), allowed: true},
		{name: "blackhole by number", uses: communities("BLACKHOLE"), grant: only("65535:666"), allowed: true},
		{name: "a pattern", uses: communities("64512:1", "64512:2"), grant: only("64512:*"), allowed: true},
		{name: "outside of the pattern", uses: communities("64512:1", "64513:1"), grant: only("64512:*")},
		{name: "a list narrows", uses: communities("NO_EXPORT"), grant: only("64512:*")},
		{name: "any standard one", uses: communities("BLACKHOLE", "1:1"), grant: only("*:*"), allowed: true},
		{name: "two numbers are no large community", uses: attributes{LargeCommunities: []string{"64512:1:1"}}, grant: only("64512:*")},
		{name: "three numbers are", uses: attributes{LargeCommunities: []string{"64512:1:1"}}, grant: only("64512:*:1"), allowed: true},
		{name: "outside of three", uses: attributes{LargeCommunities: []string{"64512:1:2"}}, grant: only("64512:*:1")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := compileGiven(input(func(in *given) {
				in.Peers[0].Spec.AllowedAnnouncements = allow(webTenant(func(e *v1alpha1.Tenant) { e.Attributes = test.grant }))
				in.Announcements = []v1alpha1.Announcement{
					announcement("shop", "net", 0, []string{"203.0.113.0/24"}, func(a *v1alpha1.Announcement) { a.Spec.Attributes = &test.uses }),
				}
			}))
			want := "ok"
			if !test.allowed {
				want = v1alpha1.ReasonAttributeNotAllowed
			}
			got := sessionPeer(t, out)
			wantStrings(t, "verdicts", verdicts(got), "shop/net "+want)
			if sent := len(got.Export.Announcements) == 1; sent != test.allowed {
				t.Errorf("sent: %v, allowed: %v", sent, test.allowed)
			}
		})
	}
}

func TestMaxPrefixes(t *testing.T) {
	peerLimit := func(n int32, entries ...v1alpha1.Tenant) *v1alpha1.AllowedAnnouncements {
		return &v1alpha1.AllowedAnnouncements{MaxPrefixes: new(n), Tenants: entries}
	}
	tests := []struct {
		name          string
		allowed       *v1alpha1.AllowedAnnouncements
		announcements []v1alpha1.Announcement
		families      []v1alpha1.Family
		want          []string
	}{
		{
			name:    "the younger is withheld whole, one that still fits is not",
			allowed: peerLimit(3),
			announcements: []v1alpha1.Announcement{
				announcement("platform", "third", 3, []string{"198.51.100.2/32"}),
				announcement("platform", "second", 2, []string{"203.0.113.1/32", "203.0.113.2/32"}),
				announcement("platform", "first", 1, []string{"192.0.2.64/32", "192.0.2.65/32"}),
			},
			want: []string{"platform/first ok", "platform/second OverMaxPrefixes", "platform/third ok"},
		},
		{
			name:          "subnets count",
			announcements: []v1alpha1.Announcement{announcement("platform", "net", 1, []string{"10.0.0.0/16"}, split(30))},
			want:          []string{"platform/net OverMaxPrefixes"}, // 16,384 of 10,000
		},
		{
			name:          "families that are not configured do not",
			allowed:       peerLimit(1),
			families:      []v1alpha1.Family{family4()},
			announcements: []v1alpha1.Announcement{announcement("platform", "net", 1, []string{"203.0.113.0/24", "2001:db8::/48"})},
			want:          []string{"platform/net ok"},
		},
		{
			name:    "what is refused does not count",
			allowed: peerLimit(1, webTenant()),
			announcements: []v1alpha1.Announcement{
				announcement("shop", "greedy", 1, []string{"198.51.100.0/24", "198.51.101.0/24"}),
				announcement("platform", "net", 2, []string{"192.0.2.0/24"}),
			},
			want: []string{"shop/greedy PrefixNotAllowed", "platform/net ok"},
		},
		{
			name:    "a tenant has its own",
			allowed: allow(webTenant(func(e *v1alpha1.Tenant) { e.MaxPrefixes = new(int32(1)) })),
			announcements: []v1alpha1.Announcement{
				announcement("shop", "one", 1, []string{"203.0.113.0/28"}),
				announcement("shop", "two", 2, []string{"203.0.113.16/28"}),
				announcement("platform", "net", 3, []string{"192.0.2.0/24"}),
			},
			want: []string{"shop/one ok", "shop/two OverMaxPrefixes", "platform/net ok"},
		},
		{
			name: "of two entries the one with room",
			allowed: allow(webTenant(func(e *v1alpha1.Tenant) { e.Name, e.MaxPrefixes = "z", new(int32(2)) }),
				webTenant(func(e *v1alpha1.Tenant) { e.Name, e.MaxPrefixes = "a", new(int32(1)) })),
			announcements: []v1alpha1.Announcement{
				announcement("shop", "one", 1, []string{"203.0.113.0/28"}),
				announcement("shop", "two", 2, []string{"203.0.113.16/28"}),
				announcement("shop", "three", 3, []string{"203.0.113.32/28"}),
				announcement("shop", "four", 4, []string{"203.0.113.48/28"}),
			},
			want: []string{"shop/one ok", "shop/two ok", "shop/three ok", "shop/four OverMaxPrefixes"},
		},
		{
			name: "one announcement from the room of two entries",
			allowed: allow(webTenant(func(e *v1alpha1.Tenant) { e.Name, e.MaxPrefixes = "a", new(int32(1)) }),
				webTenant(func(e *v1alpha1.Tenant) { e.Name, e.MaxPrefixes = "b", new(int32(1)) })),
			announcements: []v1alpha1.Announcement{
				announcement("shop", "both", 1, []string{"203.0.113.0/28", "203.0.113.16/28"}),
				announcement("shop", "late", 2, []string{"203.0.113.32/28"}),
			},
			want: []string{"shop/both ok", "shop/late OverMaxPrefixes"},
		},
		{
			name:          "nothing at all",
			allowed:       peerLimit(0),
			announcements: []v1alpha1.Announcement{announcement("platform", "net", 1, []string{"192.0.2.0/24"})},
			want:          []string{"platform/net OverMaxPrefixes"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := compileGiven(input(func(in *given) {
				in.Peers[0].Spec.AllowedAnnouncements = test.allowed
				in.Peers[0].Spec.Families = test.families
				in.Announcements = test.announcements
			}))
			wantStrings(t, "verdicts", verdicts(sessionPeer(t, out)), test.want...)
		})
	}
}

// TestOrderOfTenants: a list of type map has no order, so the entry that is charged does not depend on it. The narrow entry
// is for the first announcement alone, and would be full for the second.
func TestOrderOfTenants(t *testing.T) {
	narrow := webTenant(func(e *v1alpha1.Tenant) { e.Name, e.MaxPrefixes = "narrow", new(int32(1)) })
	wide := webTenant(func(e *v1alpha1.Tenant) {
		e.Name, e.MaxPrefixes = "wide", new(int32(1))
		e.Prefixes = append(e.Prefixes, v1alpha1.TenantPrefix{CIDR: "198.51.100.0/24"})
	})
	for _, entries := range [][]v1alpha1.Tenant{{narrow, wide}, {wide, narrow}} {
		out := compileGiven(input(func(in *given) {
			in.Peers[0].Spec.AllowedAnnouncements = allow(entries...)
			in.Announcements = []v1alpha1.Announcement{
				announcement("shop", "both", 1, []string{"203.0.113.0/28"}),
				announcement("shop", "wide", 2, []string{"198.51.100.0/24"}),
			}
		}))
		wantStrings(t, entries[0].Name+" first", verdicts(sessionPeer(t, out)), "shop/both ok", "shop/wide ok")
	}
}

func split(length int32) func(*v1alpha1.Announcement) {
	return func(a *v1alpha1.Announcement) { a.Spec.Deaggregate = &v1alpha1.Deaggregate{IPv4: &length} }
}
