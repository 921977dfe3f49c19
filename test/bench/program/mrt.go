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

// writeMRT writes routes as a table dump in the form of RFC 6396 §4.3, with an empty AS path: routes of the program's
// own.
func writeMRT(name string, data *dataset.Data, routerID, nextHop netip.Addr) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	index := append(routerID.AsSlice(), 0, 0, 0, 1, mrtPeerIPv4AS4) // no view name, one peer: the program
	index = append(append(index, routerID.AsSlice()...), routerID.AsSlice()...)
	index = binary.BigEndian.AppendUint32(index, dataset.ASN)
	_, err = w.Write(record(nil, mrtPeerIndex, index))
	subtype := uint16(mrtIPv4Unicast)
	if data.Is6() {
		subtype = mrtIPv6Unicast
	}
	var sequence uint32
	var entry, b []byte
	for prefix, set := range data.Routes() {
		entry = binary.BigEndian.AppendUint32(entry[:0], sequence)
		entry = append(entry, byte(prefix.Bits()))
		entry = append(entry, prefix.Addr().AsSlice()[:(prefix.Bits()+7)/8]...)
		entry = append(entry, 0, 1, 0, 0, 0, 0, 0, 0) // one entry, of peer 0, originated in 1970
		attributes := mrtAttributes(set, nextHop)
		entry = binary.BigEndian.AppendUint16(entry, uint16(len(attributes)))
		entry = append(entry, attributes...)
		b = record(b[:0], subtype, entry)
		_, writeErr := w.Write(b)
		err = errors.Join(err, writeErr)
		sequence++
	}
	return errors.Join(err, w.Flush(), f.Close())
}

// record appends a record with its header (RFC 6396 §2).
func record(b []byte, subtype uint16, body []byte) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, mrtTableDumpV2)
	b = binary.BigEndian.AppendUint16(b, subtype)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	return append(b, body...)
}

// mrtAttributes are ORIGIN, an empty AS_PATH, the next hop and a community. MP_REACH_NLRI is the short one of RFC 6396
// §4.3.4.
func mrtAttributes(set *dataset.Set, nextHop netip.Addr) []byte {
	b := []byte{0x40, 1, 1, 0, 0x40, 2, 0}
	octets := nextHop.AsSlice()
	if nextHop.Is4() {
		b = append(append(b, 0x40, 3, 4), octets...)
	} else {
		b = append(append(b, 0x80, 14, 17, 16), octets...)
	}
	b = append(b, 0xc0, 8, 4)
	return binary.BigEndian.AppendUint32(b, dataset.ASN<<16|uint32(set.Community))
}
