// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// allCapabilities has each capability.
func allCapabilities() wire.Capabilities {
	customer := wire.RoleCustomer
	return wire.Capabilities{
		Families:        []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
		FourOctetAS:     64512,
		ExtendedNextHop: []wire.ExtendedNextHopFamily{{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6}},
		AddPath: []wire.AddPathFamily{
			{Family: wire.IPv4Unicast, Mode: wire.AddPathBoth}, {Family: wire.IPv6Unicast, Mode: wire.AddPathSend}},
		GracefulRestart: &wire.GracefulRestart{Restarting: true, Notifications: true, RestartTime: 120,
			Families: []wire.GracefulRestartFamily{
				{Family: wire.IPv4Unicast, Forwarding: true}, {Family: wire.IPv6Unicast}}},
		LongLived: []wire.LongLivedFamily{
			{Family: wire.IPv4Unicast, Forwarding: true, StaleTime: 24 * time.Hour},
			{Family: wire.IPv6Unicast, StaleTime: wire.MaxLongLivedStaleTime}},
		RouteRefresh:     true,
		EnhancedRefresh:  true,
		ExtendedMessage:  true,
		Role:             &customer,
		FQDN:             &wire.FQDN{HostName: "localhost", DomainName: "example.test"},
		SoftwareVersion:  "Herald/1.0",
		LinkLocalNextHop: true,
		Unknown:          []wire.RawCapability{{Code: 99, Value: []byte("x")}},
	}
}

// openGoldens: layouts of RFC 4271 §4.2, RFC 5492 §4 and of each capability's
// own specification (see its file), derived by hand.
func openGoldens() []struct {
	name string
	open wire.Open
	want string
} {
	id := netip.MustParseAddr("192.0.2.1")
	return []struct {
		name string
		open wire.Open
		want string
	}{
		{"without capabilities",
			wire.Open{Version: 4, ASN: 64512, HoldTime: 90, RouterID: id},
			marker + "001d 01 04 fc00 005a c0000201 00"},
		{"no capability in the parameter",
			wire.Open{Version: 4, ASN: 1, HoldTime: 0, RouterID: id, HasCapabilities: true},
			marker + "001f 01 04 0001 0000 c0000201 02 02 00"},
		{"all capabilities", wire.Open{Version: 4, ASN: 64512, HoldTime: 90, RouterID: id, HasCapabilities: true,
			Capabilities: allCapabilities()},
			marker + `0093 01 04 fc00 005a c0000201 76 02 74
				01 04 0001 00 01  01 04 0002 00 01
				41 04 0000fc00
				05 06 0001 0001 0002
				45 08 0001 01 03 0002 01 02
				40 0a c078 0001 01 80 0002 01 00
				47 0e 0001 01 80 015180 0002 01 00 ffffff
				02 00  46 00  06 00
				09 01 03
				49 17 09 6c6f63616c686f7374 0c 6578616d706c652e74657374
				4b 0b 0a 486572616c642f312e30
				4d 00
				63 01 78`},
		{"an ASN of four octets",
			wire.Open{Version: 4, ASN: 23456, HoldTime: 180, RouterID: id, HasCapabilities: true,
				Capabilities: wire.Capabilities{FourOctetAS: 4200000000}},
			marker + "0025 01 04 5ba0 00b4 c0000201 08 02 06 41 04 fa56ea00"},
	}
}

func TestOpenGolden(t *testing.T) {
	for _, tt := range openGoldens() {
		t.Run(tt.name, func(t *testing.T) {
			want := unhex(t, tt.want)
			wantOctets(t, tt.open.Append(nil), want)
			got, err := wire.ParseOpen(body(t, want, wire.TypeOpen))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, tt.open) {
				t.Errorf("ParseOpen = %+v\nwant %+v", *got, tt.open)
			}
		})
	}
}

func TestOpenPeerASN(t *testing.T) {
	o := wire.Open{ASN: 64512}
	if got := o.PeerASN(); got != 64512 {
		t.Errorf("PeerASN() = %d without the capability, want 64512", got)
	}
	o.Capabilities.FourOctetAS = 70000
	if got := o.PeerASN(); got != 70000 {
		t.Errorf("PeerASN() = %d with the capability, want 70000", got)
	}
}

// RFC 6793 §4.2.1: AS_TRANS stands for an ASN of four octets.
func TestOpenUsesASTrans(t *testing.T) {
	o := wire.Open{Version: 4, ASN: 1, RouterID: netip.MustParseAddr("192.0.2.1"), HasCapabilities: true,
		Capabilities: wire.Capabilities{FourOctetAS: 70000}}
	got, err := wire.ParseOpen(body(t, o.Append(nil), wire.TypeOpen))
	if err != nil || got.ASN != wire.ASTrans || got.PeerASN() != 70000 {
		t.Errorf("ParseOpen = %+v, %v; want AS_TRANS and 70000", got, err)
	}
}

