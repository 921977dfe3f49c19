// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// gobgpNeighbor is what is read of `gobgp -j neighbor ADDRESS`.
type gobgpNeighbor struct {
	State struct {
		SessionState int               `json:"session_state"`
		Capabilities []gobgpCapability `json:"remote_cap"`
		Messages     struct {
			Received struct {
				Update int `json:"update"`
			} `json:"received"`
		} `json:"messages"`
	} `json:"state"`
	Timers struct {
		State struct {
			Uptime struct {
				Seconds int64 `json:"seconds"`
			} `json:"uptime"`
		} `json:"state"`
	} `json:"timers"`
	GracefulRestart struct {
		PeerRestarting bool `json:"peer_restarting"`
	} `json:"graceful_restart"`
	AFISAFIs []struct {
		Config struct {
			Family struct {
				AFI int `json:"afi"`
			} `json:"family"`
		} `json:"config"`
		GracefulRestart struct {
			State struct {
				EndOfRIBReceived bool `json:"end_of_rib_received"`
			} `json:"state"`
		} `json:"mp_graceful_restart"`
	} `json:"afi_safis"`
}

// gobgpStates are the values of its enum PeerState_SessionState.
var gobgpStates = map[int]string{1: "Idle", 2: "Connect", 3: "Active", 4: "OpenSent", 5: "OpenConfirm", 6: "Established"}

func (n gobgpNeighbor) session() Session {
	state := gobgpStates[n.State.SessionState]
	session := Session{
		State: state, Established: state == "Established",
		Since:      strconv.FormatInt(n.Timers.State.Uptime.Seconds, 10),
		Routes:     n.State.Messages.Received.Update,
		Restarting: n.GracefulRestart.PeerRestarting,
	}
	for _, capability := range n.State.Capabilities {
		capability.show(&session)
	}
	for _, family := range n.AFISAFIs {
		if !family.GracefulRestart.State.EndOfRIBReceived {
			continue
		}
		session.EndOfRIB = append(session.EndOfRIB, map[int]Family{1: IPv4, 2: IPv6}[family.Config.Family.AFI])
	}
	return session
}

// gobgpCapability is a capability as a protocol buffer.
type gobgpCapability struct {
	Type  string `json:"type_url"`
	Value []byte `json:"value"`
}

// show reads the two capabilities that tell of the neighbour. Both have their text in a field of type string or bytes, whose tag
// and length are an octet each. The unknown capability 75 has its code before the field, and a length of its own in the value.
func (c gobgpCapability) show(session *Session) {
	field := func(octets []byte, tag byte) string {
		if len(octets) < 2 || octets[0] != tag || len(octets) < 2+int(octets[1]) {
			return ""
		}
		return string(octets[2 : 2+int(octets[1])])
	}
	const first, second = 1<<3 | 2, 2<<3 | 2
	switch {
	case strings.HasSuffix(c.Type, ".FqdnCapability"):
		session.HostName = field(c.Value, first)
	case strings.HasSuffix(c.Type, ".UnknownCapability") && len(c.Value) > 2 && c.Value[1] == capabilityVersion:
		session.SoftwareVersion = counted(field(c.Value[2:], second))
	}
}

// gobgpPath is what is read of a path of `gobgp -j global rib`.
type gobgpPath struct {
	Attributes []gobgpAttribute `json:"attrs"`
	Stale      bool             `json:"stale"`
}

// gobgpAttribute is one path attribute; which members it has depends on its type.
type gobgpAttribute struct {
	Type    int             `json:"type"`
	Value   json.RawMessage `json:"value"`
	NextHop string          `json:"nexthop"`
	MED     *uint32         `json:"metric"`
	ASPaths []struct {
		ASNs []uint32 `json:"asns"`
	} `json:"as_paths"`
	Communities []uint32 `json:"communities"`
	AS          uint32   `json:"as"`
	Address     string   `json:"address"`
}

// Path attribute type codes (RFC 4271 §5, RFC 1997, RFC 4456, RFC 4760, RFC 4360, RFC 8092).
const (
	attributeOrigin            = 1
	attributeASPath            = 2
	attributeNextHop           = 3
	attributeMED               = 4
	attributeLocalPref         = 5
	attributeAtomicAggregate   = 6
	attributeAggregator        = 7
	attributeCommunities       = 8
	attributeOriginatorID      = 9
	attributeClusterList       = 10
	attributeMPReach           = 14
	attributeExtendedCommunity = 16
	attributeLargeCommunity    = 32
)

func (p gobgpPath) route() (*Route, error) {
	route := &Route{Stale: p.Stale}
	for _, attribute := range p.Attributes {
		if err := route.setGoBGP(attribute); err != nil {
			return nil, fmt.Errorf("GoBGP's attribute %d: %w", attribute.Type, err)
		}
	}
	return route, nil
}

func (r *Route) setGoBGP(a gobgpAttribute) (err error) {
	switch a.Type {
	case attributeOrigin:
		r.Origin = originName(string(a.Value))
	case attributeASPath:
		for _, segment := range a.ASPaths {
			r.ASPath = append(r.ASPath, segment.ASNs...)
		}
	case attributeNextHop, attributeMPReach:
		r.NextHop, err = netip.ParseAddr(a.NextHop)
	case attributeMED:
		r.MED = a.MED
	case attributeLocalPref:
		err = json.Unmarshal(a.Value, &r.LocalPref)
	case attributeCommunities:
		for _, value := range a.Communities {
			r.Communities = append(r.Communities, community(value))
		}
		sortCommunities(r.Communities)
	case attributeExtendedCommunity:
		r.ExtendedCommunities, err = gobgpExtendedCommunities(a.Value)
	case attributeLargeCommunity:
		r.LargeCommunities, err = gobgpLargeCommunities(a.Value)
	case attributeAtomicAggregate:
		r.AtomicAggregate = true
	case attributeAggregator:
		r.Aggregator = fmt.Sprintf("%d %s", a.AS, a.Address)
	case attributeOriginatorID:
		err = json.Unmarshal(a.Value, &r.OriginatorID)
	case attributeClusterList:
		err = json.Unmarshal(a.Value, &r.ClusterList)
	default:
		var octets []byte
		err = json.Unmarshal(a.Value, &octets)
		r.setUnknown(strconv.Itoa(a.Type), 10, hex.EncodeToString(octets))
	}
	return err
}

// gobgpExtendedCommunities knows the subtypes 2, route target, and 3, route origin (RFC 4360 §4, §5).
func gobgpExtendedCommunities(value json.RawMessage) ([]string, error) {
	var list []struct {
		Subtype int    `json:"subtype"`
		Value   string `json:"value"`
	}
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, err
	}
	var communities []string
	for _, c := range list {
		kind, known := map[int]string{2: "rt", 3: "soo"}[c.Subtype]
		if !known {
			kind = fmt.Sprintf("subtype %d", c.Subtype)
		}
		communities = append(communities, kind+":"+c.Value)
	}
	return sortCommunities(communities), nil
}

func gobgpLargeCommunities(value json.RawMessage) ([]string, error) {
	var list []struct {
		ASN        uint32 `json:"ASN"`
		LocalData1 uint32 `json:"LocalData1"`
		LocalData2 uint32 `json:"LocalData2"`
	}
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, err
	}
	var communities []string
	for _, c := range list {
		communities = append(communities, fmt.Sprintf("%d:%d:%d", c.ASN, c.LocalData1, c.LocalData2))
	}
	return sortCommunities(communities), nil
}
