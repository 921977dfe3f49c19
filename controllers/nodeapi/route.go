// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Route is one line of /routes.
type Route struct {
	// Family is as in IPv4/Unicast.
	Family string `json:"family"`
	// NLRI is the prefix.
	NLRI string `json:"nlri"`
	// PathID is the path identifier of RFC 7911, absent without add-path.
	PathID *uint32 `json:"pathID,omitempty"`
	// Attributes are as they were sent.
	Attributes RouteAttributes `json:"attributes"`
	// Announcement is the Announcement of a sent route, as namespace/name.
	Announcement string `json:"announcement,omitempty"`
	// Stale is true for a received route that the neighbour has not sent again since the session was lost or since it began a
	// refresh.
	Stale bool `json:"stale,omitempty"`
	// Ineligible is the reason why a received route must not be used, empty if it may be used.
	Ineligible string `json:"ineligible,omitempty"`
}

// IneligibleRouteLeak is the reason of RFC 9234 §5: ONLY_TO_CUSTOMER says that the route must not come from this neighbour.
const IneligibleRouteLeak = "RouteLeak"

// RouteAttributes are path attributes under their names in the API.
type RouteAttributes struct {
	Origin              v1alpha1.Origin      `json:"origin"`
	ASPath              []uint32             `json:"asPath"`
	NextHop             string               `json:"nextHop,omitempty"`
	LinkLocalNextHop    string               `json:"linkLocalNextHop,omitempty"`
	MED                 *uint32              `json:"med,omitempty"`
	LocalPref           *uint32              `json:"localPref,omitempty"`
	Communities         []string             `json:"communities,omitempty"`
	LargeCommunities    []string             `json:"largeCommunities,omitempty"`
	ExtendedCommunities []string             `json:"extendedCommunities,omitempty"`
	Aggregator          *v1alpha1.Aggregator `json:"aggregator,omitempty"`
	AtomicAggregate     bool                 `json:"atomicAggregate,omitempty"`
	OriginatorID        string               `json:"originatorID,omitempty"`
	ClusterList         []string             `json:"clusterList,omitempty"`
	// Raw are the attributes without a name in the API.
	Raw []v1alpha1.RawAttribute `json:"raw,omitempty"`
}

func routeOf(r *rib.Route) Route {
	route := Route{Family: familyName(r.Family), NLRI: r.NLRI.String()}
	if r.Announcement != nil {
		route.Announcement = r.Announcement.Name
	}
	if r.Attributes != nil {
		route.Attributes = attributesOf(r.Attributes)
	}
	if r.NextHop.IsValid() {
		route.Attributes.NextHop = r.NextHop.String()
	}
	return route
}

func receivedRoute(r *adjin.Route) Route {
	route := Route{Family: familyName(r.Family), NLRI: r.NLRI.String(), Attributes: attributesOf(r.Attributes), Stale: r.Stale}
	if r.HasPathID {
		route.PathID = new(r.PathID)
	}
	if r.NextHop.IsValid() {
		route.Attributes.NextHop = r.NextHop.String()
	}
	if r.LinkLocal.IsValid() {
		route.Attributes.LinkLocalNextHop = r.LinkLocal.String()
	}
	if r.Leaked {
		route.Ineligible = IneligibleRouteLeak
	}
	return route
}

func attributesOf(a *wire.Attributes) RouteAttributes {
	out := RouteAttributes{
		Origin:              originName(a.Origin),
		ASPath:              []uint32{},
		Communities:         texts(a.Communities),
		LargeCommunities:    texts(a.LargeCommunities),
		ExtendedCommunities: texts(a.ExtendedCommunities),
		AtomicAggregate:     a.AtomicAggregate,
		ClusterList:         texts(a.ClusterList),
	}
	for _, segment := range a.ASPath {
		out.ASPath = append(out.ASPath, segment.ASNs...)
	}
	if a.HasMED {
		out.MED = &a.MED
	}
	if a.HasLocalPref {
		out.LocalPref = &a.LocalPref
	}
	if a.Aggregator.Addr.IsValid() {
		out.Aggregator = &v1alpha1.Aggregator{ASN: int64(a.Aggregator.ASN), Address: a.Aggregator.Addr.String()}
	}
	if a.OriginatorID.IsValid() {
		out.OriginatorID = a.OriginatorID.String()
	}
	for _, raw := range a.Unknown {
		out.Raw = append(out.Raw, rawOf(raw))
	}
	if a.HasOTC {
		out.Raw = append(out.Raw, rawOf(wire.RawAttribute{
			Flags: wire.FlagOptional | wire.FlagTransitive, Type: wire.AttrOTC, Value: binary.BigEndian.AppendUint32(nil, a.OTC),
		}))
	}
	return out
}

func rawOf(raw wire.RawAttribute) v1alpha1.RawAttribute {
	return v1alpha1.RawAttribute{
		Code: int32(raw.Type), Flags: new(int32(raw.Flags)), Value: new(hex.EncodeToString(raw.Value)),
	}
}

func texts[T fmt.Stringer](values []T) []string {
	if len(values) == 0 {
		return nil
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return out
}

func originName(o wire.Origin) v1alpha1.Origin {
	switch o {
	case wire.OriginIGP:
		return v1alpha1.OriginIGP
	case wire.OriginEGP:
		return v1alpha1.OriginEGP
	default:
		return v1alpha1.OriginIncomplete
	}
}

func familyName(f wire.Family) string {
	if named, ok := compile.FamilyName(f); ok {
		return named.String()
	}
	return f.String()
}
