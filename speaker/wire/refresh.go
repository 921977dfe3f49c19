// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// ROUTE-REFRESH: RFC 2918 §3, enhanced by RFC 7313.

package wire

import "encoding/binary"

// Subtypes of ROUTE-REFRESH (RFC 7313 §3.2).
const (
	RefreshRequest uint8 = 0 // the normal request of RFC 2918
	RefreshBegin   uint8 = 1 // BoRR: a refresh of the family begins
	RefreshEnd     uint8 = 2 // EoRR: it has ended
)

// RouteRefresh is a ROUTE-REFRESH message: AFI (2 octets), subtype (1), SAFI (1).
type RouteRefresh struct {
	Family  Family
	Subtype uint8
}

// Append appends the whole message.
func (r RouteRefresh) Append(b []byte) []byte {
	start := len(b)
	b = AppendHeader(b, TypeRouteRefresh)
	b = binary.BigEndian.AppendUint16(b, r.Family.AFI)
	return FinishMessage(append(b, r.Subtype, r.Family.SAFI), start)
}

// ParseRouteRefresh reads the body of a ROUTE-REFRESH. Octets after a normal
// request (filters of RFC 5291, never negotiated) are ignored. The receiver
// ignores families that it did not negotiate (RFC 2918 §4) and subtypes above 2
// (RFC 7313 §5).
func ParseRouteRefresh(body []byte) (RouteRefresh, error) {
	const bodyLen = routeRefreshLen - HeaderLen
	if len(body) < bodyLen {
		return RouteRefresh{}, refreshLengthError(body)
	}
	r := RouteRefresh{
		Family:  Family{AFI: binary.BigEndian.Uint16(body), SAFI: body[3]},
		Subtype: body[2],
	}
	if len(body) != bodyLen && (r.Subtype == RefreshBegin || r.Subtype == RefreshEnd) {
		return RouteRefresh{}, refreshLengthError(body)
	}
	return r, nil
}

// refreshLengthError holds the complete message, as RFC 7313 §5 says it MUST.
func refreshLengthError(body []byte) *Notification {
	data := append(AppendHeader(nil, TypeRouteRefresh), body...)
	return &Notification{
		Code:    CodeRouteRefresh,
		Subcode: RouteRefreshInvalidLength,
		Data:    FinishMessage(data, 0),
	}
}
