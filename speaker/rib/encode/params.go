// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Params are what a session contributes to the routes that its peer is sent.
type Params struct {
	// Families are the negotiated ones, in the order in which they are walked.
	Families []wire.Family
	// External: the peer is in another AS (eBGP).
	External bool
	// LocalASN is prepended towards external peers.
	LocalASN uint32
	// AS4: both sides use 4-octet AS numbers (RFC 6793).
	AS4 bool
	// MaxLen is the greatest length of a message in octets: [wire.MaxMessageLen]
	// or [wire.MaxExtendedMessageLen] (RFC 8654).
	MaxLen int
	// LocalAddress of the session is next hop self of its family.
	LocalAddress netip.Addr
	// AddPath are the families in which we send path identifiers (RFC 7911 §4).
	AddPath []wire.Family
	// ExtendedNextHop: IPv4 routes may have an IPv6 next hop (RFC 8950 §4).
	ExtendedNextHop bool
	// SharedLink: the peer is on a link of ours. Only then it is told of a link-local next hop that attributes name (RFC 2545 §3).
	SharedLink bool
	// LinkLocalNextHop: a link-local next hop may stand alone (draft-ietf-idr-linklocal-capability).
	LinkLocalNextHop bool
	// OTC is the ASN in the ONLY_TO_CUSTOMER that is attached (RFC 9234 §5), 0 for none.
	OTC uint32
	// WithholdOTC: routes that carry ONLY_TO_CUSTOMER must not be sent (RFC 9234 §5).
	WithholdOTC bool
	// PeerAddress is never a next hop (RFC 4271 §5.1.3).
	PeerAddress netip.Addr
	// NodeAddress4 and NodeAddress6 are next hop self of the family that
	// LocalAddress is not of, unless the export has others. The zero Addr means there is none.
	NodeAddress4, NodeAddress6 netip.Addr
	// LinkLocal is ours on a link that is shared with the peer, sent beside a
	// global IPv6 next hop self (RFC 2545 §3). The zero Addr means there is none.
	LinkLocal netip.Addr
}

// Normal returns p with its addresses in the form that NLRI and next hops have:
// without zones, which mean nothing to the peer, and IPv4 as such even when the
// socket is an IPv6 one.
func (p Params) Normal() Params {
	p.Families, p.AddPath = slices.Clone(p.Families), slices.Clone(p.AddPath)
	for _, a := range []*netip.Addr{
		&p.LocalAddress, &p.PeerAddress, &p.NodeAddress4, &p.NodeAddress6, &p.LinkLocal,
	} {
		*a = a.Unmap().WithZone("")
	}
	return p
}
