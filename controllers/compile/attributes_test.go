// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

func TestFurtherAttributes(t *testing.T) {
	in := input(func(in *given) {
		in.Announcements = []v1alpha1.Announcement{
			announcement("platform", "net", 0, []string{"203.0.113.0/24", "2001:db8::/48"}, func(a *v1alpha1.Announcement) {
				a.Spec.PathID = new(int64(1<<32 - 1))
				a.Spec.Attributes = &v1alpha1.PathAttributes{
					NextHop:         &v1alpha1.NextHop{IPv4: new("2001:db8::7")},
					Aggregator:      &v1alpha1.Aggregator{ASN: 4200000000, Address: "192.0.2.1"},
					AtomicAggregate: new(true),
					OriginatorID:    new("192.0.2.2"),
					ClusterList:     []string{"192.0.2.4", "0.0.0.3"},
					Raw: []v1alpha1.RawAttribute{
						{Code: 153, Flags: new(int32(240)), Value: new("00aBcD")}, {Code: 4, Value: new("00000064")}, {Code: 200},
					},
				}
			}),
		}
	})
	want := rib.Attributes{
		NextHop4:        netip.MustParseAddr("2001:db8::7"),
		Aggregator:      wire.Aggregator{ASN: 4200000000, Addr: netip.MustParseAddr("192.0.2.1")},
		AtomicAggregate: new(true),
		OriginatorID:    netip.MustParseAddr("192.0.2.2"),
		ClusterList:     []netip.Addr{netip.MustParseAddr("192.0.2.4"), netip.MustParseAddr("0.0.0.3")},
		Raw: []wire.RawAttribute{
			{Type: wire.AttrMED, Flags: 0x80, Value: []byte{0, 0, 0, 100}},
			{Type: 153, Flags: 0xf0, Value: []byte{0, 0xab, 0xcd}},
			{Type: 200, Flags: 0xc0, Value: []byte{}},
		},
	}
	whole := compileGiven(in)
	in.Peers[0].Spec.AllowedAnnouncements = &v1alpha1.AllowedAnnouncements{Families: []v1alpha1.Family{family4()}}
	part := compileGiven(in)
	for _, out := range []compiled{whole, part} {
		list := sessionPeer(t, out).Export.Announcements
		if len(list) != 1 {
			t.Fatalf("%d announcements, want 1", len(list))
		}
		if got := list[0].Attributes; !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v\nwant %+v", list[0].ID, got, want)
		}
		if list[0].PathID != 1<<32-1 {
			t.Errorf("%s: path identifier %d", list[0].ID, list[0].PathID)
		}
	}
}

// TestOrderOfRaw: a list of type map has no order.
func TestOrderOfRaw(t *testing.T) {
	of := func(codes ...int32) *rib.Announcement {
		var raw []v1alpha1.RawAttribute
		for _, code := range codes {
			raw = append(raw, v1alpha1.RawAttribute{Code: code})
		}
		out := compileGiven(input(func(in *given) {
			in.Announcements = []v1alpha1.Announcement{announcement("platform", "net", 0, []string{"203.0.113.0/24"}, func(a *v1alpha1.Announcement) {
				a.Spec.Attributes = &v1alpha1.PathAttributes{Raw: raw}
			})}
		}))
		return sessionPeer(t, out).Export.Announcements[0]
	}
	if a, b := of(200, 153), of(153, 200); !a.Attributes.Equal(&b.Attributes) {
		t.Errorf("%+v and %+v differ", a.Attributes.Raw, b.Attributes.Raw)
	}
}

