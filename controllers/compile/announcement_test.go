// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

func TestPrefixes(t *testing.T) {
	tests := []struct {
		name        string
		prefixes    []string
		deaggregate *v1alpha1.Deaggregate
		want        []string
		count       int
		summary     string
	}{
		{
			name:     "sorted, IPv4 first, once each",
			prefixes: []string{"2001:db8::/48", "203.0.113.0/24", "198.51.100.0/24", "203.0.113.0/24"},
			want:     []string{"198.51.100.0/24", "203.0.113.0/24", "2001:db8::/48"},
			count:    3,
			summary:  "198.51.100.0/24 +2",
		},
		{
			name:     "a prefix inside another one stays",
			prefixes: []string{"10.0.0.0/8", "10.1.0.0/16"},
			want:     []string{"10.0.0.0/8", "10.1.0.0/16"},
			count:    2,
			summary:  "10.0.0.0/8 +1",
		},
		{
			name:        "split, each family by its own length",
			prefixes:    []string{"10.0.0.0/12", "2001:db8::/48"},
			deaggregate: &v1alpha1.Deaggregate{IPv4: new(int32(32))},
			want:        []string{"10.0.0.0/12→/32", "2001:db8::/48"},
			count:       1<<20 + 1,
			summary:     "10.0.0.0/32 +1048576",
		},
		{
			name:        "as long or longer is announced as it is",
			prefixes:    []string{"10.0.0.0/24", "10.0.1.0/25"},
			deaggregate: &v1alpha1.Deaggregate{IPv4: new(int32(24))},
			want:        []string{"10.0.0.0/24", "10.0.1.0/25"},
			count:       2,
			summary:     "10.0.0.0/24 +1",
		},
		{
			name:        "a subnet that another prefix is split into goes once",
			prefixes:    []string{"10.0.0.0/22", "10.0.1.0/24", "10.0.2.0/23", "10.0.4.0/24"},
			deaggregate: &v1alpha1.Deaggregate{IPv4: new(int32(24))},
			want:        []string{"10.0.0.0/22→/24", "10.0.4.0/24"},
			count:       5,
			summary:     "10.0.0.0/24 +4",
		},
		{
			name:        "as many as there may be",
			prefixes:    []string{"10.0.0.0/8"},
			deaggregate: &v1alpha1.Deaggregate{IPv4: new(int32(32))},
			want:        []string{"10.0.0.0/8→/32"},
			count:       1 << 24,
			summary:     "10.0.0.0/32 +16777215",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := announcement("platform", "net", 0, test.prefixes, func(a *v1alpha1.Announcement) {
				a.Spec.Deaggregate = test.deaggregate
			})
			out := compileGiven(input(func(in *given) {
				in.Announcements = []v1alpha1.Announcement{a}
				in.Peers[0].Spec.AllowedAnnouncements = &v1alpha1.AllowedAnnouncements{MaxPrefixes: new(int32(10_000_000))}
			}))
			if test.count <= 10_000_000 {
				var want []string
				for _, prefix := range test.want {
					want = append(want, "platform/net "+prefix)
				}
				wantStrings(t, "routes", routes(sessionPeer(t, out)), want...)
			}
			if count, issue := out.compiler.Catalog().CheckAnnouncement(&a); count != test.count || issue != nil {
				t.Errorf("%d prefixes, issue %v, want %d", count, issue, test.count)
			}
			if got := out.compiler.Catalog().Announcement("platform/net").Summary(); got != test.summary {
				t.Errorf("summary %q, want %q", got, test.summary)
			}
		})
	}
}

