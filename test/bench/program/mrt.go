// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"bufio"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"

	"github.com/herald-bgp/herald/test/bench/dataset"
)

// Types and subtypes of RFC 6396 §4.3.
const (
	mrtTableDumpV2 = 13
	mrtPeerIndex   = 1
	mrtIPv4Unicast = 2
	mrtIPv6Unicast = 4
	mrtPeerIPv4AS4 = 2
)

// mrtPadding is how many records follow that nobody is sent: the client of GoBGP 3.10 ends before it has sent the last
// of them, some hundreds where it was seen.
const mrtPadding = 20_000

// mrtPeer is whom the routes are said to be from: nobody's address, for GoBGP drops what has its own router identifier.
var mrtPeer = netip.AddrFrom4([4]byte{198, 18, 255, 255})

// writeMRT writes routes as a table dump in the form of RFC 6396 §4.3, with an empty AS path: routes of the program's
// own.
func writeMRT(name string, data *dataset.Data, nextHop netip.Addr) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := mrtWriter{w: bufio.NewWriterSize(f, 1<<16)}
	index := append(mrtPeer.AsSlice(), 0, 0, 0, 1, mrtPeerIPv4AS4) // no view name, one peer
	index = append(append(index, mrtPeer.AsSlice()...), mrtPeer.AsSlice()...)
	w.record(mrtPeerIndex, binary.BigEndian.AppendUint32(index, dataset.ASN))
	for prefix, set := range data.Routes() {
		w.route(prefix, set, nextHop)
	}
	// A route of the other family goes to no sink.
	other, otherHop := netip.MustParsePrefix("2001:db8::/128"), netip.MustParseAddr("2001:db8::1")
	if data.Is6() {
		other, otherHop = netip.MustParsePrefix("192.0.2.0/32"), mrtPeer
	}
	for range mrtPadding {
		w.route(other, &dataset.Set{}, otherHop)
	}
	return errors.Join(w.err, w.w.Flush(), f.Close())
}

// mrtWriter writes records, and keeps the first error.
type mrtWriter struct {
	w        *bufio.Writer
	sequence uint32
	entry, b []byte
	err      error
}

// route writes a route (RFC 6396 §4.3.2).
func (w *mrtWriter) route(prefix netip.Prefix, set *dataset.Set, nextHop netip.Addr) {
	subtype := uint16(mrtIPv4Unicast)
	if prefix.Addr().Is6() {
		subtype = mrtIPv6Unicast
	}
	b := binary.BigEndian.AppendUint32(w.entry[:0], w.sequence)
	b = append(b, byte(prefix.Bits()))
	b = append(b, octetsOf(prefix)...)
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 0) // one entry, of peer 0, originated in 1970
	attributes := mrtAttributes(prefix, set, nextHop)
	b = binary.BigEndian.AppendUint16(b, uint16(len(attributes)))
	w.entry = append(b, attributes...)
	w.record(subtype, w.entry)
	w.sequence++
}

func (w *mrtWriter) record(subtype uint16, body []byte) {
	w.b = record(w.b[:0], subtype, body)
	if w.err == nil {
		_, w.err = w.w.Write(w.b)
	}
}

// record appends a record with its header (RFC 6396 §2).
func record(b []byte, subtype uint16, body []byte) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, mrtTableDumpV2)
	b = binary.BigEndian.AppendUint16(b, subtype)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	return append(b, body...)
}

func octetsOf(prefix netip.Prefix) []byte { return prefix.Addr().AsSlice()[:(prefix.Bits()+7)/8] }

// mrtAttributes are ORIGIN, an empty AS_PATH, the next hop and a community. MP_REACH_NLRI is whole, against RFC 6396
// §4.3.4: the short one is an error to GoBGP.
func mrtAttributes(prefix netip.Prefix, set *dataset.Set, nextHop netip.Addr) []byte {
	b := []byte{0x40, 1, 1, 0, 0x40, 2, 0}
	octets := nextHop.AsSlice()
	if nextHop.Is4() {
		b = append(append(b, 0x40, 3, 4), octets...)
	} else {
		nlri := append([]byte{byte(prefix.Bits())}, octetsOf(prefix)...)
		b = append(b, 0x80, 14, byte(5+16+len(nlri)), 0, 2, 1, 16)
		b = append(append(append(b, octets...), 0), nlri...)
	}
	b = append(b, 0xc0, 8, 4)
	return binary.BigEndian.AppendUint32(b, dataset.ASN<<16|uint32(set.Community))
}
