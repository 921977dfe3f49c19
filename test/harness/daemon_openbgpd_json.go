// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"net/netip"
	"strings"
)

// openbgpdNeighbor is what is read of `bgpctl -j show neighbor ADDRESS`.
type openbgpdNeighbor struct {
	State             string `json:"state"`
	LastErrorSent     string `json:"last_error_sent"`
	LastErrorReceived string `json:"last_error_received"`
	LastShutdown      string `json:"last_shutdown_reason"`
	Stats             struct {
		Update struct {
			Received struct {
				Updates int `json:"updates"`
			} `json:"received"`
		} `json:"update"`
	} `json:"stats"`
}

func (n openbgpdNeighbor) session() Session {
	return Session{
		State: n.State, Established: n.State == "Established", Routes: n.Stats.Update.Received.Updates,
		LastError: strings.TrimSpace(n.LastErrorSent + " " + n.LastErrorReceived + " " + n.LastShutdown),
	}
}

// openbgpdRoute is what is read of an entry of `bgpctl -j show rib detail PREFIX`.
type openbgpdRoute struct {
	Prefix   netip.Prefix `json:"prefix"`
	ASPath   string       `json:"aspath"`
	NextHop  netip.Addr   `json:"exit_nexthop"`
	Neighbor struct {
		Address string `json:"remote_addr"`
	} `json:"neighbor"`
	PathID              uint32              `json:"path_id"`
	Origin              string              `json:"origin"`
	MED                 uint32              `json:"metric"` // 0 where there is none, too
	LocalPref           uint32              `json:"localpref"`
	Stale               bool                `json:"stale"`
	Communities         []string            `json:"communities"`
	ExtendedCommunities []string            `json:"extended_communities"`
	LargeCommunities    []string            `json:"large_communities"`
	Attributes          []openbgpdAttribute `json:"attributes"`
}

// openbgpdAttribute is a further path attribute; which members it has depends on its type.
type openbgpdAttribute struct {
	Type       string       `json:"type"`
	AS         uint32       `json:"AS"`
	Router     string       `json:"router_id"`
	Originator netip.Addr   `json:"originator"`
	Clusters   []netip.Addr `json:"cluster_list"`
	Data       string       `json:"data"`
}

func (r openbgpdRoute) route() (Route, error) {
	route := Route{
		NextHop: r.NextHop, Origin: originName(r.Origin), LocalPref: &r.LocalPref, PathID: r.PathID, Stale: r.Stale,
		LargeCommunities: sortCommunities(r.LargeCommunities),
	}
	if r.MED != 0 {
		route.MED = &r.MED
	}
	for _, name := range r.Communities {
		route.Communities = append(route.Communities, numericCommunity(name))
	}
	for _, text := range r.ExtendedCommunities {
		route.ExtendedCommunities = append(route.ExtendedCommunities, strings.ReplaceAll(text, " ", ":"))
	}
	sortCommunities(route.Communities)
	sortCommunities(route.ExtendedCommunities)
	for _, attribute := range r.Attributes {
		route.setOpenBGPD(attribute)
	}
	var err error
	route.ASPath, err = parseASNs(strings.Fields(r.ASPath))
	return route, err
}

func (r *Route) setOpenBGPD(a openbgpdAttribute) {
	switch a.Type {
	case "Atomic Aggregate":
		r.AtomicAggregate = true
	case "Aggregator":
		r.Aggregator = fmt.Sprintf("%d %s", a.AS, a.Router)
	case "Originator Id":
		r.OriginatorID = a.Originator
	case "Cluster Id List":
		r.ClusterList = a.Clusters
	case "OTC":
		r.OTC = a.AS
	default:
		r.setUnknown(strings.TrimPrefix(a.Type, "Unknown Attribute #"), 10, a.Data)
	}
}
