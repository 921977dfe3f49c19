// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Golden NLRI: layout of RFC 4271 §4.3, derived by hand.
func TestPrefixGolden(t *testing.T) {
	tests := []struct {
		family wire.Family
		prefix string
		want   string
	}{
		{wire.IPv4Unicast, "0.0.0.0/0", "00"},
		{wire.IPv4Unicast, "128.0.0.0/1", "01 80"},
		{wire.IPv4Unicast, "10.0.0.0/8", "08 0a"},
		{wire.IPv4Unicast, "172.16.128.0/17", "11 ac1080"},
		{wire.IPv4Unicast, "203.0.113.0/24", "18 cb0071"},
		{wire.IPv4Unicast, "203.0.113.7/32", "20 cb007107"},
		{wire.IPv6Unicast, "::/0", "00"},
		{wire.IPv6Unicast, "2001:db8:1::/48", "30 20010db80001"},
		{wire.IPv6Unicast, "2001:db8::1/128", "80 20010db8000000000000000000000001"},
		{wire.IPv6Unicast, "::ffff:192.0.2.0/120", "78 00000000000000000000ffffc00002"},
	}
	for _, tt := range tests {
		p, want := netip.MustParsePrefix(tt.prefix), unhex(t, tt.want)
		wantOctets(t, wire.AppendPrefix(nil, p), want)
		if got := wire.PrefixLen(p); got != len(want) {
			t.Errorf("PrefixLen(%v) = %d, want %d", p, got, len(want))
		}
		for got, err := range wire.Prefixes(tt.family, want) {
			if err != nil || got != p {
				t.Errorf("Prefixes(%x) = %v, %v; want %v", want, got, err, p)
			}
		}
	}
}

// Golden NLRI with path identifiers: those of ExaBGP's functional test
// conf-path-information, and IPv6 by RFC 7911 §3, derived by hand.
func TestPathGolden(t *testing.T) {
	paths := func(p ...wire.Path) []wire.Path { return p }
	tests := []struct {
		family wire.Family
		ids    bool
		paths  []wire.Path
		want   string
	}{
		{wire.IPv4Unicast, true, paths(path(1, "10.0.0.10/32"), path(2, "10.0.0.10/32"), path(3, "10.1.0.10/32")),
			"00000001 200a00000a 00000002 200a00000a 00000003 200a01000a"},
		{wire.IPv4Unicast, true, paths(path(0, "0.0.0.0/0")), "00000000 00"},
		{wire.IPv6Unicast, true, paths(path(0xfffffffe, "2001:db8::/32")), "fffffffe 20 20010db8"},
		{wire.IPv4Unicast, false, paths(path(0, "10.0.0.0/8"), path(0, "0.0.0.0/0")), "08 0a 00"},
	}
	for _, tt := range tests {
		want := unhex(t, tt.want)
		var got []byte
		for _, p := range tt.paths {
			if !tt.ids {
				got = wire.AppendPrefix(got, p.Prefix)
				continue
			}
			before := len(got)
			if got = wire.AppendPath(got, p); len(got)-before != wire.PathIDLen+wire.PrefixLen(p.Prefix) {
				t.Errorf("%v: %d octets", p, len(got)-before)
			}
		}
		wantOctets(t, got, want)
		i := 0
		for p, err := range wire.Paths(tt.family, tt.ids, want) {
			if err != nil || p != tt.paths[i] {
				t.Errorf("Paths(%x) = %v, %v; want %v", want, p, err, tt.paths[i])
			}
			i++
		}
		if i != len(tt.paths) {
			t.Errorf("%d paths, want %d", i, len(tt.paths))
		}
	}
}

func path(id uint32, prefix string) wire.Path {
	return wire.Path{ID: id, Prefix: netip.MustParsePrefix(prefix)}
}

func TestPathsMalformed(t *testing.T) {
	for octets, before := range map[string]int{
		"00":                               0,
		"00000001":                         0,
		"00000001 21 0a00000000":           0,
		"00000001 18 0a00":                 0,
		"00000001 08 0a 0000":              1,
		"00000001 08 0a 00000002":          1,
		"00000001 08 0a 00000002 ff":       1,
		"00000001 08 0a 00000002 00 08 0a": 2,
	} {
		n := 0
		var last error
		for _, err := range wire.Paths(wire.IPv4Unicast, true, unhex(t, octets)) {
			if last = err; err == nil {
				n++
			}
		}
		if n != before {
			t.Errorf("%s: %d paths before the error, want %d", octets, n, before)
		}
		wantNotification(t, last, wire.CodeUpdate, wire.UpdateInvalidNetwork, nil)
	}
}

// RFC 4271 §4.3: the value of trailing bits is irrelevant.
func TestPrefixTrailingBits(t *testing.T) {
	wantOctets(t, wire.AppendPrefix(nil, netip.MustParsePrefix("10.255.0.1/9")), unhex(t, "09 0a80"))
	for got, err := range wire.Prefixes(wire.IPv4Unicast, unhex(t, "09 0aff")) {
		if want := netip.MustParsePrefix("10.128.0.0/9"); err != nil || got != want {
			t.Errorf("prefix = %v, %v; want %v", got, err, want)
		}
	}
}

func TestPrefixesMalformed(t *testing.T) {
	tests := []struct {
		name   string
		family wire.Family
		nlri   string
		before int // prefixes before the error
	}{
		{"33 bits", wire.IPv4Unicast, "21 cb00710700", 0},
		{"255 bits", wire.IPv4Unicast, "ff", 0},
		{"129 bits", wire.IPv6Unicast, "81 20010db8000000000000000000000001 00", 0},
		{"cut", wire.IPv4Unicast, "08 0a 18 cb00", 1},
		{"no octets", wire.IPv4Unicast, "18", 0},
		{"another family", wire.Family{AFI: 25, SAFI: 70}, "00", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			var last error
			for _, err := range wire.Prefixes(tt.family, unhex(t, tt.nlri)) {
				if last = err; err == nil {
					n++
				}
			}
			if n != tt.before {
				t.Errorf("%d prefixes before the error, want %d", n, tt.before)
			}
			wantNotification(t, last, wire.CodeUpdate, wire.UpdateInvalidNetwork, nil)
		})
	}
}

func TestPrefixesStops(t *testing.T) {
	n := 0
	for range wire.Prefixes(wire.IPv4Unicast, nlri("10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8")) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d prefixes after break, want 2", n)
	}
	for range wire.Paths(wire.IPv4Unicast, false, nlri("10.0.0.0/8", "11.0.0.0/8")) {
		n++
		break
	}
	if n != 3 {
		t.Errorf("%d paths after break, want 1", n-2)
	}
}
