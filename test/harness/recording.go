// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"fmt"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
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
	bgptest.Message
	// Connection counts the proxy's connections from 0.
	Connection int
	Direction  Direction
	Time       time.Time
}

// String names the message by its type and shows its body.
func (m Message) String() string {
	side := "sent"
	if m.Direction == ToClient {
		side = "received"
	}
	return fmt.Sprintf("#%d %s %v", m.Connection, side, m.Message)
}

// framer cuts one direction of a connection into BGP messages.
type framer struct {
	pending   []byte
	malformed bool // the rest is not looked at
}

// take finds the messages that end in the chunk. It returns an error for the first malformed header.
func (f *framer) take(chunk []byte, found func(bgptest.Message)) error {
	if f.malformed {
		return nil
	}
	f.pending = append(f.pending, chunk...)
	for {
		m, err := bgptest.Cut(f.pending, wire.MaxExtendedMessageLen)
		f.malformed = err != nil
		if m == nil {
			return err
		}
		found(bytes.Clone(m))
		f.pending = f.pending[len(m):]
	}
}
