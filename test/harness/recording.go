// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	bgpHeaderLength = 19 // RFC 4271 §4.1
	bgpKeepalive    = 4
)

// Direction is that of bytes which pass a Proxy.
type Direction int

// The directions.
const (
	// ToTarget: from whoever connected to the proxy.
	ToTarget Direction = iota
	// ToClient: from the proxy's target.
	ToClient
)

// Message is a BGP message that passed a Proxy.
type Message struct {
	// Connection counts the proxy's connections from 0.
	Connection int
	Direction  Direction
	Time       time.Time
	// Type is that of RFC 4271 §4.1, Bytes the whole message with its header.
	Type  uint8
	Bytes []byte
}

// String names the message by its type and shows its bytes.
func (m Message) String() string {
	names := map[uint8]string{1: "OPEN", 2: "UPDATE", 3: "NOTIFICATION", bgpKeepalive: "KEEPALIVE", 5: "ROUTE-REFRESH"}
	side := "sent"
	if m.Direction == ToClient {
		side = "received"
	}
	return fmt.Sprintf("#%d %s %s %x", m.Connection, side, names[m.Type], m.Bytes[min(len(m.Bytes), bgpHeaderLength):])
}

// IsKeepalive reports whether the message is a KEEPALIVE.
func (m Message) IsKeepalive() bool { return m.Type == bgpKeepalive }

// framer cuts one direction of a connection into BGP messages.
type framer struct {
	pending []byte
}

func (f *framer) take(chunk []byte, found func(kind uint8, message []byte)) {
	f.pending = append(f.pending, chunk...)
	for len(f.pending) >= bgpHeaderLength {
		length := int(binary.BigEndian.Uint16(f.pending[16:18]))
		if length < bgpHeaderLength || len(f.pending) < length {
			return
		}
		message := append([]byte(nil), f.pending[:length]...)
		found(message[18], message)
		f.pending = f.pending[length:]
	}
}