// manyCapabilities has n unknown capabilities with values of 255 octets.
func manyCapabilities(n int) wire.Open {
	o := wire.Open{Version: 4, ASN: 64512, HoldTime: 90, RouterID: netip.MustParseAddr("192.0.2.1"), HasCapabilities: true}
	for i := range n {
		o.Capabilities.Unknown = append(o.Capabilities.Unknown,
			wire.RawCapability{Code: wire.CapabilityCode(100 + i), Value: []byte(strings.Repeat("v", 255))})
	}
	return o
}

// RFC 9072 §2: the extended form only where one octet is too short for the length.
func TestOpenExtendedParameters(t *testing.T) {
	fits := manyCapabilities(1)
	fits.Capabilities.Unknown[0].Value = fits.Capabilities.Unknown[0].Value[:251]
	msg := fits.Append(nil)
	wantOctets(t, msg[28:32], unhex(t, "ff 02 fd 64")) // 255 octets of parameters

	exceeds := manyCapabilities(1)
	exceeds.Capabilities.Unknown[0].Value = exceeds.Capabilities.Unknown[0].Value[:252]
	msg = exceeds.Append(nil)
	// The extended length is that of type, length in two octets and 254 of value.
	wantOctets(t, msg[28:37], unhex(t, "ff ff 0101 02 00fe 64 fc"))

	for _, o := range []wire.Open{fits, exceeds, manyCapabilities(15)} {
		got, err := wire.ParseOpen(body(t, o.Append(nil), wire.TypeOpen))
		if err != nil || !reflect.DeepEqual(*got, o) {
			t.Errorf("ParseOpen = %+v, %v\nwant %+v", got, err, o)
		}
	}
}

// RFC 8654 §4: an OPEN never exceeds 4,096 octets.
func TestOpenLeavesOutWhatDoesNotFit(t *testing.T) {
	o := manyCapabilities(40)
	o.Capabilities.Unknown = append(o.Capabilities.Unknown, wire.RawCapability{Code: 1, Value: make([]byte, 256)})
	msg := o.Append(nil)
	got, err := wire.ParseOpen(body(t, msg, wire.TypeOpen))
	if err != nil || len(msg) > wire.MaxMessageLen || len(got.Capabilities.Unknown) != 15 {
		t.Errorf("%d octets with %d capabilities, %v; want at most 4096 and 15", len(msg), len(got.Capabilities.Unknown), err)
	}
}

