// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

func TestAttributes(t *testing.T) {
	route, other := wire.ExtendedCommunity{0, 2, 0xfc, 0, 0, 0, 0, 1}, wire.ExtendedCommunity{0, 3}
	all := rib.Attributes{
		Origin: ptr(wire.OriginIncomplete), ASPath: []uint32{65001, 4200000000}, Prepend: ptr(2),
		MED: ptr(uint32(0)), LocalPref: ptr(uint32(200)),
		Communities:         []wire.Community{64512<<16 | 2, 64512<<16 | 1, 64512<<16 | 2},
		LargeCommunities:    []wire.LargeCommunity{{Global: 2}, {Global: 1, Local1: 2}, {Global: 1, Local1: 1, Local2: 9}},
		ExtendedCommunities: []wire.ExtendedCommunity{other, route, other},
	}
	communities := "64512:1, 64512:2, 1:1:9, 1:2:0, 2:0:0, " + route.String() + ", " + other.String()
	for _, test := range []struct {
		name        string
		params      rib.Params
		attributes  rib.Attributes
		defaults    rib.Attributes
		want        string
		twoOctetASN bool
	}{
		{name: "eBGP, nothing set", params: external(), want: "origin IGP, path [64512]"},
		{name: "iBGP, nothing set", params: internal(), want: "origin IGP, path [], local-pref 100"},
		{
			name: "eBGP, all set", params: external(), attributes: all,
			want: "origin INCOMPLETE, path [64512 64512 64512 65001 4200000000], med 0, " + communities,
		},
		{
			name: "iBGP, all set", params: internal(), attributes: all,
			want: "origin INCOMPLETE, path [65001 4200000000], med 0, local-pref 200, " + communities,
		},
		{
			name: "two-octet peer", params: external(), twoOctetASN: true,
			attributes: rib.Attributes{ASPath: []uint32{4200000000}}, want: "origin IGP, path [64512 4200000000]",
		},
		{
			name: "defaults", params: internal(), defaults: all,
			want: "origin INCOMPLETE, path [65001 4200000000], med 0, local-pref 200, " + communities,
		},
		{
			name: "single values win over defaults, communities are the union", params: internal(),
			attributes: rib.Attributes{
				Origin: ptr(wire.OriginEGP), ASPath: []uint32{65009}, MED: ptr(uint32(7)), LocalPref: ptr(uint32(0)),
				Communities: []wire.Community{1, 64512<<16 | 1},
			},
			defaults: rib.Attributes{
				Origin: ptr(wire.OriginIncomplete), ASPath: []uint32{65001}, MED: ptr(uint32(9)), LocalPref: ptr(uint32(9)),
				Communities: []wire.Community{64512<<16 | 1, 2}, LargeCommunities: []wire.LargeCommunity{{Global: 5}},
			},
			want: "origin EGP, path [65009], med 7, local-pref 0, 0:1, 0:2, 64512:1, 5:0:0",
		},
		{
			name: "prepend of an announcement wins", params: external(),
			attributes: rib.Attributes{Prepend: ptr(0)}, defaults: rib.Attributes{Prepend: ptr(3)},
			want: "origin IGP, path [64512]",
		},
		{
			name: "prepend is for eBGP", params: internal(), attributes: rib.Attributes{Prepend: ptr(3)},
			want: "origin IGP, path [], local-pref 100",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.params.AS4 = !test.twoOctetASN
			table := rib.New()
			update(table, map[string]rib.Export{"tor": {
				Announcements: rib.NewList(announcement("a", test.attributes, "10.0.0.0/24", "2001:db8::/32")),
				Defaults:      test.defaults,
			}})
			p := attach(t, table, "tor", test.params)
			p.drain()
			for _, prefix := range []string{"10.0.0.0/24", "2001:db8::/32"} {
				if got := p.routes[netip.MustParsePrefix(prefix)].attributes; got != test.want {
					t.Errorf("%s:\n  %s\nwant\n  %s", prefix, got, test.want)
				}
			}
		})
	}
}

