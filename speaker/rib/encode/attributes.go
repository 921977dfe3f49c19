// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/internal/optional"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Attributes are the path attributes of an announcement as its author wrote them, or a peer's defaults for them. What a
// session makes of them (local AS, LOCAL_PREF, next hop self) is decided when they are encoded. A list that is empty but not nil
// is a value: of none.
type Attributes struct {
	// NextHop4 and NextHop6 replace next hop self for IPv4 and IPv6 routes. The zero Addr means self. NextHop4 may be of
	// IPv6, for peers that understand it (RFC 8950).
	NextHop4, NextHop6 netip.Addr
	// NextHopLinkLocal goes beside NextHop6 (RFC 2545 §3), and both are inherited together. Without one it stands alone, for
	// peers that understand it, and means nothing to others.
	NextHopLinkLocal netip.Addr
	// Origin is nil for the default, IGP.
	Origin *wire.Origin
	// ASPath is the AS path before the local AS is prepended towards an external peer.
	ASPath []uint32
	// Prepend is how many more times the local AS is prepended towards an external peer, nil for none.
	Prepend *int
	// MED is sent only when set.
	MED *uint32
	// LocalPref is sent to internal peers alone, 100 when nil.
	LocalPref *uint32
	// AtomicAggregate and Aggregator say that routes were aggregated, and by whom; nil and the zero Aggregator are unset.
	AtomicAggregate *bool
	Aggregator      wire.Aggregator
	// OriginatorID and ClusterList are of a route reflector (RFC 4456 §8), sent to internal peers alone; zero is none.
	OriginatorID netip.Addr
	ClusterList  []netip.Addr
	// Communities, LargeCommunities and ExtendedCommunities are sent sorted and without duplicates.
	Communities         []wire.Community
	LargeCommunities    []wire.LargeCommunity
	ExtendedCommunities []wire.ExtendedCommunity
	// Raw are attributes given as they go onto the wire. One whose type is set otherwise is not sent.
	Raw []wire.RawAttribute
}

// Equal reports whether a and b hold the same values in the same order.
func (a *Attributes) Equal(b *Attributes) bool {
	return a.NextHop4 == b.NextHop4 && a.NextHop6 == b.NextHop6 && a.NextHopLinkLocal == b.NextHopLinkLocal &&
		optional.Equal(a.AtomicAggregate, b.AtomicAggregate) && a.Aggregator == b.Aggregator && a.OriginatorID == b.OriginatorID &&
		equalLists(a.ClusterList, b.ClusterList) && slices.EqualFunc(a.Raw, b.Raw, equalRaw) &&
		optional.Equal(a.Origin, b.Origin) && optional.Equal(a.Prepend, b.Prepend) &&
		optional.Equal(a.MED, b.MED) && optional.Equal(a.LocalPref, b.LocalPref) &&
		equalLists(a.ASPath, b.ASPath) && equalLists(a.Communities, b.Communities) &&
		equalLists(a.LargeCommunities, b.LargeCommunities) &&
		equalLists(a.ExtendedCommunities, b.ExtendedCommunities)
}

// equalLists tells a list that is unset from an empty one.
func equalLists[T comparable](a, b []T) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }

func equalRaw(a, b wire.RawAttribute) bool {
	return a.Type == b.Type && a.Flags == b.Flags && bytes.Equal(a.Value, b.Value)
}
