// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// parseBlock decodes an attribute block as part of an UPDATE for 10.0.0.0/8.
func parseBlock(t testing.TB, block wire.AttributeBlock, opt wire.UpdateOptions) wire.Attributes {
	t.Helper()
	msg := wire.AppendReach(nil, wire.IPv4Unicast, block, addrs("192.0.2.1"), nlri("10.0.0.0/8"))
	var u wire.Update
	if err := wire.ParseUpdate(body(t, msg, wire.TypeUpdate), opt, &u); err != nil {
		t.Fatalf("ParseUpdate(%x): %v", msg, err)
	}
	u.Attributes.NextHop = netip.Addr{}
	return u.Attributes
}

// Golden attributes: layouts of RFC 4271 §4.3 and of the RFC that each attr_*.go
// names, derived by hand. Each follows ORIGIN IGP and an empty AS_PATH, for a
// peer with 4-octet ASNs, internal if there is LOCAL_PREF.
func TestAttributesGolden(t *testing.T) {
	tests := []struct {
		name string
		a    wire.Attributes
		want string
	}{
		{"none", wire.Attributes{}, ""},
		{"MULTI_EXIT_DISC", wire.Attributes{MED: 200, HasMED: true}, "80 04 04 000000c8"},
		{"MULTI_EXIT_DISC 0", wire.Attributes{HasMED: true}, "80 04 04 00000000"},
		{"LOCAL_PREF", wire.Attributes{LocalPref: 100, HasLocalPref: true}, "40 05 04 00000064"},
		{"ATOMIC_AGGREGATE", wire.Attributes{AtomicAggregate: true}, "40 06 00"},
		{"AGGREGATOR", wire.Attributes{Aggregator: wire.Aggregator{ASN: 64512, Addr: netip.MustParseAddr("192.0.2.9")}},
			"c0 07 08 0000fc00 c0000209"},
		{"COMMUNITIES as given", wire.Attributes{Communities: []wire.Community{0xfc000064, wire.CommunityNoExport, 1}},
			"c0 08 0c fc000064 ffffff01 00000001"},
		{"ORIGINATOR_ID", wire.Attributes{HasLocalPref: true, OriginatorID: netip.MustParseAddr("192.0.2.2")},
			"40 05 04 00000000  80 09 04 c0000202"},
		{"CLUSTER_LIST", wire.Attributes{HasLocalPref: true, ClusterList: addrs("0.0.0.1", "0.0.0.2")},
			"40 05 04 00000000  80 0a 08 00000001 00000002"},
		{"EXTENDED_COMMUNITIES", wire.Attributes{ExtendedCommunities: []wire.ExtendedCommunity{{0, 2, 0xfc, 0, 0, 0, 0, 100}}},
			"c0 10 08 0002fc0000000064"},
		{"LARGE_COMMUNITY", wire.Attributes{LargeCommunities: []wire.LargeCommunity{{Global: 64512, Local1: 1, Local2: 2}}},
			"c0 20 0c 0000fc00 00000001 00000002"},
		{"unknown ones in their places", wire.Attributes{HasMED: true, LocalPref: 1, HasLocalPref: true,
			LargeCommunities: []wire.LargeCommunity{{}},
			Unknown: []wire.RawAttribute{
				{Flags: 0xe0, Type: 11, Value: []byte{1}},
				{Flags: 0xc0, Type: 31, Value: []byte{2}},
				{Flags: 0x80, Type: 255, Value: []byte{}}}},
			"80 04 04 00000000  40 05 04 00000001  e0 0b 01 01  c0 1f 01 02  c0 20 0c 000000000000000000000000  80 ff 00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			block := wire.NewAttributeBlock(&tt.a, wire.EncodeOptions{AS4: true})
			wantOctets(t, []byte(block.Bytes), unhex(t, "40 01 01 00  40 02 00"+tt.want))
			if block.NextHopOffset != 7 {
				t.Errorf("NEXT_HOP at %d, want 7: after ORIGIN and AS_PATH", block.NextHopOffset)
			}
			got := parseBlock(t, block, wire.UpdateOptions{AS4: true, EBGP: !tt.a.HasLocalPref})
			if !reflect.DeepEqual(got, tt.a) {
				t.Errorf("decoded %+v\nwant %+v", got, tt.a)
			}
		})
	}
}

func TestOrigin(t *testing.T) {
	for origin, want := range map[wire.Origin]string{
		wire.OriginIGP: "IGP", wire.OriginEGP: "EGP", wire.OriginIncomplete: "INCOMPLETE", 3: "origin 3",
	} {
		if got := origin.String(); got != want {
			t.Errorf("Origin(%d) = %q, want %q", origin, got, want)
		}
	}
	a := wire.Attributes{Origin: wire.OriginIncomplete}
	wantOctets(t, []byte(wire.NewAttributeBlock(&a, wire.EncodeOptions{}).Bytes), unhex(t, "40 01 01 02  40 02 00"))
}

