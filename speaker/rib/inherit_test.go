// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"encoding/hex"
	"net/netip"
	"reflect"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// forms are the ways to write one value, each but absent and raw at an announcement and, with other values, as a default. What
// cannot be written is nil.
type forms struct {
	name                              string
	explicit, other, empty, raw, both *rib.Attributes
}

func rawOf(code wire.AttributeType, value ...byte) *rib.Attributes {
	flags := wire.FlagOptional | wire.FlagTransitive
	switch code {
	case wire.AttrAtomicAggregate:
		flags = wire.FlagTransitive
	case wire.AttrMED, wire.AttrOriginatorID, wire.AttrClusterList:
		flags = wire.FlagOptional
	}
	return &rib.Attributes{Raw: []wire.RawAttribute{{Flags: flags, Type: code, Value: value}}}
}

// everyValue are the forms of all that can be inherited. both is what is sent of explicit and other, where that is not explicit.
func everyValue() []forms {
	aggregator := func(asn uint32) wire.Aggregator { return wire.Aggregator{ASN: asn, Addr: addr("192.0.2.7")} }
	large := func(n ...uint32) (list []wire.LargeCommunity) {
		for _, n := range n {
			list = append(list, wire.LargeCommunity{Global: n})
		}
		return list
	}
	extended := func(n ...byte) (list []wire.ExtendedCommunity) {
		for _, n := range n {
			list = append(list, wire.ExtendedCommunity{0, 2, 0xfc, 0, 0, 0, 0, n})
		}
		return list
	}
	return []forms{
		{
			name: "nextHop.ipv4", explicit: &rib.Attributes{NextHop4: addr("203.0.113.7")}, other: &rib.Attributes{NextHop4: addr("203.0.113.8")},
		},
		{
			name: "nextHop.ipv6", explicit: &rib.Attributes{NextHop6: addr("2001:db8::7")},
			other: &rib.Attributes{NextHop6: addr("2001:db8::8"), NextHopLinkLocal: addr("fe80::8")},
		},
		{
			name: "nextHop.ipv6LinkLocal", explicit: &rib.Attributes{NextHopLinkLocal: addr("fe80::7")},
			other: &rib.Attributes{NextHop6: addr("2001:db8::8"), NextHopLinkLocal: addr("fe80::8")},
		},
		{
			name: "both next hops", explicit: &rib.Attributes{NextHop6: addr("2001:db8::7"), NextHopLinkLocal: addr("fe80::7")},
			other: &rib.Attributes{NextHop6: addr("2001:db8::8")},
		},
		{
			name: "origin", explicit: &rib.Attributes{Origin: ptr(wire.OriginIGP)}, other: &rib.Attributes{Origin: ptr(wire.OriginEGP)},
		},
		{
			name: "asPath", explicit: &rib.Attributes{ASPath: []uint32{7}}, other: &rib.Attributes{ASPath: []uint32{8, 9}},
			empty: &rib.Attributes{ASPath: []uint32{}},
		},
		{
			name: "prepend", explicit: &rib.Attributes{Prepend: ptr(2)}, other: &rib.Attributes{Prepend: ptr(3)}, empty: &rib.Attributes{Prepend: ptr(0)},
		},
		{
			name: "med", explicit: &rib.Attributes{MED: ptr(uint32(7))}, other: &rib.Attributes{MED: ptr(uint32(8))},
			empty: &rib.Attributes{MED: ptr(uint32(0))}, raw: rawOf(wire.AttrMED, 0, 0, 0, 9),
		},
		{
			name: "localPref", explicit: &rib.Attributes{LocalPref: ptr(uint32(7))}, other: &rib.Attributes{LocalPref: ptr(uint32(8))},
			empty: &rib.Attributes{LocalPref: ptr(uint32(0))},
		},
		{
			name: "atomicAggregate", explicit: &rib.Attributes{AtomicAggregate: ptr(true)}, other: &rib.Attributes{AtomicAggregate: ptr(true)},
			empty: &rib.Attributes{AtomicAggregate: ptr(false)}, raw: rawOf(wire.AttrAtomicAggregate),
		},
		{
			name: "aggregator", explicit: &rib.Attributes{Aggregator: aggregator(7)}, other: &rib.Attributes{Aggregator: aggregator(8)},
			raw: rawOf(wire.AttrAggregator, 0, 0, 0, 9, 192, 0, 2, 9),
		},
		{
			name: "communities", explicit: &rib.Attributes{Communities: []wire.Community{7}}, other: &rib.Attributes{Communities: []wire.Community{8, 7}},
			empty: &rib.Attributes{Communities: []wire.Community{}}, raw: rawOf(wire.AttrCommunities, 0, 0, 0, 9),
			both: &rib.Attributes{Communities: []wire.Community{7, 8}},
		},
		{
			name: "originatorID", explicit: &rib.Attributes{OriginatorID: addr("192.0.2.7")}, other: &rib.Attributes{OriginatorID: addr("192.0.2.8")},
			raw: rawOf(wire.AttrOriginatorID, 192, 0, 2, 9),
		},
		{
			name: "clusterList", explicit: &rib.Attributes{ClusterList: []netip.Addr{addr("192.0.2.7")}},
			other: &rib.Attributes{ClusterList: []netip.Addr{addr("192.0.2.8")}}, empty: &rib.Attributes{ClusterList: []netip.Addr{}},
			raw: rawOf(wire.AttrClusterList, 192, 0, 2, 9),
		},
		{
			name: "extendedCommunities", explicit: &rib.Attributes{ExtendedCommunities: extended(7)}, other: &rib.Attributes{ExtendedCommunities: extended(8, 7)},
			empty: &rib.Attributes{ExtendedCommunities: []wire.ExtendedCommunity{}}, raw: rawOf(wire.AttrExtendedCommunities, 0, 2, 0xfc, 0, 0, 0, 0, 9),
			both: &rib.Attributes{ExtendedCommunities: extended(7, 8)},
		},
		{
			name: "largeCommunities", explicit: &rib.Attributes{LargeCommunities: large(7)}, other: &rib.Attributes{LargeCommunities: large(8, 7)},
			empty: &rib.Attributes{LargeCommunities: []wire.LargeCommunity{}}, raw: rawOf(wire.AttrLargeCommunities, make([]byte, 12)...),
			both: &rib.Attributes{LargeCommunities: large(7, 8)},
		},
		{
			name: "raw", explicit: rawOf(200, 7), other: rawOf(200, 8), empty: rawOf(200),
		},
	}
}

