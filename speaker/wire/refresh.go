// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// ROUTE-REFRESH: RFC 2918 §3, enhanced by RFC 7313.

package wire

import (
	"encoding/binary"
	"fmt"
)

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

// ParseRouteRefresh reads the body of a ROUTE-REFRESH. The subtype counts only if
// the peer sent the capability for enhanced refresh; else every message is a normal
// request, since the octet is reserved and ignored (RFC 2918 §3). Octets after a
// normal request (filters of RFC 5291, never negotiated) are ignored. The receiver
// ignores families that it did not negotiate (RFC 2918 §4) and subtypes above 2
// (RFC 7313 §5).
func ParseRouteRefresh(body []byte, enhanced bool) (RouteRefresh, error) {
	const bodyLen = routeRefreshLen - HeaderLen
	if len(body) != bodyLen {
		if err := refreshLengthError(body, enhanced); err != nil {
			return RouteRefresh{}, err
		}
	}
	r := RouteRefresh{Family: Family{AFI: binary.BigEndian.Uint16(body), SAFI: body[3]}}
	if enhanced {
		r.Subtype = body[2]
	}
	return r, nil
}

// refreshLengthError returns the NOTIFICATION that answers a body whose length is
// not 4, nil if a body of this subtype may be longer.
func refreshLengthError(body []byte, enhanced bool) *Notification {
	message := FinishMessage(append(AppendHeader(nil, TypeRouteRefresh), body...), 0)
	detail := fmt.Sprintf("ROUTE-REFRESH of length %d, expected %d", len(message), routeRefreshLen)
	if enhanced && len(body) >= 3 && (body[2] == RefreshBegin || body[2] == RefreshEnd) {
		// RFC 7313 §5: the length MUST be 4, and the data be the whole message. It
		// applies only if the peer sent the capability.
		return &Notification{Code: CodeRouteRefresh, Subcode: RouteRefreshInvalidLength, Data: message, Detail: detail}
	}
	if len(message) < routeRefreshLen {
		// RFC 4271 §6.1: the data is the length field.
		return &Notification{Code: CodeHeader, Subcode: HeaderBadLength, Data: message[markerLen : markerLen+2], Detail: detail}
	}
	return nil
}
