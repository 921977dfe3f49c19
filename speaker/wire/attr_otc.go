// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// ONLY_TO_CUSTOMER (OTC), which keeps routes from leaking: RFC 9234 §5.

package wire

import "encoding/binary"

const otcLen = 4

func (e *attributeEncoder) otc(asn uint32) {
	e.header(FlagOptional|FlagTransitive, AttrOTC, otcLen)
	e.b = binary.BigEndian.AppendUint32(e.b, asn)
}

func (p *updateParser) otc(v []byte) {
	if len(v) != otcLen {
		// RFC 9234 §5: malformed if its length is not 4: treat-as-withdraw.
		p.fault(TreatAsWithdraw, UpdateAttributeLength)
		return
	}
	p.u.Attributes.OTC, p.u.Attributes.HasOTC = binary.BigEndian.Uint32(v), true
}

// Leak reports whether a route from the peer has leaked, so that the route MUST
// be ineligible (RFC 9234 §5, ingress 1 and 2). The role is ours towards the peer,
// which is in AS peerASN; the route is IPv4 or IPv6 unicast.
func (r Role) Leak(a *Attributes, peerASN uint32) bool {
	switch r {
	case RoleProvider, RoleRouteServer: // from a customer, or a client of the route server
		return a.HasOTC
	case RolePeer:
		return a.HasOTC && a.OTC != peerASN
	default:
		return false
	}
}

// AttachesOTC reports whether a route without OTC gets an OTC with our ASN when it
// is sent to the peer (RFC 9234 §5, egress 1): to a customer, to a peer, or to a
// client of ours as a route server. The role is ours towards the peer.
func (r Role) AttachesOTC() bool {
	return r == RoleProvider || r == RolePeer || r == RoleRouteServer
}

// WithholdsOTC reports whether routes with OTC MUST NOT be sent to the peer
// (RFC 9234 §5, egress 2): a provider, a peer or a route server. The role is
// ours towards the peer.
func (r Role) WithholdsOTC() bool {
	return r == RoleCustomer || r == RolePeer || r == RoleRouteServerClient
}
