// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Decoding of UPDATE: RFC 4271 §4.3 and §6.3, RFC 7606, RFC 4760, RFC 4724 §2
// (End-of-RIB).

package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// UpdateOptions hold the decisions of a session about received UPDATEs.
type UpdateOptions struct {
	AS4             bool     // the peer supports 4-octet ASNs (RFC 6793)
	EBGP            bool     // the peer is external
	ExtendedNextHop bool     // IPv4 may have IPv6 next hops (RFC 8950)
	Families        []Family // negotiated, none for IPv4 unicast alone; routes of others are left out
	AddPath         []Family // in which the peer sends path identifiers (RFC 7911)
	// LocalAddress is our address on the session: no next hop from the peer may be
	// the same (RFC 4271 §6.3). The zero Addr turns the check off.
	LocalAddress netip.Addr
}

// Update is a decoded UPDATE. All octet slices, and the values of unknown
// attributes, are borrowed from the message. It may be parsed into again and
// again, keeps its memory, and must not be copied.
type Update struct {
	Withdrawn  []byte // IPv4 unicast, for [Paths]
	NLRI       []byte // IPv4 unicast, for [Paths]
	PathIDs    bool   // Withdrawn and NLRI have path identifiers
	Attributes Attributes
	MPReach    *MPReach   // nil if absent
	MPUnreach  *MPUnreach // nil if absent

	classic    bool // there were Withdrawn Routes or NLRI
	ipv4       bool // IPv4 unicast may be received
	attributes int  // how many there were
	reach      MPReach
	unreach    MPUnreach
	asns       []uint32 // memory of the paths
	as4Path    ASPath
}

// EndOfRIB returns the family of the End-of-RIB that the message is (RFC 4724 §2),
// if routes of that family may be received.
func (u *Update) EndOfRIB() (Family, bool) {
	switch {
	case u.classic:
		return Family{}, false
	case u.attributes == 0:
		return IPv4Unicast, u.ipv4
	case u.attributes == 1 && u.MPUnreach != nil && len(u.MPUnreach.NLRI) == 0:
		return u.MPUnreach.Family, true
	default:
		return Family{}, false
	}
}

// reset forgets the message but keeps the memory.
func (u *Update) reset() {
	a := &u.Attributes
	*u = Update{
		Attributes: Attributes{
			ASPath:              a.ASPath[:0],
			Communities:         a.Communities[:0],
			ClusterList:         a.ClusterList[:0],
			ExtendedCommunities: a.ExtendedCommunities[:0],
			LargeCommunities:    a.LargeCommunities[:0],
			Unknown:             a.Unknown[:0],
		},
		asns:    u.asns[:0],
		as4Path: u.as4Path[:0],
	}
}

// ParseUpdate reads the body of an UPDATE into u.
//
// If several things are wrong, the first error is the strongest. If errors.As
// finds a [*Notification], the session must end with it and u must not be used.
// Else errors.As finds an [*AttributeError] with the action: after
// [TreatAsWithdraw] the NLRI in u can be used, after [Discard] everything in u
// but the attribute.
func ParseUpdate(body []byte, opt UpdateOptions, u *Update) error {
	u.reset()
	withdrawn, rest, ok := cutField(body)
	if !ok {
		return malformedAttributeList("Withdrawn Routes Length", body)
	}
	attributes, nlri, ok := cutField(rest)
	if !ok {
		return malformedAttributeList("Total Path Attribute Length", rest)
	}
	// RFC 7606 §3 i, j: to treat routes as withdrawn all NLRI MUST be readable.
	p := updateParser{opt: opt, u: u, reachable: len(nlri) > 0}
	pathIDs := p.pathIDs(IPv4Unicast)
	if bad := invalidNLRI(IPv4Unicast, pathIDs, withdrawn); len(bad) > 0 {
		return invalidNetwork("Withdrawn Routes", bad)
	}
	if bad := invalidNLRI(IPv4Unicast, pathIDs, nlri); len(bad) > 0 {
		return invalidNetwork("NLRI", bad)
	}
	u.classic = len(withdrawn) > 0 || len(nlri) > 0
	// RFC 4760 §8: with capabilities, IPv4 unicast too must have been negotiated.
	if u.ipv4 = len(opt.Families) == 0 || p.negotiated(IPv4Unicast); u.ipv4 {
		u.Withdrawn, u.NLRI, u.PathIDs = withdrawn, nlri, pathIDs
	}
	p.parse(attributes)
	return p.err()
}

// malformedAttributeList: RFC 7606 §3 b: a Withdrawn Routes Length or Total
// Attribute Length that exceeds the message resets the session. b begins with it.
func malformedAttributeList(field string, b []byte) *Notification {
	detail := field + " cut" // never more than one octet
	if len(b) >= 2 {
		detail = fmt.Sprintf("%s %d, expected at most %d as there are octets left", field, binary.BigEndian.Uint16(b), len(b)-2)
	}
	return &Notification{Code: CodeUpdate, Subcode: UpdateMalformedAttributeList, Detail: detail}
}

// cutField cuts off a field that starts with its length in two octets.
func cutField(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > len(b)-2 {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}

// negotiated reports whether routes of the family may be received.
func (p *updateParser) negotiated(f Family) bool {
	return slices.Contains(p.opt.Families, f)
}

// pathIDs reports whether NLRI of the family have path identifiers.
func (p *updateParser) pathIDs(f Family) bool {
	return slices.Contains(p.opt.AddPath, f)
}