// sequence is an AS_PATH of one AS_SEQUENCE.
func sequence(asns ...uint32) wire.ASPath {
	return wire.ASPath{{Type: wire.ASSequence, ASNs: asns}}
}

// Layouts of RFC 4271 §4.3 and RFC 6793 §3, derived by hand.
func TestASPathGolden(t *testing.T) {
	aggregator := wire.Aggregator{ASN: 70000, Addr: netip.MustParseAddr("192.0.2.9")}
	tests := []struct {
		name     string
		a        wire.Attributes
		as4      string
		notAS4   string
		wantText string
	}{
		{"one ASN", wire.Attributes{ASPath: sequence(64512)},
			"40 02 06 02 01 0000fc00", "40 02 04 02 01 fc00", "64512"},
		{"two segments", wire.Attributes{ASPath: wire.ASPath{
			{Type: wire.ASSequence, ASNs: []uint32{64512, 65001}}, {Type: wire.ASSequence, ASNs: []uint32{1, 2}}}},
			"40 02 14 02 02 0000fc00 0000fde9 02 02 00000001 00000002",
			"40 02 0c 02 02 fc00 fde9 02 02 0001 0002", "64512 65001 1 2"},
		{"an ASN of four octets", wire.Attributes{ASPath: sequence(64512, 70000)},
			"40 02 0a 02 02 0000fc00 00011170",
			"40 02 06 02 02 fc00 5ba0  c0 11 0a 02 02 0000fc00 00011170", "64512 70000"},
		{"an aggregator of four octets", wire.Attributes{ASPath: sequence(1), Aggregator: aggregator},
			"40 02 06 02 01 00000001  c0 07 08 00011170 c0000209",
			"40 02 04 02 01 0001  c0 07 06 5ba0 c0000209  c0 12 08 00011170 c0000209", "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.a.ASPath.String(); got != tt.wantText {
				t.Errorf("String() = %q, want %q", got, tt.wantText)
			}
			for as4, want := range map[bool]string{true: tt.as4, false: tt.notAS4} {
				block := wire.NewAttributeBlock(&tt.a, wire.EncodeOptions{AS4: as4})
				wantOctets(t, []byte(block.Bytes), unhex(t, "40 01 01 00"+want))
				got := parseBlock(t, block, wire.UpdateOptions{AS4: as4, EBGP: true})
				if !reflect.DeepEqual(got, tt.a) {
					t.Errorf("decoded %+v\nwant %+v", got, tt.a)
				}
			}
		})
	}
}

// RFC 6793 §4.2.3: how AS4_PATH and AS4_AGGREGATOR of an OLD speaker count. The
// octets after ORIGIN are derived by hand.
func TestMergeAS4(t *testing.T) {
	const aggregator = "c0 07 06 5ba0 c0000209"
	tests := []struct{ name, attributes, path, aggregator string }{
		{"an old speaker prepended", "40 02 08 02 03 0064 5ba0 5ba0  c0 11 0a 02 02 00011170 00011171", "100 70000 70001", ""},
		{"across segments", "40 02 0c 02 02 0064 5ba0 02 02 5ba0 0001  c0 11 10 02 01 00011170 02 02 00011171 00000001", "100 70000 70001 1", ""},
		{"AS4_PATH longer: ignored", "40 02 04 02 01 5ba0  c0 11 0a 02 02 00011170 00011171", "23456", ""},
		{"confederation segments are left out", "40 02 04 02 01 5ba0  c0 11 0c 03 01 00000001 02 01 00011170", "70000", ""},
		{"both aggregators", "40 02 04 02 01 0064 " + aggregator + " c0 12 08 00011170 c0000209", "100", "70000"},
		{"a later aggregator: both AS4 ignored",
			"40 02 04 02 01 5ba0  c0 07 06 0007 c0000209  c0 11 06 02 01 00011170  c0 12 08 00011170 c0000209", "23456", "7"},
		{"AS4_AGGREGATOR alone", "40 02 04 02 01 0064  c0 12 08 00011170 c0000209", "100", ""},
		{"AS4_AGGREGATOR too short", "40 02 04 02 01 0064 " + aggregator + " c0 12 07 00011170 c00002", "100", "23456"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			attributes := unhex(t, "40 01 01 00  40 03 04 c0000201"+tt.attributes)
			u, err := parseAttributes(attributes, nlri("10.0.0.0/8"), wire.UpdateOptions{EBGP: true})
			if action := strongest(err); action > wire.Discard {
				t.Fatalf("action %v: %v", action, err)
			}
			if got := u.Attributes.ASPath.String(); got != tt.path {
				t.Errorf("path %q, want %q", got, tt.path)
			}
			got := ""
			if g := u.Attributes.Aggregator; g.Addr.IsValid() {
				got = sequence(g.ASN).String()
			}
			if got != tt.aggregator {
				t.Errorf("aggregator %q, want %q", got, tt.aggregator)
			}
		})
	}
}

