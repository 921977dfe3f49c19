// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The message header: RFC 4271 §4.1; the length limit: RFC 8654.

package wire

import (
	"encoding/binary"
	"strconv"
)

const (
	// HeaderLen is the length of the message header in octets: marker (16),
	// length (2), type (1) (RFC 4271 §4.1).
	HeaderLen = 19
	// MaxMessageLen is the greatest length of a message, header included
	// (RFC 4271 §4.1).
	MaxMessageLen = 4096
	// MaxExtendedMessageLen is the greatest length of a message other than OPEN
	// and KEEPALIVE where extended messages are negotiated (RFC 8654 §3).
	MaxExtendedMessageLen = 65535

	markerLen = 16
)

// MessageType is the type of a message (RFC 4271 §4.1).
type MessageType uint8

// The registered message types.
const (
	TypeOpen         MessageType = 1 // RFC 4271 §4.2
	TypeUpdate       MessageType = 2 // RFC 4271 §4.3
	TypeNotification MessageType = 3 // RFC 4271 §4.5
	TypeKeepalive    MessageType = 4 // RFC 4271 §4.4
	TypeRouteRefresh MessageType = 5 // RFC 2918 §3
)

// String returns the name that the RFCs use.
func (t MessageType) String() string {
	switch t {
	case TypeOpen:
		return "OPEN"
	case TypeUpdate:
		return "UPDATE"
	case TypeNotification:
		return "NOTIFICATION"
	case TypeKeepalive:
		return "KEEPALIVE"
	case TypeRouteRefresh:
		return "ROUTE-REFRESH"
	default:
		return "message type " + strconv.Itoa(int(t))
	}
}

// AppendHeader appends a header of type t whose length is 0, to be patched by
// [FinishMessage] once the body is there.
func AppendHeader(b []byte, t MessageType) []byte {
	// RFC 4271 §4.1: the marker MUST be set to all ones.
	return append(b,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0, 0, byte(t))
}

// FinishMessage writes the length of the message that starts at b[start] and
// ends with b.
func FinishMessage(b []byte, start int) []byte {
	binary.BigEndian.PutUint16(b[start+markerLen:], uint16(len(b)-start))
	return b
}