func TestExportIsNotModified(t *testing.T) {
	attributes := func() rib.Attributes {
		// With room to spare, so that an append to it would be seen.
		communities := append(make([]wire.Community, 0, 9), 3, 1)
		return rib.Attributes{Communities: communities, ASPath: []uint32{7}}
	}
	a := announcement("a", attributes(), "10.0.1.0/24", "10.0.0.0/24")
	want := announcement("a", attributes(), "10.0.1.0/24", "10.0.0.0/24")
	table := rib.New()
	update(table, map[string]rib.Export{"tor": {
		Announcements: rib.NewList(a), Defaults: rib.Attributes{Communities: []wire.Community{2}},
	}})
	attach(t, table, "tor", external()).drain()
	if !a.Equal(want) || a.Attributes.Communities[:3][2] != 0 {
		t.Errorf("announcement became %+v", a)
	}
}

func TestNextHop(t *testing.T) {
	const withheld = "withheld"
	type hops struct{ v4, v6 string }
	overIPv6 := func(p *rib.Params) {
		p.LocalAddress, p.PeerAddress = addr("2001:db8::2"), addr("2001:db8::1")
		p.NodeAddress4, p.NodeAddress6 = addr("192.0.2.9"), addr("2001:db8::9")
	}
	overLinkLocal := func(p *rib.Params) {
		overIPv6(p)
		p.LocalAddress, p.PeerAddress = addr("fe80::2%eth0"), addr("fe80::1%eth0")
		p.SharedLink, p.LinkLocalNextHop = true, true
	}
	for _, test := range []struct {
		name       string
		params     func(*rib.Params)
		attributes rib.Attributes
		defaults   rib.Attributes
		want       hops
	}{
		{name: "over IPv4", want: hops{"192.0.2.2", "2001:db8::2"}},
		{name: "over IPv6", params: overIPv6, want: hops{"192.0.2.9", "2001:db8::2"}},
		{
			name:   "no address of the other family",
			params: func(p *rib.Params) { p.NodeAddress6 = netip.Addr{} },
			want:   hops{"192.0.2.2", withheld},
		},
		{
			name:   "mapped local address",
			params: func(p *rib.Params) { p.LocalAddress = addr("::ffff:192.0.2.2") },
			want:   hops{"192.0.2.2", "2001:db8::2"},
		},
		{
			name:       "asked for",
			attributes: rib.Attributes{NextHop4: addr("192.0.2.77"), NextHop6: addr("2001:db8::77")},
			want:       hops{"192.0.2.77", "2001:db8::77"},
		},
		{
			name:     "of the defaults",
			defaults: rib.Attributes{NextHop4: addr("192.0.2.77")},
			want:     hops{"192.0.2.77", "2001:db8::2"},
		},
		{
			name:       "of the announcement rather than the defaults",
			attributes: rib.Attributes{NextHop4: addr("192.0.2.78")}, defaults: rib.Attributes{NextHop4: addr("192.0.2.77")},
			want: hops{"192.0.2.78", "2001:db8::2"},
		},
		{
			name:       "the peer",
			attributes: rib.Attributes{NextHop4: addr("192.0.2.1")},
			want:       hops{withheld, "2001:db8::2"},
		},
		{
			name:   "self is the peer",
			params: func(p *rib.Params) { p.NodeAddress6, p.PeerAddress = addr("2001:db8::1"), addr("2001:db8::1") },
			want:   hops{"192.0.2.2", withheld},
		},
		{
			name:       "mapped peer",
			params:     func(p *rib.Params) { p.PeerAddress = addr("::ffff:192.0.2.1") },
			attributes: rib.Attributes{NextHop4: addr("192.0.2.1")},
			want:       hops{withheld, "2001:db8::2"},
		},
		{
			name:       "of the wrong family",
			attributes: rib.Attributes{NextHop4: addr("2001:db8::5"), NextHop6: addr("192.0.2.5")},
			want:       hops{withheld, withheld},
		},
		{
			name:       "of no host",
			attributes: rib.Attributes{NextHop4: addr("255.255.255.255"), NextHop6: addr("ff02::1")},
			want:       hops{withheld, withheld},
		},
		{
			name:       "unspecified",
			attributes: rib.Attributes{NextHop4: addr("0.0.0.0"), NextHop6: addr("::")},
			want:       hops{withheld, withheld},
		},
		{
			name:   "shared link",
			params: func(p *rib.Params) { p.LinkLocal = addr("fe80::2%eth0") },
			want:   hops{"192.0.2.2", "2001:db8::2 fe80::2"},
		},
		{
			name: "shared link, asked for", params: func(p *rib.Params) { p.LinkLocal = addr("fe80::2") },
			attributes: rib.Attributes{NextHop6: addr("2001:db8::77")}, want: hops{"192.0.2.2", "2001:db8::77"},
		},
		{
			name: "session between link-local addresses", params: func(p *rib.Params) {
				overIPv6(p)
				p.LocalAddress, p.PeerAddress = addr("fe80::2%eth0"), addr("fe80::1%eth0")
			},
			want: hops{"192.0.2.9", "2001:db8::9 fe80::2"},
		},
		{
			name: "link-local alone", params: func(p *rib.Params) {
				p.LocalAddress, p.PeerAddress = addr("fe80::2%eth0"), addr("fe80::1%eth0")
				p.NodeAddress6 = netip.Addr{}
			},
			want: hops{withheld, withheld},
		},
		{
			name: "a pair, shared link", params: func(p *rib.Params) { p.SharedLink = true },
			attributes: rib.Attributes{NextHop6: addr("2001:db8::77"), NextHopLinkLocal: addr("fe80::77%eth0")},
			want:       hops{"192.0.2.2", "2001:db8::77 fe80::77"},
		},
		{
			name:       "a pair, the peer several hops away",
			attributes: rib.Attributes{NextHop6: addr("2001:db8::77"), NextHopLinkLocal: addr("fe80::77")},
			want:       hops{"192.0.2.2", "2001:db8::77"},
		},
		{
			name: "link-local alone, the peer several hops away", params: func(p *rib.Params) { p.LinkLocalNextHop = true },
			attributes: rib.Attributes{NextHopLinkLocal: addr("fe80::77")}, want: hops{"192.0.2.2", "2001:db8::2"},
		},
		{
			name: "link-local in the place of the other, the peer several hops away", params: func(p *rib.Params) { p.LinkLocalNextHop = true },
			attributes: rib.Attributes{NextHop6: addr("fe80::77")}, want: hops{"192.0.2.2", withheld},
		},
		{
			name: "a pair with the peer's own link-local", params: overLinkLocal,
			attributes: rib.Attributes{NextHop6: addr("2001:db8::77"), NextHopLinkLocal: addr("fe80::1")}, want: hops{"192.0.2.9", withheld},
		},
		{
			name: "a pair with the peer's own link-local by default", params: overLinkLocal,
			defaults: rib.Attributes{NextHop6: addr("2001:db8::77"), NextHopLinkLocal: addr("fe80::1")}, want: hops{"192.0.2.9", withheld},
		},
		{
			name: "the global address of such a default alone", params: overLinkLocal,
			attributes: rib.Attributes{NextHop6: addr("2001:db8::77")},
			defaults:   rib.Attributes{NextHop6: addr("2001:db8::77"), NextHopLinkLocal: addr("fe80::1")}, want: hops{"192.0.2.9", "2001:db8::77"},
		},
		{
			name: "link-local alone, the peer's own", params: overLinkLocal,
			attributes: rib.Attributes{NextHopLinkLocal: addr("fe80::1")}, want: hops{"192.0.2.9", withheld},
		},
		{
			name: "link-local alone, the peer's own by default", params: overLinkLocal,
			defaults: rib.Attributes{NextHopLinkLocal: addr("fe80::1%eth0")}, want: hops{"192.0.2.9", withheld},
		},
		{
			name: "link-local alone, another than the default", params: overLinkLocal,
			attributes: rib.Attributes{NextHopLinkLocal: addr("fe80::3")},
			defaults:   rib.Attributes{NextHopLinkLocal: addr("fe80::1")}, want: hops{"192.0.2.9", "fe80::3"},
		},
		{
			name: "link-local of the peer, without the global one of the default", params: overLinkLocal,
			attributes: rib.Attributes{NextHopLinkLocal: addr("fe80::1")},
			defaults:   rib.Attributes{NextHop6: addr("2001:db8::77")}, want: hops{"192.0.2.9", withheld},
		},
		{
			name: "link-local of the peer that it does not understand", params: func(p *rib.Params) {
				overLinkLocal(p)
				p.LinkLocalNextHop = false
			},
			attributes: rib.Attributes{NextHopLinkLocal: addr("fe80::1")}, want: hops{"192.0.2.9", "2001:db8::9 fe80::2"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			params := external()
			if test.params != nil {
				test.params(&params)
			}
			table := rib.New()
			update(table, map[string]rib.Export{"tor": {
				Announcements: rib.NewList(announcement("a", test.attributes, "10.0.0.0/24", "2001:db8::/32")),
				Defaults:      test.defaults,
			}})
			p := attach(t, table, "tor", params)
			p.drain()
			hop := func(prefix string) string {
				r, ok := p.routes[netip.MustParsePrefix(prefix)]
				if !ok {
					return withheld
				}
				if r.linkLocal.IsValid() {
					return r.nextHop.String() + " " + r.linkLocal.String()
				}
				return r.nextHop.String()
			}
			if got := (hops{hop("10.0.0.0/24"), hop("2001:db8::/32")}); got != test.want {
				t.Errorf("next hops %q, want %q", got, test.want)
			}
			missing := strings.Count(test.want.v4+test.want.v6, withheld)
			counted := 0
			for _, w := range p.out.Report().Withheld {
				if w.Reason != rib.ReasonNoNextHop {
					t.Errorf("withheld for %s", w.Reason)
				}
				counted += w.Prefixes
			}
			if counted != missing {
				t.Errorf("%d prefixes withheld, want %d", counted, missing)
			}
		})
	}
}

