// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/herald-bgp/herald/speaker/wire"
)

// framer cuts a stream into messages (RFC 4271 §4.1), many for each read.
type framer struct {
	from       io.Reader
	buffer     []byte
	start, end int // what was read and not taken yet
}

const (
	defaultBuffer = 1 << 20
	leastBuffer   = 1 << 16 // of a message (RFC 8654)
)

func newFramer(from io.Reader, size int) *framer {
	if size == 0 {
		size = defaultBuffer
	}
	return &framer{from: from, buffer: make([]byte, max(size, leastBuffer))}
}

// fill reads once. What next returned before is not to be used any more.
func (f *framer) fill() error {
	f.end = copy(f.buffer, f.buffer[f.start:f.end])
	f.start = 0
	n, err := f.from.Read(f.buffer[f.end:])
	f.end += n
	if n > 0 {
		return nil // an error comes again with the next read
	}
	return err
}

// next returns the next whole message of those that were read, or nil.
func (f *framer) next() ([]byte, error) {
	b := f.buffer[f.start:f.end]
	if len(b) < wire.HeaderLen {
		return nil, nil
	}
	length := int(binary.BigEndian.Uint16(b[16:]))
	if length < wire.HeaderLen {
		return nil, fmt.Errorf("a message of %d octets", length)
	}
	if len(b) < length {
		return nil, nil
	}
	f.start += length
	return b[:length], nil
}

// expect reads until there is a message, which must be of that type.
func (f *framer) expect(kind wire.MessageType) ([]byte, error) {
	for {
		message, err := f.next()
		if err != nil {
			return nil, err
		}
		if message == nil {
			if err := f.fill(); err != nil {
				return nil, err
			}
			continue
		}
		if got := wire.MessageType(message[wire.HeaderLen-1]); got != kind {
			return nil, fmt.Errorf("%s instead of %s: %x", got, kind, message[wire.HeaderLen:])
		}
		return message, nil
	}
}