func TestFurtherAttributesRefused(t *testing.T) {
	type attributes = v1alpha1.PathAttributes
	raw := func(list ...v1alpha1.RawAttribute) attributes { return attributes{Raw: list} }
	value := func(text string) attributes { return raw(v1alpha1.RawAttribute{Code: 153, Value: &text}) }
	beside := func(code int32, a attributes) attributes {
		a.Raw = []v1alpha1.RawAttribute{{Code: code}}
		return a
	}
	tests := []struct {
		name  string
		uses  attributes
		field string
	}{
		{"AS_TRANS as aggregator", attributes{Aggregator: &v1alpha1.Aggregator{ASN: 23456, Address: "192.0.2.1"}}, "aggregator.asn"},
		{"no aggregator's address", attributes{Aggregator: &v1alpha1.Aggregator{ASN: 64512}}, "aggregator.address"},
		{"IPv6 aggregator", attributes{Aggregator: &v1alpha1.Aggregator{ASN: 64512, Address: "2001:db8::1"}}, "aggregator.address"},
		{"originator 0.0.0.0", attributes{OriginatorID: new("0.0.0.0")}, "originatorID"},
		{"cluster", attributes{ClusterList: []string{"192.0.2.1", "64512"}}, "clusterList[1]"},
		{"many clusters", attributes{ClusterList: slices.Repeat([]string{"192.0.2.1"}, 65)}, "clusterList"},
		{"code 0", raw(v1alpha1.RawAttribute{}), "raw[0].code"},
		{"code 256", raw(v1alpha1.RawAttribute{Code: 256}), "raw[0].code"},
		{"MP_REACH_NLRI", raw(v1alpha1.RawAttribute{Code: 14}), "MP_REACH_NLRI"},
		{"ONLY_TO_CUSTOMER", raw(v1alpha1.RawAttribute{Code: 35}), "ONLY_TO_CUSTOMER"},
		{"a code twice", raw(v1alpha1.RawAttribute{Code: 153}, v1alpha1.RawAttribute{Code: 153}), "raw[1].code"},
		{"well-known flags of an unknown code", raw(v1alpha1.RawAttribute{Code: 153, Flags: new(int32(64))}), "raw[0]: attribute 153 with flags 0x40"},
		{"no flags", raw(v1alpha1.RawAttribute{Code: 153, Flags: new(int32(0))}), "raw[0]"},
		{"partial and not transitive", raw(v1alpha1.RawAttribute{Code: 153, Flags: new(int32(160))}), "raw[0]"},
		{"transitive MED", raw(v1alpha1.RawAttribute{Code: 4, Flags: new(int32(192)), Value: new("00000064")}), "expected 0x80"},
		{"MED of 3 octets", raw(v1alpha1.RawAttribute{Code: 4, Value: new("000064")}), "MULTI_EXIT_DISC"},
		{"communities of 3 octets", raw(v1alpha1.RawAttribute{Code: 8, Value: new("fc0001")}), "COMMUNITIES"},
		{"low flags", raw(v1alpha1.RawAttribute{Code: 153, Flags: new(int32(193))}), "raw[0].flags"},
		{"flags 256", raw(v1alpha1.RawAttribute{Code: 153, Flags: new(int32(256))}), "raw[0].flags"},
		{"half an octet", value("001"), "raw[0].value"},
		{"no hexadecimal digits", value("0x00"), "raw[0].value"},
		{"long value", value(strings.Repeat("00", 4097)), "raw[0].value"},
		{"many raw ones", raw(slices.Repeat([]v1alpha1.RawAttribute{{Code: 153}}, 17)...), "raw"},
		{"beside med", beside(4, attributes{MED: new(int64(1))}), "or med beside it"},
		{"beside atomicAggregate", beside(6, attributes{AtomicAggregate: new(true)}), "or atomicAggregate beside it"},
		{"beside aggregator", beside(7, attributes{Aggregator: &v1alpha1.Aggregator{ASN: 1, Address: "192.0.2.1"}}), "or aggregator beside it"},
		{"beside communities", beside(8, attributes{Communities: []string{"1:1"}}), "or communities beside it"},
		{"beside originatorID", beside(9, attributes{OriginatorID: new("192.0.2.1")}), "or originatorID beside it"},
		{"beside clusterList", beside(10, attributes{ClusterList: []string{"192.0.2.1"}}), "or clusterList beside it"},
		{"beside extendedCommunities", beside(16, attributes{ExtendedCommunities: []string{"rt:1:1"}}), "or extendedCommunities beside it"},
		{"beside largeCommunities", beside(32, attributes{LargeCommunities: []string{"1:1:1"}}), "or largeCommunities beside it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bad := announcement("platform", "bad", 0, []string{"198.51.100.0/24"}, func(a *v1alpha1.Announcement) { a.Spec.Attributes = &test.uses })
			_, issue := compile.ReadAnnouncement(&bad, compile.Versions[compile.Announcement]{})
			if issue == nil || issue.Reason != v1alpha1.ReasonInvalid || !strings.Contains(issue.Message, test.field) {
				t.Errorf("issue %v, want one with %q", issue, test.field)
			}
		})
	}
	bad := announcement("platform", "bad", 0, []string{"198.51.100.0/24"}, func(a *v1alpha1.Announcement) { a.Spec.PathID = new(int64(1 << 32)) })
	if _, issue := compile.ReadAnnouncement(&bad, compile.Versions[compile.Announcement]{}); issue == nil || !strings.Contains(issue.Message, "spec.pathID") {
		t.Errorf("issue %v, want one with spec.pathID", issue)
	}
}

// TestEmptyIsAValue: a list that is written and empty, and false, say none; they are not the same as nothing.
func TestEmptyIsAValue(t *testing.T) {
	var object v1alpha1.Announcement
	if err := json.Unmarshal([]byte(`{"metadata": {"name": "net", "namespace": "shop"}, "spec": {"prefixes": ["203.0.113.0/28"], "attributes": {
		"asPath": [], "clusterList": [], "communities": [], "largeCommunities": [], "extendedCommunities": [], "atomicAggregate": false
	}}}`), &object); err != nil {
		t.Fatal(err)
	}
	in := input(func(in *given) {
		in.Announcements = []v1alpha1.Announcement{object}
		in.Peers[0].Spec.AllowedAnnouncements = allow(webTenant())
	})
	// Who may not set an attribute may not take away the platform team's either.
	wantStrings(t, "verdicts", verdicts(sessionPeer(t, compileGiven(in))), "shop/net AttributeNotAllowed")
	in.TrustAll = true
	got := sessionPeer(t, compileGiven(in)).Export.Announcements[0].Attributes
	want := rib.Attributes{
		ASPath: []uint32{}, ClusterList: []netip.Addr{}, Communities: []wire.Community{}, LargeCommunities: []wire.LargeCommunity{},
		ExtendedCommunities: []wire.ExtendedCommunity{}, AtomicAggregate: new(false),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %#v\nwant %#v", got, want)
	}
}
