// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

func TestRawAttributeCheck(t *testing.T) {
	for _, test := range []struct {
		name, value string
		code        wire.AttributeType
		flags       uint8
		want        string // a part of the error, empty for none
	}{
		{"unknown", "0001", 153, 0xc0, ""},
		{"unknown, extended length", "0001", 153, 0xd0, ""},
		{"unknown, passed on by a speaker that did not know it", "0001", 153, 0xe0, ""},
		{"unknown, not transitive", "", 153, 0x80, ""},
		{"unknown and well-known", "0001", 153, 0x40, "expected one that is known or optional"},
		{"unknown without any flag", "0001", 153, 0, "expected one that is known or optional"},
		{"partial and not transitive", "", 153, 0xa0, "only optional and transitive ones are partial"},
		{"partial and well-known", "", 6, 0x60, "only optional and transitive ones are partial"},
		{"MED", "00000064", 4, 0x80, ""},
		{"MED of 3 octets", "000064", 4, 0x80, "MULTI_EXIT_DISC"},
		{"MED that is passed on", "00000064", 4, 0xc0, "expected 0x80"},
		{"ATOMIC_AGGREGATE", "", 6, 0x40, ""},
		{"ATOMIC_AGGREGATE with a value", "00", 6, 0x40, "ATOMIC_AGGREGATE"},
		{"optional ATOMIC_AGGREGATE", "", 6, 0xc0, "expected 0x40"},
		{"AGGREGATOR", "fa56ea00c0000201", 7, 0xc0, ""},
		{"AGGREGATOR with a 2-octet ASN", "fc00c0000201", 7, 0xc0, "AGGREGATOR"},
		{"AGGREGATOR of AS 0", "00000000c0000201", 7, 0xc0, "AGGREGATOR"},
		{"COMMUNITIES", "fc000064ffffff01", 8, 0xc0, ""},
		{"no COMMUNITIES", "", 8, 0xc0, "COMMUNITIES"},
		{"ORIGINATOR_ID", "c0000201", 9, 0x80, ""},
		{"ORIGINATOR_ID of 5 octets", "c000020101", 9, 0x80, "ORIGINATOR_ID"},
		{"CLUSTER_LIST", "c0000201c0000202", 10, 0x80, ""},
		{"CLUSTER_LIST of half an identifier", "c000", 10, 0x80, "CLUSTER_LIST"},
		{"EXTENDED_COMMUNITIES", "0002fc0000000064", 16, 0xc0, ""},
		{"EXTENDED_COMMUNITIES of 7 octets", "0002fc00000000", 16, 0xc0, "EXTENDED_COMMUNITIES"},
		{"LARGE_COMMUNITY", "000000010000000200000003", 32, 0xc0, ""},
		{"LARGE_COMMUNITY of 8 octets", "0000000100000002", 32, 0xc0, "LARGE_COMMUNITY"},
	} {
		value, err := hex.DecodeString(test.value)
		if err != nil {
			t.Fatal(err)
		}
		raw := wire.RawAttribute{Flags: test.flags, Type: test.code, Value: value}
		err = raw.Check()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if err != nil {
			continue
		}
		// An attribute that Check accepts is no error to a speaker that follows the RFCs, with 4-octet ASNs or without.
		for _, as4 := range []bool{true, false} {
			var u wire.Update
			attributes, _ := wire.AppendAttributes(nil, &wire.Attributes{Unknown: []wire.RawAttribute{raw}}, wire.EncodeOptions{AS4: as4})
			body := append([]byte{0, 0, byte(len(attributes) >> 8), byte(len(attributes))}, attributes...)
			if err := wire.ParseUpdate(body, wire.UpdateOptions{AS4: as4}, &u); err != nil {
				t.Errorf("%s is accepted, and an UPDATE with it, 4-octet ASNs %v, is answered with %v", test.name, as4, err)
			}
			if want := (wire.Aggregator{ASN: 4200000000, Addr: netip.MustParseAddr("192.0.2.1")}); test.code == 7 && u.Attributes.Aggregator != want {
				t.Errorf("%s, 4-octet ASNs %v: %v, want %v", test.name, as4, u.Attributes.Aggregator, want)
			}
		}
	}
}
