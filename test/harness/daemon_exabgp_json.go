// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"strings"
)

// exabgpTable is what ExaBGP's events amount to.
type exabgpTable struct {
	session Session
	routes  map[exabgpNLRI]*Route
}

// exabgpNLRI is what identifies a route (RFC 7911 §3).
type exabgpNLRI struct {
	prefix netip.Prefix
	path   uint32
}

// exabgpEvent is what is read of an event of ExaBGP's JSON API, version 4.
type exabgpEvent struct {
	Time     json.Number `json:"time"`
	Type     string      `json:"type"`
	Neighbor struct {
		State  string `json:"state"`
		Reason string `json:"reason"`
		Open   struct {
			Capabilities map[int]struct {
				Raw string `json:"raw"` // in hexadecimal, of one that ExaBGP does not know
			} `json:"capabilities"`
		} `json:"open"`
		Message struct {
			EndOfRIB *struct {
				AFI string `json:"afi"`
			} `json:"eor"`
			Update *exabgpUpdate `json:"update"`
		} `json:"message"`
	} `json:"neighbor"`
}

type exabgpUpdate struct {
	Attributes exabgpAttributes                     `json:"attribute"`
	Announce   map[string]map[string][]exabgpPrefix `json:"announce"` // by family, then by next hop
	Withdraw   map[string][]exabgpPrefix            `json:"withdraw"` // by family
}

type exabgpPrefix struct {
	NLRI netip.Prefix `json:"nlri"`
	Path netip.Addr   `json:"path-information"` // a path identifier as a dotted quad
}

func (p exabgpPrefix) key() exabgpNLRI {
	key := exabgpNLRI{prefix: p.NLRI}
	if p.Path.Is4() {
		octets := p.Path.As4()
		key.path = binary.BigEndian.Uint32(octets[:])
	}
	return key
}

type exabgpAttributes struct {
	Origin         string     `json:"origin"`
	ASPath         []uint32   `json:"as-path"`
	MED            *uint32    `json:"med"`
	LocalPref      *uint32    `json:"local-preference"`
	Community      [][]uint32 `json:"community"`
	LargeCommunity [][]uint32 `json:"large-community"`
	ExtCommunity   []struct {
		Text string `json:"string"`
	} `json:"extended-community"`
	Aggregator      string       `json:"aggregator"` // ASN:ADDRESS
	AtomicAggregate bool         `json:"atomic-aggregate"`
	OriginatorID    netip.Addr   `json:"originator-id"`
	ClusterList     []netip.Addr `json:"cluster-list"`

	unknown map[string]string // by names such as attribute-0xD5-0xE0: code and flags
}

// UnmarshalJSON keeps what has no name beside what has one.
func (a *exabgpAttributes) UnmarshalJSON(text []byte) error {
	type named exabgpAttributes
	if err := json.Unmarshal(text, (*named)(a)); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	a.unknown = map[string]string{}
	for name, value := range all {
		var octets string
		if strings.HasPrefix(name, exabgpUnknown) && json.Unmarshal(value, &octets) == nil {
			a.unknown[name] = octets
		}
	}
	return nil
}

const exabgpUnknown = "attribute-0x"

// readExaBGPEvents applies every event that was written whole, one a line.
func readExaBGPEvents(events string) (exabgpTable, error) {
	table := exabgpTable{session: Session{State: "down"}, routes: map[exabgpNLRI]*Route{}}
	for line := range strings.Lines(events) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		var event exabgpEvent
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			return table, fmt.Errorf("ExaBGP's event: %w: %s", err, line)
		}
		table.apply(event)
	}
	return table, nil
}

