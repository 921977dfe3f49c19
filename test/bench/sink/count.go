// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bgptest"
)

// Counts is what a sink was sent since its session came up.
type Counts struct {
	// Updates counts UPDATE messages other than End-of-RIB, Routes the prefixes that they announce and Withdrawn those
	// that they withdraw.
	Updates, Routes, Withdrawn int
	// EndOfRIB counts End-of-RIB markers (RFC 4724 §2).
	EndOfRIB int
	// Octets counts the octets of all messages.
	Octets int
	// Digest is that of all that was announced (dataset.Digest), where Options.Digest asks for it.
	Digest uint64
}

var errMalformed = errors.New("malformed UPDATE")

// counter counts what is in UPDATE messages. It looks at lengths alone and keeps nothing, so that it is never what a
// program under measurement waits for.
type counter struct {
	Counts
	digest   bool
	arrivals map[[longestNLRI]byte]time.Time // by NLRI; nil: not kept
}

// longestNLRI is what an IPv4 prefix takes at most.
const longestNLRI = 5

// arrival is when a prefix was announced last.
func (c *counter) arrival(prefix netip.Prefix) time.Time {
	key := [longestNLRI]byte{byte(prefix.Bits())}
	address := prefix.Masked().Addr().As4()
	copy(key[1:], address[:])
	return c.arrivals[key]
}

// arrived notes that the routes came now.
func (c *counter) arrived(nlri []byte) {
	now := time.Now()
	for len(nlri) > 0 {
		length := 1 + (int(nlri[0])+7)/8
		var key [longestNLRI]byte
		copy(key[:], nlri[:length])
		c.arrivals[key] = now
		nlri = nlri[length:]
	}
}

// update counts a whole UPDATE message (RFC 4271 §4.3).
func (c *counter) update(message bgptest.Message) error {
	withdrawn, rest, ok := cut(message.Body())
	if !ok {
		return errMalformed
	}
	attributes, nlri, ok := cut(rest)
	if !ok {
		return errMalformed
	}
	if len(nlri) == 0 && len(withdrawn) == 0 {
		return c.multiprotocol(attributes)
	}
	c.Updates++
	n, ok := count(withdrawn)
	c.Withdrawn += n
	if !ok || !c.announced(attributes, nlri) {
		return errMalformed
	}
	return nil
}

// multiprotocol counts an UPDATE whose routes are in its attributes (RFC 4760 §3 and §4), or an End-of-RIB.
func (c *counter) multiprotocol(attributes []byte) error {
	if len(attributes) == 0 {
		c.EndOfRIB++
		return nil
	}
	for code, value := range walk(attributes) {
		switch wire.AttributeType(code) {
		case wire.AttrMPReachNLRI:
			if len(value) < 5 || len(value) < 5+int(value[3]) {
				return errMalformed
			}
			c.Updates++
			if !c.announced(attributes, value[5+int(value[3]):]) {
				return errMalformed
			}
			return nil
		case wire.AttrMPUnreachNLRI:
			if len(value) == 3 {
				c.EndOfRIB++
				return nil
			}
			n, ok := count(value[min(3, len(value)):])
			c.Updates++
			c.Withdrawn += n
			if !ok {
				return errMalformed
			}
			return nil
		}
	}
	return nil // attributes without routes
}

func (c *counter) announced(attributes, nlri []byte) bool {
	n, ok := count(nlri)
	c.Routes += n
	if ok && c.digest {
		c.mix(attributes, nlri)
	}
	if ok && c.arrivals != nil {
		c.arrived(nlri)
	}
	return ok
}

// mix adds the routes to the digest.
func (c *counter) mix(attributes, nlri []byte) {
	var community uint32
	for code, value := range walk(attributes) {
		if wire.AttributeType(code) == wire.AttrCommunities && len(value) == 4 {
			community = binary.BigEndian.Uint32(value)
		}
	}
	for len(nlri) > 0 {
		length := 1 + (int(nlri[0])+7)/8
		c.Digest += dataset.Mix(nlri[:length], community)
		nlri = nlri[length:]
	}
}

// count is the number of prefixes in a field of NLRI, and whether it ends with the last.
func count(nlri []byte) (n int, ok bool) {
	i := 0
	for i < len(nlri) {
		i += 1 + (int(nlri[i])+7)/8
		n++
	}
	return n, i == len(nlri)
}

// cut cuts off a field that begins with its length in two octets.
func cut(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if n > len(b) {
		return nil, nil, false
	}
	return b[2:n], b[n:], true
}

// walk yields the path attributes by their type codes, until one is cut short.
func walk(attributes []byte) func(yield func(code byte, value []byte) bool) {
	const extended = 0x10
	return func(yield func(byte, []byte) bool) {
		for len(attributes) >= 3 {
			start, length := 3, int(attributes[2])
			if attributes[0]&extended != 0 {
				if len(attributes) < 4 {
					return
				}
				start, length = 4, int(binary.BigEndian.Uint16(attributes[2:]))
			}
			if start+length > len(attributes) || !yield(attributes[1], attributes[start:start+length]) {
				return
			}
			attributes = attributes[start+length:]
		}
	}
}
