// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Values are those of the IANA registry "BGP Well-known Communities".
func TestCommunity(t *testing.T) {
	tests := []struct {
		text      string
		want      wire.Community
		canonical string
	}{
		{"64512:100", 0xfc000064, "64512:100"},
		{"0:0", 0, "0:0"},
		{"65535:65535", 0xffffffff, "65535:65535"},
		{"no-export", 0xffffff01, "NO_EXPORT"},
		{"NO_EXPORT", 0xffffff01, "NO_EXPORT"},
		{"65535:65281", 0xffffff01, "NO_EXPORT"},
		{"No_Advertise", 0xffffff02, "NO_ADVERTISE"},
		{"no-export-subconfed", 0xffffff03, "NO_EXPORT_SUBCONFED"},
		{"nopeer", 0xffffff04, "NOPEER"},
		{"graceful-shutdown", 0xffff0000, "GRACEFUL_SHUTDOWN"},
		{"accept-own", 0xffff0001, "ACCEPT_OWN"},
		{"route-filter-translated-v4", 0xffff0002, "ROUTE_FILTER_TRANSLATED_V4"},
		{"route-filter-v4", 0xffff0003, "ROUTE_FILTER_V4"},
		{"route-filter-translated-v6", 0xffff0004, "ROUTE_FILTER_TRANSLATED_V6"},
		{"route-filter-v6", 0xffff0005, "ROUTE_FILTER_V6"},
		{"llgr-stale", 0xffff0006, "LLGR_STALE"},
		{"no-llgr", 0xffff0007, "NO_LLGR"},
		{"accept-own-nexthop", 0xffff0008, "ACCEPT_OWN_NEXTHOP"},
		{"standby-pe", 0xffff0009, "STANDBY_PE"},
		{"blackhole", 0xffff029a, "BLACKHOLE"},
	}
	for _, tt := range tests {
		got, err := wire.ParseCommunity(tt.text)
		if err != nil || got != tt.want || got.String() != tt.canonical {
			t.Errorf("ParseCommunity(%q) = %v, %v; want %s", tt.text, got, err, tt.canonical)
		}
		if again, err := wire.ParseCommunity(tt.canonical); err != nil || again != tt.want {
			t.Errorf("ParseCommunity(%q) = %v, %v; want %#x", tt.canonical, again, err, uint32(tt.want))
		}
	}
	for _, refused := range []string{"", ":", "1", "1:", ":1", "65536:1", "1:65536", "-1:1", "+1:1", "1:2:3", "1: 2", "0x1:1", "no export", "unheard-of"} {
		if got, err := wire.ParseCommunity(refused); err == nil {
			t.Errorf("ParseCommunity(%q) = %v, want an error", refused, got)
		}
	}
}

func TestLargeCommunity(t *testing.T) {
	got, err := wire.ParseLargeCommunity("4294967295:1:0")
	want := wire.LargeCommunity{Global: 4294967295, Local1: 1}
	if err != nil || got != want || got.String() != "4294967295:1:0" {
		t.Errorf("ParseLargeCommunity = %v, %v; want %v", got, err, want)
	}
	for _, refused := range []string{"", "1:2", "1:2:3:4", "4294967296:1:1", "1::1", "a:1:1", "1:-1:1"} {
		if got, err := wire.ParseLargeCommunity(refused); err == nil {
			t.Errorf("ParseLargeCommunity(%q) = %v, want an error", refused, got)
		}
	}
	list := []wire.LargeCommunity{{2, 0, 0}, {1, 2, 0}, {1, 1, 2}, {1, 1, 1}}
	slices.SortFunc(list, wire.LargeCommunity.Compare)
	if sorted := []wire.LargeCommunity{{1, 1, 1}, {1, 1, 2}, {1, 2, 0}, {2, 0, 0}}; !slices.Equal(list, sorted) {
		t.Errorf("sorted %v, want %v", list, sorted)
	}
}

// Layouts of RFC 4360 §3 and RFC 5668 §2, derived by hand.
func TestExtendedCommunity(t *testing.T) {
	tests := []struct{ text, want, canonical string }{
		{"rt:64512:100", "0002fc0000000064", "rt:64512:100"},
		{"RT:64512:4294967295", "0002fc00ffffffff", "rt:64512:4294967295"},
		{"soo:1:2", "0003000100000002", "soo:1:2"},
		{"ro:1:2", "0003000100000002", "soo:1:2"},
		{"rt:192.0.2.1:100", "0102c00002010064", "rt:192.0.2.1:100"},
		{"rt:70000:100", "0202000111700064", "rt:70000:100"},
		{"soo:4200000000:65535", "0203fa56ea00ffff", "soo:4200000000:65535"},
		{"0x0002fbf000000064", "0002fbf000000064", "rt:64496:100"},
		{"0X8006000047C35000", "8006000047c35000", "0x8006000047c35000"},
		// "rt:64512:100" does not mean the 4-octet form of a small ASN.
		{"0x02020000fc000064", "02020000fc000064", "0x02020000fc000064"},
		// Nor is a non-transitive one.
		{"0x4002fc0000000064", "4002fc0000000064", "0x4002fc0000000064"},
	}
	for _, tt := range tests {
		got, err := wire.ParseExtendedCommunity(tt.text)
		if err != nil || hex.EncodeToString(got[:]) != tt.want || got.String() != tt.canonical {
			t.Errorf("ParseExtendedCommunity(%q) = %x %v, %v; want %s %s", tt.text, got[:], got, err, tt.want, tt.canonical)
		}
		if again, err := wire.ParseExtendedCommunity(got.String()); err != nil || again != got {
			t.Errorf("ParseExtendedCommunity(%q) = %x, %v; want %x", got.String(), again[:], err, got[:])
		}
	}
	for _, refused := range []string{"", "rt", "rt:", "rt:1", "rt:1:", "rt:1:2:3", "rt:1:4294967296", "rt:70000:65536",
		"rt:192.0.2.1:65536", "rt:4294967296:1", "rt:2001:db8::1:1", "rt:-1:1", "xx:1:1", "0x00", "0x0002fbf00000006g", "0x0002fbf0000000640", "0002fbf000000064"} {
		if got, err := wire.ParseExtendedCommunity(refused); err == nil {
			t.Errorf("ParseExtendedCommunity(%q) = %v, want an error", refused, got)
		}
	}
	if a, b := (wire.ExtendedCommunity{0, 2}), (wire.ExtendedCommunity{1, 2}); a.Compare(b) >= 0 || b.Compare(a) <= 0 || a.Compare(a) != 0 {
		t.Errorf("Compare of %v and %v is no order", a, b)
	}
}
