// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"net/netip"
	"strings"
)

// frrNeighbor is what is read of `show bgp neighbors ADDRESS json`.
type frrNeighbor struct {
	State                  string `json:"bgpState"`
	HostName               string `json:"hostname"`
	ConnectionsEstablished int    `json:"connectionsEstablished"`
	LastNotificationReason string `json:"lastNotificationReason"`
	LastShutdown           string `json:"lastShutdownDescription"`
	LastResetDueTo         string `json:"lastResetDueTo"`
	GracefulRestart        struct {
		EndOfRIBReceived map[string]bool `json:"endOfRibRecv"`
		Timers           struct {
			RestartRemaining int `json:"restartTimerRemaining"`
		} `json:"timers"`
	} `json:"gracefulRestartInfo"`
	Messages struct {
		UpdatesReceived int `json:"updatesRecv"`
	} `json:"messageStats"`
	RestartTimerMsecs int `json:"gracefulRestartTimerMsecs"`
}

func (n frrNeighbor) session() Session {
	session := Session{
		State:       n.State,
		HostName:    n.HostName,
		Established: n.State == "Established",
		Since:       fmt.Sprintf("connection %d", n.ConnectionsEstablished), // its time of day is computed anew each time
		Restarting:  n.RestartTimerMsecs > 0 || n.GracefulRestart.Timers.RestartRemaining > 0,
		Routes:      n.Messages.UpdatesReceived,
		LastError:   strings.TrimSpace(n.LastResetDueTo + " " + n.LastNotificationReason + " " + n.LastShutdown),
	}
	if n.GracefulRestart.EndOfRIBReceived["ipv4Unicast"] {
		session.EndOfRIB = append(session.EndOfRIB, IPv4)
	}
	if n.GracefulRestart.EndOfRIBReceived["ipv6Unicast"] {
		session.EndOfRIB = append(session.EndOfRIB, IPv6)
	}
	return session
}

// frrRoutes is what is read of `show bgp FAMILY unicast PREFIX json`, which answers with the longest match.
type frrRoutes struct {
	Prefix string     `json:"prefix"`
	Paths  []frrRoute `json:"paths"`
}

type frrRoute struct {
	ASPath struct {
		Segments []struct {
			List []uint32 `json:"list"`
		} `json:"segments"`
	} `json:"aspath"`
	Origin    string  `json:"origin"`
	MED       *uint32 `json:"metric"`
	LocalPref *uint32 `json:"locPrf"`
	Stale     bool    `json:"stale"`
	Community struct {
		List []string `json:"list"`
	} `json:"community"`
	LargeCommunity struct {
		List []string `json:"list"`
	} `json:"largeCommunity"`
	ExtendedCommunity struct {
		Text string `json:"string"`
	} `json:"extendedCommunity"`
	AggregatorAS    uint32     `json:"aggregatorAs"`
	AggregatorID    string     `json:"aggregatorId"`
	AtomicAggregate bool       `json:"atomicAggregate"`
	OriginatorID    netip.Addr `json:"originatorId"`
	ClusterList     struct {
		List []netip.Addr `json:"list"`
	} `json:"clusterList"`
	OTC      uint32 `json:"otc"`
	PathID   uint32 `json:"addpathRxId"`
	NextHops []struct {
		IP    netip.Addr `json:"ip"`
		Scope string     `json:"scope"`
	} `json:"nexthops"`
}

// routes returns the routes of a prefix, none where the longest match is another prefix.
func (t frrRoutes) routes(prefix netip.Prefix) []Route {
	if t.Prefix != prefix.String() {
		return nil
	}
	var routes []Route
	for _, path := range t.Paths {
		routes = append(routes, path.route())
	}
	return routes
}

func (path frrRoute) route() Route {
	route := Route{
		Origin: originName(path.Origin), MED: path.MED, LocalPref: path.LocalPref, Stale: path.Stale,
		LargeCommunities: sortCommunities(path.LargeCommunity.List), AtomicAggregate: path.AtomicAggregate,
		OriginatorID: path.OriginatorID, ClusterList: path.ClusterList.List, OTC: path.OTC, PathID: path.PathID,
	}
	if path.AggregatorAS != 0 {
		route.Aggregator = fmt.Sprintf("%d %s", path.AggregatorAS, path.AggregatorID)
	}
	for _, segment := range path.ASPath.Segments {
		route.ASPath = append(route.ASPath, segment.List...)
	}
	for _, name := range path.Community.List {
		route.Communities = append(route.Communities, numericCommunity(name))
	}
	for _, text := range strings.Fields(path.ExtendedCommunity.Text) {
		kind, value, _ := strings.Cut(text, ":")
		route.ExtendedCommunities = append(route.ExtendedCommunities, strings.ToLower(kind)+":"+value)
	}
	sortCommunities(route.Communities)
	sortCommunities(route.ExtendedCommunities)
	for _, hop := range path.NextHops {
		if hop.Scope == "link-local" {
			route.LinkLocal = hop.IP
		} else {
			route.NextHop = hop.IP
		}
	}
	return route
}