// TestGolden compares whole messages. The octets were put together by hand from
// RFC 4271 §4.3 and §5, RFC 4760 §3, RFC 1997 and RFC 4724 §2.
func TestGolden(t *testing.T) {
	table := rib.New()
	update(table, export(1, announcement("a", rib.Attributes{
		MED: ptr(uint32(50)), Communities: []wire.Community{64512<<16 | 100},
	}, "10.1.0.0/16", "10.0.0.0/8", "2001:db8::/32")))
	out := table.Attach("tor", external())
	defer out.Detach()
	marker := strings.Repeat("ff", 16)
	want := strings.Join([]string{
		marker + "003e" + "02" + "0000" + "0022", // 62 octets, UPDATE, nothing withdrawn, 34 of attributes
		"40010100",                               // ORIGIN IGP
		"4002060201" + "0000fc00",                // AS_PATH: a sequence of 1, 64512
		"400304c0000202",                         // NEXT_HOP 192.0.2.2
		"80040400000032",                         // MULTI_EXIT_DISC 50
		"c00804fc000064",                         // COMMUNITIES 64512:100
		"100a01" + "080a",                        // 10.1.0.0/16, 10.0.0.0/8

		marker + "0017" + "02" + "0000" + "0000", // End-of-RIB

		marker + "004f" + "02" + "0000" + "0038",                                                   // 79 octets, 56 of attributes
		"800e1a" + "0002" + "01" + "10" + "20010db8000000000000000000000002" + "00" + "2020010db8", // MP_REACH_NLRI
		"40010100", "40020602010000fc00", "80040400000032", "c00804fc000064",

		marker + "001d" + "02" + "0000" + "0006" + "800f03" + "0002" + "01", // End-of-RIB
	}, "")
	if got := hex.EncodeToString(out.Next(nil, 4096)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