// RFC 4271 §4.3: a segment counts up to 255 ASNs; the surplus goes first.
func TestASPathSplitsSegments(t *testing.T) {
	long := make([]uint32, 600)
	for i := range long {
		long[i] = uint32(i + 1)
	}
	for _, as4 := range []bool{true, false} {
		a := wire.Attributes{ASPath: sequence(long...)}
		got := parseBlock(t, wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: as4}), wire.UpdateOptions{AS4: as4, EBGP: true})
		var lengths []int
		var joined []uint32
		for _, s := range got.ASPath {
			lengths = append(lengths, len(s.ASNs))
			joined = append(joined, s.ASNs...)
		}
		if !slices.Equal(lengths, []int{90, 255, 255}) || !slices.Equal(joined, long) {
			t.Errorf("AS4 %v: segments of %v ASNs, want 90, 255, 255 of the same path", as4, lengths)
		}
	}
}

func TestASPathPrepend(t *testing.T) {
	set := wire.ASPath{{Type: wire.ASSet, ASNs: []uint32{1, 2}}}
	tests := []struct {
		path wire.ASPath
		n    int
		want string
	}{
		{nil, 0, ""}, {nil, 2, "7 7"}, {sequence(1), 1, "7 1"}, {set, 1, "7 {1 2}"}, {sequence(1), -1, "1"},
	}
	for _, tt := range tests {
		before := tt.path.String()
		if got := tt.path.Prepend(7, tt.n).String(); got != tt.want {
			t.Errorf("%q.Prepend(7, %d) = %q, want %q", before, tt.n, got, tt.want)
		}
		if got := tt.path.String(); got != before {
			t.Errorf("Prepend changed %q to %q", before, got)
		}
	}
	if got := sequence(1).Prepend(7, 1); len(got) != 1 {
		t.Errorf("%d segments, want the AS_SEQUENCE extended", len(got))
	}
}

// The extended length is used from 256 octets on and not before.
func TestExtendedLength(t *testing.T) {
	for n, want := range map[int]string{63: "c0 08 fc", 64: "d0 08 0100"} {
		a := wire.Attributes{Communities: make([]wire.Community, n)}
		b := []byte(wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true}).Bytes)
		head := unhex(t, want)
		wantOctets(t, b[7:7+len(head)], head)
		wantOctets(t, b[7+len(head):], make([]byte, 4*n))
	}
}

// Unknown attributes come out sorted. Repeated ones, ones that the session decides
// on, and ones whose field is set are left out.
func TestUnknownAttributes(t *testing.T) {
	a := wire.Attributes{Aggregator: wire.Aggregator{ASN: 1, Addr: netip.MustParseAddr("192.0.2.1")}, Unknown: []wire.RawAttribute{
		{Flags: 0xef, Type: 200, Value: []byte{1}},
		{Flags: 0xc0, Type: 20, Value: make([]byte, 256)},
		{Flags: 0xc0, Type: 200, Value: []byte{2}},
		{Flags: 0x70, Type: 153, Value: []byte{3}},
		{Flags: 0x80, Type: wire.AttrMED, Value: []byte{0, 0, 0, 1}},
		{Flags: 0xc0, Type: wire.AttrAggregator, Value: make([]byte, 8)},
	}}
	for _, session := range []wire.AttributeType{wire.AttrOrigin, wire.AttrASPath, wire.AttrNextHop, wire.AttrLocalPref,
		wire.AttrMPReachNLRI, wire.AttrMPUnreachNLRI, wire.AttrAS4Path, wire.AttrAS4Aggregator} {
		a.Unknown = append(a.Unknown, wire.RawAttribute{Flags: 0xc0, Type: session})
	}
	b := []byte(wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true}).Bytes[7:])
	wantOctets(t, b[:22], unhex(t, "80 04 04 00000001 c0 07 08 00000001 c0000201 d0 14 0100"))
	wantOctets(t, b[22+256:], unhex(t, "70 99 0001 03 e0 c8 01 01"))
}

func TestAttributeTypeString(t *testing.T) {
	if got := wire.AttrASPath.String(); got != "AS_PATH" {
		t.Errorf("String() = %q, want AS_PATH", got)
	}
	if got := wire.AttributeType(99).String(); got != "attribute 99" {
		t.Errorf("String() = %q, want attribute 99", got)
	}
	seen := map[string]bool{}
	for i := range 256 {
		seen[wire.AttributeType(i).String()] = true
	}
	if len(seen) != 256 {
		t.Errorf("%d distinct names of 256 types", len(seen))
	}
}