func TestAttributes(t *testing.T) {
	in := input(func(in *given) {
		in.Announcements = []v1alpha1.Announcement{
			announcement("platform", "net", 0, []string{"203.0.113.0/24"}, func(a *v1alpha1.Announcement) {
				a.Spec.Attributes = &v1alpha1.PathAttributes{
					NextHop:             &v1alpha1.NextHop{IPv4: new("192.0.2.7"), IPv6: new("2001:db8::7")},
					Origin:              new(v1alpha1.OriginIncomplete),
					ASPath:              []int64{64600, 4200000000},
					Prepend:             new(int32(2)),
					MED:                 new(int64(0)),
					LocalPref:           new(int64(200)),
					Communities:         []string{"NO_EXPORT", "64512:100", "64512:100"},
					LargeCommunities:    []string{"64512:2:1", "64512:1:2"},
					ExtendedCommunities: []string{"rt:64512:100"},
				}
			}),
		}
	})
	target, err := wire.ParseExtendedCommunity("rt:64512:100")
	if err != nil {
		t.Fatal(err)
	}
	want := rib.Attributes{
		NextHop4:            netip.MustParseAddr("192.0.2.7"),
		NextHop6:            netip.MustParseAddr("2001:db8::7"),
		Origin:              new(wire.OriginIncomplete),
		ASPath:              []uint32{64600, 4200000000},
		Prepend:             new(2),
		MED:                 new(uint32(0)),
		LocalPref:           new(uint32(200)),
		Communities:         []wire.Community{64512<<16 | 100, wire.CommunityNoExport},
		LargeCommunities:    []wire.LargeCommunity{{Global: 64512, Local1: 1, Local2: 2}, {Global: 64512, Local1: 2, Local2: 1}},
		ExtendedCommunities: []wire.ExtendedCommunity{target},
	}
	list := sessionPeer(t, compileGiven(in)).Export.Announcements
	if len(list) != 1 {
		t.Fatalf("%d announcements, want 1", len(list))
	}
	if got := list[0].Attributes; !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestAnnouncementRefused(t *testing.T) {
	type spec = v1alpha1.AnnouncementSpec
	prefixes := func(list ...string) func(*spec) { return func(s *spec) { s.Prefixes = list } }
	attributes := func(a v1alpha1.PathAttributes) func(*spec) { return func(s *spec) { s.Attributes = &a } }
	hop4 := func(ip string) func(*spec) {
		return attributes(v1alpha1.PathAttributes{NextHop: &v1alpha1.NextHop{IPv4: &ip}})
	}
	hop6 := func(ip string) func(*spec) {
		return attributes(v1alpha1.PathAttributes{NextHop: &v1alpha1.NextHop{IPv6: &ip}})
	}
	const invalid, unsupported, tooLarge = v1alpha1.ReasonInvalid, v1alpha1.ReasonUnsupported, v1alpha1.ReasonTooLarge
	tests := []struct {
		name   string
		change func(*spec)
		reason string
		field  string
	}{
		{"this network", prefixes("0.0.0.0/8"), invalid, "spec.prefixes[0]"},
		{"loopback", prefixes("203.0.113.0/24", "127.0.0.1/32"), invalid, "spec.prefixes[1]"},
		{"multicast", prefixes("224.0.0.0/4"), invalid, "spec.prefixes[0]"},
		{"link-local", prefixes("fe80::/64"), invalid, "spec.prefixes[0]"},
		{"split into loopback", func(s *spec) {
			s.Prefixes, s.Deaggregate = []string{"126.0.0.0/7"}, &v1alpha1.Deaggregate{IPv4: new(int32(8))}
		}, invalid, "spec.deaggregate: 126.0.0.0/7 would be split into 127.0.0.0/8"},
		{"reserved next hop", hop4("240.0.0.1"), invalid, "nextHop.ipv4"},
		{"next hop of this network", hop4("0.0.0.5"), invalid, "nextHop.ipv4"},
		{"no prefix", prefixes(), unsupported, "spec.prefixes"},
		{"4,097 prefixes", prefixes(slices.Repeat([]string{"203.0.113.0/24"}, 4097)...), invalid, "spec.prefixes"},
		{"an address", prefixes("198.51.100.0/24", "203.0.113.7"), invalid, "spec.prefixes[1]"},
		{"host bits", prefixes("203.0.113.7/24"), invalid, "write 203.0.113.0/24 instead"},
		{"IPv4-mapped", prefixes("::ffff:203.0.113.0/120"), invalid, "spec.prefixes[0]"},
		{"zone", prefixes("fe80::%eth0/64"), invalid, "spec.prefixes[0]"},
		{
			"length of subnets", func(s *spec) { s.Deaggregate = &v1alpha1.Deaggregate{IPv4: new(int32(33))} },
			invalid, "spec.deaggregate.ipv4",
		},
		{
			"IPv6 length of subnets", func(s *spec) { s.Deaggregate = &v1alpha1.Deaggregate{IPv6: new(int32(0))} },
			invalid, "spec.deaggregate.ipv6",
		},
		{
			"too many", func(s *spec) {
				s.Prefixes, s.Deaggregate = []string{"10.0.0.0/8", "192.0.2.0/32"}, &v1alpha1.Deaggregate{IPv4: new(int32(32))}
			}, tooLarge, "spec.deaggregate",
		},
		{
			"far too many", func(s *spec) {
				s.Prefixes, s.Deaggregate = []string{"::/0"}, &v1alpha1.Deaggregate{IPv6: new(int32(128))}
			}, tooLarge, "spec.deaggregate",
		},
		{
			"peer selector", func(s *spec) {
				s.PeerSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": "not a value!"}}
			}, invalid, "spec.peerSelector",
		},
		{
			"node selector", func(s *spec) {
				s.NodeSelector = &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{{Key: "a", Operator: "In"}}}
			}, invalid, "spec.nodeSelector",
		},
		{"next hop", hop4("router"), invalid, "nextHop.ipv4"},
		{"link-local IPv6 next hop of IPv4", hop4("fe80::1"), invalid, "nextHop.ipv4"},
		{"multicast next hop", hop4("224.0.0.1"), invalid, "nextHop.ipv4"},
		{"IPv6 next hop of the other family", hop6("192.0.2.1"), invalid, "nextHop.ipv6"},
		{"link-local next hop", hop6("fe80::1"), invalid, "nextHop.ipv6"},
		{"global address as link-local next hop", attributes(v1alpha1.PathAttributes{
			NextHop: &v1alpha1.NextHop{IPv6LinkLocal: new("2001:db8::1")},
		}), invalid, "nextHop.ipv6LinkLocal"},
		{"origin", attributes(v1alpha1.PathAttributes{Origin: new(v1alpha1.Origin("BGP"))}), unsupported, "spec.attributes.origin"},
		{"AS_TRANS", attributes(v1alpha1.PathAttributes{ASPath: []int64{64512, 23456}}), invalid, "asPath[1]"},
		{"long path", attributes(v1alpha1.PathAttributes{ASPath: slices.Repeat([]int64{64512}, 256)}), invalid, "asPath"},
		{"prepend", attributes(v1alpha1.PathAttributes{Prepend: new(int32(33))}), invalid, "prepend"},
		{"MED", attributes(v1alpha1.PathAttributes{MED: new(int64(1 << 32))}), invalid, "med"},
		{"LOCAL_PREF", attributes(v1alpha1.PathAttributes{LocalPref: new(int64(-1))}), invalid, "localPref"},
		{"community", attributes(v1alpha1.PathAttributes{Communities: []string{"64512:70000"}}), invalid, "communities[0]"},
		{"many communities", attributes(v1alpha1.PathAttributes{Communities: slices.Repeat([]string{"1:1"}, 65)}), invalid, "communities"},
		{"large community", attributes(v1alpha1.PathAttributes{LargeCommunities: []string{"1:2"}}), invalid, "largeCommunities[0]"},
		{"extended community", attributes(v1alpha1.PathAttributes{ExtendedCommunities: []string{"rt:1"}}), invalid, "extendedCommunities[0]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bad := announcement("platform", "bad", 0, []string{"198.51.100.0/24"}, func(a *v1alpha1.Announcement) { test.change(&a.Spec) })
			out := compileGiven(input(func(in *given) {
				in.Announcements = []v1alpha1.Announcement{bad, announcement("platform", "good", 1, []string{"203.0.113.0/24"})}
			}))
			wantStrings(t, "routes", routes(sessionPeer(t, out)), "platform/good 203.0.113.0/24")
			wantIssue(t, out.Issues, "platform/bad", v1alpha1.ConditionAccepted, test.reason, test.field)
			if _, issue := out.compiler.Catalog().CheckAnnouncement(&bad); issue == nil || *issue != out.Issues[0] {
				t.Errorf("CheckAnnouncement says %v, Compile %v", issue, out.Issues[0])
			}
			bad.Generation++ // a version that nobody has read yet
			if _, issue := out.compiler.Catalog().CheckAnnouncement(&bad); issue == nil || issue.Message != out.Issues[0].Message {
				t.Errorf("CheckAnnouncement says %v, Compile %v", issue, out.Issues[0])
			}
		})
	}
}
