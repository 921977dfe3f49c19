// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// NOTIFICATION: RFC 4271 §4.5 and §6; subcodes of RFC 4486 (Cease), RFC 6608
// (FSM), RFC 7313 §5 (ROUTE-REFRESH), RFC 8538 §3 (Hard Reset), RFC 9234 §4.2
// (Role Mismatch), RFC 9384 (BFD Down), RFC 9687 §5 (Send Hold Timer).

package wire

import "fmt"

// Codes of a NOTIFICATION.
const (
	CodeHeader        uint8 = 1
	CodeOpen          uint8 = 2
	CodeUpdate        uint8 = 3
	CodeHoldTimer     uint8 = 4
	CodeFSM           uint8 = 5
	CodeCease         uint8 = 6
	CodeRouteRefresh  uint8 = 7
	CodeSendHoldTimer uint8 = 8
)

// Subcodes of [CodeHeader].
const (
	HeaderNotSynchronized uint8 = 1
	HeaderBadLength       uint8 = 2
	HeaderBadType         uint8 = 3
)

// Subcodes of [CodeOpen].
const (
	OpenUnspecific            uint8 = 0
	OpenUnsupportedVersion    uint8 = 1
	OpenBadPeerAS             uint8 = 2
	OpenBadIdentifier         uint8 = 3
	OpenUnsupportedParameter  uint8 = 4
	OpenUnacceptableHoldTime  uint8 = 6
	OpenUnsupportedCapability uint8 = 7
	OpenRoleMismatch          uint8 = 11
)

// Subcodes of [CodeUpdate].
const (
	UpdateMalformedAttributeList uint8 = 1
	UpdateUnrecognizedWellKnown  uint8 = 2
	UpdateMissingWellKnown       uint8 = 3
	UpdateAttributeFlags         uint8 = 4
	UpdateAttributeLength        uint8 = 5
	UpdateInvalidOrigin          uint8 = 6
	UpdateInvalidNextHop         uint8 = 8
	UpdateOptionalAttribute      uint8 = 9
	UpdateInvalidNetwork         uint8 = 10
	UpdateMalformedASPath        uint8 = 11
)

// Subcodes of [CodeFSM].
const (
	FSMUnexpectedInOpenSent    uint8 = 1
	FSMUnexpectedInOpenConfirm uint8 = 2
	FSMUnexpectedInEstablished uint8 = 3
)

// Subcodes of [CodeCease].
const (
	CeaseMaxPrefixes        uint8 = 1
	CeaseAdminShutdown      uint8 = 2
	CeasePeerDeconfigured   uint8 = 3
	CeaseAdminReset         uint8 = 4
	CeaseConnectionRejected uint8 = 5
	CeaseConfigChange       uint8 = 6
	CeaseCollision          uint8 = 7
	CeaseOutOfResources     uint8 = 8
	CeaseHardReset          uint8 = 9
	CeaseBFDDown            uint8 = 10
)

// RouteRefreshInvalidLength is the subcode of [CodeRouteRefresh].
const RouteRefreshInvalidLength uint8 = 1

// maxNotificationData keeps the message within [MaxMessageLen]: RFC 8654 §4
// allows more only to a peer that advertised extended messages.
const maxNotificationData = MaxMessageLen - minNotificationLen

// Notification is a NOTIFICATION message; as an error it is the reason why a
// session ends, sent or received.
type Notification struct {
	Code    uint8
	Subcode uint8
	Data    []byte // as the code and subcode define it
	// Detail tells people what is wrong with a message of the peer: the field,
	// its value and what was expected. It is not sent.
	Detail string
}

// Error returns the registered names and the numbers, such as
// "OPEN Message Error / Bad Peer AS (2/2)".
func (n *Notification) Error() string {
	name := codeName(n.Code)
	if sub := subcodeName(n.Code, n.Subcode); sub != "" {
		name += " / " + sub
	}
	return fmt.Sprintf("%s (%d/%d)", name, n.Code, n.Subcode)
}

// Append appends the whole message, with as much of Data as fits.
func (n *Notification) Append(b []byte) []byte {
	start := len(b)
	b = append(AppendHeader(b, TypeNotification), n.Code, n.Subcode)
	b = append(b, n.Data[:min(len(n.Data), maxNotificationData)]...)
	return FinishMessage(b, start)
}

// ParseNotification reads the body of a NOTIFICATION. Data is a copy. The error is
// no answer to the peer: RFC 4271 §6.4 allows no answer to a NOTIFICATION.
func ParseNotification(body []byte) (Notification, error) {
	if len(body) < minNotificationLen-HeaderLen {
		return Notification{}, fmt.Errorf("NOTIFICATION of %d octets is too short", HeaderLen+len(body))
	}
	n := Notification{Code: body[0], Subcode: body[1]}
	if len(body) > 2 {
		n.Data = append([]byte(nil), body[2:]...)
	}
	return n, nil
}
