// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Framing: RFC 4271 §4.1 to §4.5 and §6.1, RFC 2918 §3, RFC 8654 §4.

package bgptest

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Message is a whole message, header included.
type Message []byte

// Type is the type of the message, 0 where there is none.
func (m Message) Type() wire.MessageType {
	if m == nil {
		return 0
	}
	return wire.MessageType(m[wire.HeaderLen-1])
}

// Body is what follows the header.
func (m Message) Body() []byte { return m[wire.HeaderLen:] }

// String names the type and shows the body.
func (m Message) String() string {
	if m == nil {
		return "no message"
	}
	return fmt.Sprintf("%v %x", m.Type(), m.Body())
}

// HeaderError is a message header that no speaker may send (RFC 4271 §6.1).
type HeaderError struct{ Header []byte }

// Error shows the header.
func (e *HeaderError) Error() string { return fmt.Sprintf("malformed message header %x", e.Header) }

// Cut returns the first message of b, which is nil while b does not hold all of it. maxLen is the greatest length of a message.
func Cut(b []byte, maxLen int) (Message, error) {
	if len(b) < wire.HeaderLen {
		return nil, nil
	}
	length := int(binary.BigEndian.Uint16(b[16:]))
	least, most := lengthLimits(wire.MessageType(b[18]), maxLen)
	marked := binary.NativeEndian.Uint64(b)&binary.NativeEndian.Uint64(b[8:]) == math.MaxUint64
	if !marked || length < least || length > most {
		return nil, &HeaderError{Header: slices.Clone(b[:wire.HeaderLen])}
	}
	if len(b) < length {
		return nil, nil
	}
	return b[:length:length], nil
}

// lengthLimits are the lengths that a message of a type can have, none for a type that is not registered.
func lengthLimits(t wire.MessageType, maxLen int) (least, most int) {
	switch t {
	case wire.TypeOpen:
		return 29, min(wire.MaxMessageLen, maxLen)
	case wire.TypeUpdate:
		return 23, maxLen
	case wire.TypeNotification:
		return 21, maxLen
	case wire.TypeKeepalive:
		return wire.HeaderLen, wire.HeaderLen
	case wire.TypeRouteRefresh:
		return 23, maxLen
	}
	return 0, -1
}

// Framer cuts a stream into messages, many for each read.
type Framer struct {
	from       io.Reader
	buffer     []byte
	start, end int // what was read and not taken yet
	maxLen     int
}

// defaultBuffer holds two ordinary messages.
const defaultBuffer = 2 * wire.MaxMessageLen

// NewFramer returns a Framer of messages of up to wire.MaxMessageLen. One read takes as many octets as the buffer has, 0 for
// two messages.
func NewFramer(from io.Reader, buffer int) *Framer {
	return &Framer{from: from, buffer: make([]byte, max(buffer, defaultBuffer)), maxLen: wire.MaxMessageLen}
}

// SetMaxLen sets the greatest length of a message.
func (f *Framer) SetMaxLen(n int) { f.maxLen = n }

// Fill reads once. What Next returned before is overwritten.
func (f *Framer) Fill() error {
	f.end = copy(f.buffer, f.buffer[f.start:f.end])
	f.start = 0
	if f.end == len(f.buffer) { // a part of one extended message
		f.buffer = append(f.buffer, make([]byte, len(f.buffer))...)
	}
	n, err := f.from.Read(f.buffer[f.end:])
	f.end += n
	switch {
	case n > 0:
		return nil // an error comes again with the next read
	case err == io.EOF && f.end > 0:
		return io.ErrUnexpectedEOF
	}
	return err
}

// Next returns the next message that was read and not returned yet, nil if there is none.
func (f *Framer) Next() (Message, error) {
	m, err := Cut(f.buffer[f.start:f.end], f.maxLen)
	f.start += len(m)
	return m, err
}
