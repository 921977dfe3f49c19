// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"cmp"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// value is something that a route has once on the wire, and so is inherited whole or not at all.
type value struct {
	// code is that of the path attribute that it is alone, 0 for a part of one: a raw attribute may have its place.
	code wire.AttributeType
	set  func(*Attributes) bool
	take func(to, from *Attributes)
	// join, in place of take, makes one value of both.
	join func(to, defaults *Attributes)
}

// values are all that can be inherited, but for raw attributes.
var values = []value{
	{
		set:  func(a *Attributes) bool { return a.NextHop4.IsValid() },
		take: func(to, from *Attributes) { to.NextHop4 = from.NextHop4 },
	},
	{ // RFC 2545 §3: both addresses are of one router, and one next hop
		set:  func(a *Attributes) bool { return a.NextHop6.IsValid() || a.NextHopLinkLocal.IsValid() },
		take: func(to, from *Attributes) { to.NextHop6, to.NextHopLinkLocal = from.NextHop6, from.NextHopLinkLocal },
	},
	{
		set:  func(a *Attributes) bool { return a.Origin != nil },
		take: func(to, from *Attributes) { to.Origin = from.Origin },
	},
	{
		set:  func(a *Attributes) bool { return a.ASPath != nil },
		take: func(to, from *Attributes) { to.ASPath = from.ASPath },
	},
	{ // how often our own ASN goes before AS_PATH is no part of the path that it goes before
		set:  func(a *Attributes) bool { return a.Prepend != nil },
		take: func(to, from *Attributes) { to.Prepend = from.Prepend },
	},
	{
		code: wire.AttrMED,
		set:  func(a *Attributes) bool { return a.MED != nil },
		take: func(to, from *Attributes) { to.MED = from.MED },
	},
	{
		set:  func(a *Attributes) bool { return a.LocalPref != nil },
		take: func(to, from *Attributes) { to.LocalPref = from.LocalPref },
	},
	{
		code: wire.AttrAtomicAggregate,
		set:  func(a *Attributes) bool { return a.AtomicAggregate != nil },
		take: func(to, from *Attributes) { to.AtomicAggregate = from.AtomicAggregate },
	},
	{
		code: wire.AttrAggregator,
		set:  func(a *Attributes) bool { return a.Aggregator.Addr.IsValid() },
		take: func(to, from *Attributes) { to.Aggregator = from.Aggregator },
	},
	{
		code: wire.AttrCommunities,
		set:  func(a *Attributes) bool { return a.Communities != nil },
		join: func(to, d *Attributes) { to.Communities = union(to.Communities, d.Communities, cmp.Compare) },
	},
	{
		code: wire.AttrOriginatorID,
		set:  func(a *Attributes) bool { return a.OriginatorID.IsValid() },
		take: func(to, from *Attributes) { to.OriginatorID = from.OriginatorID },
	},
	{
		code: wire.AttrClusterList,
		set:  func(a *Attributes) bool { return a.ClusterList != nil },
		take: func(to, from *Attributes) { to.ClusterList = from.ClusterList },
	},
	{
		code: wire.AttrExtendedCommunities,
		set:  func(a *Attributes) bool { return a.ExtendedCommunities != nil },
		join: func(to, d *Attributes) {
			to.ExtendedCommunities = union(to.ExtendedCommunities, d.ExtendedCommunities, wire.ExtendedCommunity.Compare)
		},
	},
	{
		code: wire.AttrLargeCommunities,
		set:  func(a *Attributes) bool { return a.LargeCommunities != nil },
		join: func(to, d *Attributes) {
			to.LargeCommunities = union(to.LargeCommunities, d.LargeCommunities, wire.LargeCommunity.Compare)
		},
	},
}

// inherit makes of an announcement's attributes those with what it leaves unset taken from defaults, and the communities of both. An
// explicit value of any form, raw or empty, beats a default of any form.
func inherit(merged, a, defaults *Attributes) {
	*merged = *a
	merged.Raw = slices.Clip(a.Raw)
	for _, r := range defaults.Raw {
		if !hasRaw(a.Raw, r.Type) && !setsOtherwise(a, r.Type) {
			merged.Raw = append(merged.Raw, r)
		}
	}
	for i := range values {
		v := &values[i]
		switch {
		case hasRaw(a.Raw, v.code):
		case v.join != nil:
			v.join(merged, defaults)
		case !v.set(a):
			v.take(merged, defaults)
		}
	}
}

// hasRaw reports whether one of the raw attributes is of a type.
func hasRaw(list []wire.RawAttribute, code wire.AttributeType) bool {
	return slices.ContainsFunc(list, func(r wire.RawAttribute) bool { return r.Type == code })
}

// setsOtherwise reports whether a has a value, be it empty, for the path attribute of a type.
func setsOtherwise(a *Attributes, code wire.AttributeType) bool {
	return slices.ContainsFunc(values, func(v value) bool { return v.code == code && v.set(a) })
}

// union returns the elements of both lists, sorted and without duplicates: they are sets (RFC 1997, RFC 4360 §2, RFC 8092 §3).
func union[T comparable](a, b []T, compare func(T, T) int) []T {
	if len(b) == 0 && isSet(a, compare) {
		return a
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, compare)
	return slices.Compact(all)
}

// isSet reports whether a list is sorted and without duplicates already.
func isSet[T comparable](list []T, compare func(T, T) int) bool {
	for i := 1; i < len(list); i++ {
		if compare(list[i-1], list[i]) >= 0 {
			return false
		}
	}
	return true
}