func (t *exabgpTable) apply(event exabgpEvent) {
	switch event.Type {
	case "state":
		t.transition(event)
	case "open":
		octets := func(code int) string {
			raw, _ := hex.DecodeString(event.Neighbor.Open.Capabilities[code].Raw)
			return counted(string(raw))
		}
		t.session.HostName, t.session.SoftwareVersion = octets(capabilityHostName), octets(capabilityVersion)
	case "update":
		if end := event.Neighbor.Message.EndOfRIB; end != nil {
			family := map[string]Family{"ipv4": IPv4, "ipv6": IPv6}[end.AFI]
			t.session.EndOfRIB = append(t.session.EndOfRIB, family)
		}
		if update := event.Neighbor.Message.Update; update != nil {
			t.update(update)
		}
	}
}

// transition forgets all routes with the session: ExaBGP keeps none.
func (t *exabgpTable) transition(event exabgpEvent) {
	wasUp := t.session.Established
	t.session.State = event.Neighbor.State
	t.session.Established = event.Neighbor.State == "up"
	switch event.Neighbor.State {
	case "up":
		t.session.Since, t.session.EndOfRIB = event.Time.String(), nil
	case "down":
		clear(t.routes)
		if wasUp { // later attempts to connect fail for other reasons
			t.session.LastError = event.Neighbor.Reason
		}
	}
}

func (t *exabgpTable) update(update *exabgpUpdate) {
	for _, prefixes := range update.Withdraw {
		for _, prefix := range prefixes {
			delete(t.routes, prefix.key())
		}
	}
	for _, hops := range update.Announce {
		t.session.Routes++
		announced := map[exabgpNLRI]*Route{}
		for hop, prefixes := range hops {
			for _, prefix := range prefixes {
				key := prefix.key()
				if announced[key] == nil {
					announced[key] = update.Attributes.route()
					announced[key].PathID = key.path
				}
				announced[key].setHop(hop)
			}
		}
		maps.Copy(t.routes, announced)
	}
}

// setHop tells the two next hops of RFC 2545 §3 apart: ExaBGP lists a prefix under each.
func (r *Route) setHop(text string) {
	hop, err := netip.ParseAddr(text)
	switch {
	case err != nil:
	case hop.IsLinkLocalUnicast():
		r.LinkLocal = hop
	default:
		r.NextHop = hop
	}
}

func (a exabgpAttributes) route() *Route {
	route := &Route{
		Origin: originName(a.Origin), ASPath: a.ASPath, MED: a.MED, LocalPref: a.LocalPref,
		Communities: exabgpNumbers(a.Community), LargeCommunities: exabgpNumbers(a.LargeCommunity),
		Aggregator: strings.Replace(a.Aggregator, ":", " ", 1), AtomicAggregate: a.AtomicAggregate,
		OriginatorID: a.OriginatorID, ClusterList: a.ClusterList,
	}
	for name, octets := range a.unknown {
		code, _, _ := strings.Cut(strings.TrimPrefix(name, exabgpUnknown), "-")
		route.setUnknown(code, 16, octets)
	}
	for _, c := range a.ExtCommunity {
		route.ExtendedCommunities = append(route.ExtendedCommunities, exabgpExtendedCommunity(c.Text))
	}
	sortCommunities(route.ExtendedCommunities)
	return route
}

// exabgpExtendedCommunity knows route targets and origins (RFC 4360 §4, §5). ExaBGP writes the number of an origin as an
// address: origin:64512:0.0.0.200.
func exabgpExtendedCommunity(text string) string {
	kind, value, _ := strings.Cut(text, ":")
	switch kind {
	case "target":
		return "rt:" + value
	case "origin":
		administrator, number, _ := strings.Cut(value, ":")
		if dotted, err := netip.ParseAddr(number); err == nil && dotted.Is4() {
			octets := dotted.As4()
			number = strconv.FormatUint(uint64(binary.BigEndian.Uint32(octets[:])), 10)
		}
		return "soo:" + administrator + ":" + number
	}
	return text
}

func exabgpNumbers(list [][]uint32) []string {
	var communities []string
	for _, numbers := range list {
		text := strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ":"), "[]")
		communities = append(communities, text)
	}
	return sortCommunities(communities)
}