// TestInheritance walks every value in every form at an announcement, under every form of it as its peer's default: it is inherited
// whole or not at all, and an explicit value of any form beats a default of any form.
func TestInheritance(t *testing.T) {
	covered := map[string]bool{}
	for _, value := range everyValue() {
		absent := &rib.Attributes{}
		for _, own := range []struct {
			form  string
			value *rib.Attributes
		}{{"absent", absent}, {"explicit", value.explicit}, {"empty", value.empty}, {"raw", value.raw}} {
			for _, inherited := range []struct {
				form  string
				value *rib.Attributes
			}{{"absent", absent}, {"default", value.other}, {"empty", value.empty}, {"raw", value.raw}} {
				if own.value == nil || inherited.value == nil {
					continue
				}
				note(covered, own.value)
				note(covered, inherited.value)
				t.Run(value.name+"/"+own.form+" under "+inherited.form, func(t *testing.T) {
					want := own.value
					switch {
					case own.form == "absent":
						want = inherited.value
					case value.both != nil && own.form == "explicit" && inherited.form == "default":
						want = value.both
					case value.both != nil && own.form == "empty" && inherited.form == "default":
						want = inherited.value
					}
					for _, params := range everySession() {
						got, expected := sent(t, params, own.value, inherited.value), sent(t, params, want, absent)
						if got != expected {
							t.Errorf("external %v, link-local next hops %v:\n got %s\nwant %s", params.External, params.LinkLocalNextHop, got, expected)
						}
					}
				})
			}
		}
	}
	for i := range reflect.TypeFor[rib.Attributes]().NumField() {
		if name := reflect.TypeFor[rib.Attributes]().Field(i).Name; !covered[name] {
			t.Errorf("no value of %s was tried", name)
		}
	}
}

// note notes the fields that are set.
func note(covered map[string]bool, a *rib.Attributes) {
	v := reflect.ValueOf(*a)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			covered[v.Type().Field(i).Name] = true
		}
	}
}

func everySession() []rib.Params {
	linkLocal := internal()
	linkLocal.SharedLink, linkLocal.LinkLocalNextHop = true, true
	return []rib.Params{external(), internal(), linkLocal}
}

// sent are the messages that a session is sent of an announcement.
func sent(t *testing.T, params rib.Params, own, defaults *rib.Attributes) string {
	t.Helper()
	table := rib.New()
	update(table, map[string]rib.Export{"tor": {
		Announcements: rib.NewList(announcement("a", *own, "10.0.0.0/24", "2001:db8::/32")), Defaults: *defaults,
	}})
	out := table.Attach("tor", params)
	defer out.Detach()
	return hex.EncodeToString(out.Next(nil, 1<<16))
}