// OPENs that RFC 5492 and RFC 9072 say must be accepted.
func TestOpenAccepts(t *testing.T) {
	const head = "04 fc00 005a c0000201"
	tests := []struct {
		name, body string
		want       wire.Capabilities
	}{
		{"several parameters", head + "12 02 06 0104 0001 0001 02 06 0104 0002 0001 02 00",
			wire.Capabilities{Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}},
		{"duplicates", head + "12 02 10 0104 0001 0001 0104 0001 0001 0200 0200",
			wire.Capabilities{Families: []wire.Family{wire.IPv4Unicast}, RouteRefresh: true}},
		{"the last graceful restart", head + "0e 02 0c 4006 8001 0001 0180 4002 0002",
			wire.Capabilities{GracefulRestart: &wire.GracefulRestart{RestartTime: 2}}},
		{"the last ASN", head + "0e 02 0c 4104 00000001 4104 00000002", wire.Capabilities{FourOctetAS: 2}},
		{"extended form of a short OPEN", head + "ff ff 0009 02 0006 0104 0001 0001",
			wire.Capabilities{Families: []wire.Family{wire.IPv4Unicast}}},
		{"extended form, length octet not 255", head + "01 ff 0005 02 0002 0200",
			wire.Capabilities{RouteRefresh: true}},
		{"unknown capability", head + "06 02 04 c702 abcd",
			wire.Capabilities{Unknown: []wire.RawCapability{{Code: 199, Value: []byte{0xab, 0xcd}}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wire.ParseOpen(unhex(t, tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if !got.HasCapabilities || !reflect.DeepEqual(got.Capabilities, tt.want) {
				t.Errorf("capabilities %+v, want %+v", got.Capabilities, tt.want)
			}
		})
	}
}

// RFC 4271 §6.2, RFC 6286 §2.2, RFC 7607 §2: code, subcode and data, and the detail for people.
func TestOpenErrors(t *testing.T) {
	const head = "04 fc00 005a c0000201"
	tests := []struct {
		name, body string
		subcode    uint8
		data       string
		detail     string
	}{
		{"nine octets", "04 fc00 005a c0000201", 0, "", "OPEN of 28 octets, expected at least 29"},
		{"version 3", "03 fc00 005a c0000201 00", 1, "0004", "version 3, expected 4"},
		{"version 5", "05 fc00 005a c0000201 00", 1, "0004", "version 5, expected 4"},
		{"AS 0", "04 0000 005a c0000201 00", 2, "0000", "My Autonomous System 0, expected another"},
		{"hold time 1", "04 fc00 0001 c0000201 00", 6, "0001", "hold time 1 s, expected 0 or at least 3 s"},
		{"hold time 2", "04 fc00 0002 c0000201 00", 6, "0002", "hold time 2 s, expected 0 or at least 3 s"},
		{"identifier 0", "04 fc00 005a 00000000 00", 3, "00000000", "BGP identifier 0.0.0.0, expected another"},
		{"octets after no parameters", head + "00 02", 0, "", "optional parameters length 0, expected 1 as there are octets"},
		{"parameters too short", head + "04 02 01 00", 0, "", "optional parameters length 4, expected 3 as there are octets"},
		{"parameters too long", head + "02 02 01 00", 0, "", "optional parameters length 2, expected 3 as there are octets"},
		{"parameter header cut", head + "01 02", 0, "", "1 left of an optional parameter's type and length, expected 2 octets"},
		{"parameter value cut", head + "02 02 01", 0, "", "optional parameter 2 of length 1, expected at most 0 as there are octets left"},
		{"authentication parameter", head + "03 01 01 00", 4, "", "optional parameter 1, expected 2 for capabilities"},
		{"unknown parameter", head + "02 03 00", 4, "", "optional parameter 3, expected 2 for capabilities"},
		{"extended length too long", head + "ff ff 0009 02 0002 0200", 0, "", "optional parameters length 9, expected 5 as there are octets"},
		{"extended length too short", head + "ff ff 0004 02 0002 0200", 0, "", "optional parameters length 4, expected 5 as there are octets"},
		{"extended parameter header cut", head + "ff ff 0002 02 00", 0, "", "2 left of an optional parameter's type and length, expected 3 octets"},
		{"extended parameter value cut", head + "ff ff 0004 02 0002 02", 0, "", "optional parameter 2 of length 2, expected at most 1 as there are octets left"},
		{"capability header cut", head + "03 02 01 02", 0, "", "1 left of a capability's code and length, expected 2 octets"},
		{"capability value cut", head + "04 02 02 0204", 0, "", "capability route refresh (2) of length 4, expected at most 0 as there are octets left"},
		{"multiprotocol short", head + "07 02 05 0103 000100", 0, "", "capability multiprotocol (1) of length 3, expected 4"},
		{"multiprotocol long", head + "09 02 07 0105 0001000100", 0, "", "capability multiprotocol (1) of length 5, expected 4"},
		{"route refresh with a value", head + "05 02 03 0201 00", 0, "", "capability route refresh (2) of length 1, expected 0"},
		{"extended message with a value", head + "05 02 03 0601 00", 0, "", "capability extended message (6) of length 1, expected 0"},
		{"graceful restart empty", head + "04 02 02 4000", 0, "", "capability graceful restart (64) of length 0, expected 2 and a multiple of 4"},
		{"graceful restart cut", head + "09 02 07 4005 0078 000101", 0, "", "capability graceful restart (64) of length 5, expected 2 and a multiple of 4"},
		{"ASN short", head + "06 02 04 4102 fc00", 0, "", "capability four-octet AS number (65) of length 2, expected 4"},
		{"ASN 0", head + "08 02 06 4104 00000000", 2, "00000000", "AS number 0 in the capability four-octet AS number (65), expected another"},
		{"ASN 23456", head + "08 02 06 4104 00005ba0", 2, "00005ba0", "AS number 23456 in the capability four-octet AS number (65), expected another"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := wire.ParseOpen(unhex(t, tt.body))
			wantNotification(t, err, wire.CodeOpen, tt.subcode, unhex(t, tt.data))
			if n := notification(err); n.Detail != tt.detail {
				t.Errorf("detail %q, want %q", n.Detail, tt.detail)
			}
		})
	}
}

// Every length that does not agree with the others: an OPEN that ends early, in
// either form of its parameters (RFC 4271 §4.2, RFC 9072 §2), one with an octet
// more, and each length octet one more or one less.
func TestOpenInconsistentLengths(t *testing.T) {
	short := wire.Open{Version: 4, ASN: 64512, HoldTime: 90, RouterID: netip.MustParseAddr("192.0.2.1"), HasCapabilities: true,
		Capabilities: wire.Capabilities{Families: []wire.Family{wire.IPv4Unicast}, RouteRefresh: true, FourOctetAS: 64512}}
	long := short
	long.Capabilities.Unknown = manyCapabilities(2).Capabilities.Unknown
	for name, tt := range map[string]struct {
		body    []byte
		lengths []int // the octets that are lengths, or the low octets of them
	}{
		"short": {short.Append(nil)[wire.HeaderLen:], []int{9, 11, 13, 19, 25}},
		"long":  {long.Append(nil)[wire.HeaderLen:], []int{12, 15, 17, 23, 29}},
	} {
		refused := func(what string, body []byte) {
			t.Helper()
			_, err := wire.ParseOpen(body)
			if n := notification(err); n == nil || n.Code != wire.CodeOpen {
				t.Errorf("%s, %s: %v, want an OPEN error", name, what, err)
			}
		}
		for end := range tt.body {
			_, err := wire.ParseOpen(tt.body[:end])
			wantNotification(t, err, wire.CodeOpen, wire.OpenUnspecific, nil)
		}
		refused("an octet more", append(slices.Clone(tt.body), 0))
		for _, at := range tt.lengths {
			for _, by := range []byte{1, 0xff} {
				changed := slices.Clone(tt.body)
				changed[at] += by
				refused(fmt.Sprintf("length at %d changed by %d", at, int8(by)), changed)
			}
		}
	}
}
