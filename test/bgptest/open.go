// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package bgptest

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Open is an OPEN with the capabilities that most routers offer.
func Open(asn uint32, routerID string, hold uint16, families ...wire.Family) *wire.Open {
	two := wire.ASTrans
	if asn <= 0xffff {
		two = uint16(asn)
	}
	return &wire.Open{
		Version: wire.Version, ASN: two, HoldTime: hold, RouterID: netip.MustParseAddr(routerID), HasCapabilities: true,
		Capabilities: wire.Capabilities{Families: families, RouteRefresh: true, FourOctetAS: asn},
	}
}

// UpdateOptions say how to parse the peer's UPDATEs, by both OPENs.
func (s *Session) UpdateOptions() wire.UpdateOptions {
	ours, theirs := &s.Sent.Capabilities, &s.Opened.Capabilities
	options := wire.UpdateOptions{
		AS4: ours.FourOctetAS != 0 && theirs.FourOctetAS != 0, EBGP: s.Sent.PeerASN() != s.Opened.PeerASN(),
		ExtendedNextHop: len(ours.ExtendedNextHop) > 0 && len(theirs.ExtendedNextHop) > 0,
	}
	for _, f := range ours.Families {
		if !slices.Contains(theirs.Families, f) {
			continue
		}
		options.Families = append(options.Families, f)
		if ours.AddPathMode(f).Receives() && theirs.AddPathMode(f).Sends() {
			options.AddPath = append(options.AddPath, f)
		}
	}
	return options
}

// Routes is what an UPDATE says of paths, in its order.
type Routes struct {
	Announced, Withdrawn []wire.Path
	// PathIDs says that the paths have identifiers.
	PathIDs bool
	// EndOfRIB is set where the UPDATE is the End-of-RIB of a family.
	EndOfRIB bool
	// Attributes borrow from the message.
	Attributes *wire.Attributes
}

// ParseUpdate reads the UPDATE m.
func ParseUpdate(m Message, options wire.UpdateOptions) (*Routes, error) {
	u := new(wire.Update)
	if err := wire.ParseUpdate(m.Body(), options, u); err != nil {
		return nil, err
	}
	r := &Routes{Attributes: &u.Attributes, PathIDs: u.PathIDs}
	_, r.EndOfRIB = u.EndOfRIB()
	add := func(to *[]wire.Path, f wire.Family, pathIDs bool, nlri []byte) error {
		r.PathIDs = r.PathIDs || pathIDs
		for path, err := range wire.Paths(f, pathIDs, nlri) {
			if err != nil {
				return err
			}
			*to = append(*to, path)
		}
		return nil
	}
	if err := add(&r.Withdrawn, wire.IPv4Unicast, u.PathIDs, u.Withdrawn); err != nil {
		return nil, err
	}
	if err := add(&r.Announced, wire.IPv4Unicast, u.PathIDs, u.NLRI); err != nil {
		return nil, err
	}
	if reach := u.MPReach; reach != nil {
		if err := add(&r.Announced, reach.Family, reach.PathIDs, reach.NLRI); err != nil {
			return nil, err
		}
	}
	if unreach := u.MPUnreach; unreach != nil {
		if err := add(&r.Withdrawn, unreach.Family, unreach.PathIDs, unreach.NLRI); err != nil {
			return nil, err
		}
	}
	return r, nil
}
