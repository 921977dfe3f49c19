// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// parseCapabilities reads hexadecimal capabilities in one parameter of the
// extended form, which holds any length.
func parseCapabilities(t testing.TB, s string) (wire.Capabilities, error) {
	t.Helper()
	b := unhex(t, s)
	body := unhex(t, "04 fc00 005a c0000201 ff ff")
	body = append(body, byte((len(b)+3)>>8), byte(len(b)+3), 2, byte(len(b)>>8), byte(len(b)))
	o, err := wire.ParseOpen(append(body, b...))
	if err != nil {
		return wire.Capabilities{}, err
	}
	return o.Capabilities, nil
}

// Capabilities as ExaBGP 5.0 sends them in its functional tests
// conf-path-information, extended-nexthop, conf-hostname,
// conf-cap-software-version and conf-llnh-update.
func TestCapabilitiesOfOthers(t *testing.T) {
	tests := []struct {
		name, octets string
		want         wire.Capabilities
	}{
		{"add-path", "45 04 00010103", wire.Capabilities{
			AddPath: []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathBoth}}}},
		{"extended next hop", "05 0c 000100010002 000100800002", wire.Capabilities{
			ExtendedNextHop: []wire.ExtendedNextHopFamily{
				{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6},
				{Family: wire.Family{AFI: 1, SAFI: 128}, NextHopAFI: wire.AFIIPv6}}}},
		{"FQDN", "49 20 0C6D792D686F73742D6E616D65126D792D646F6D61696E2D6E616D652E636F6D",
			wire.Capabilities{FQDN: &wire.FQDN{HostName: "my-host-name", DomainName: "my-domain-name.com"}}},
		{"software version", "4b 14 134578614247502F352E302E302D302B74657374",
			wire.Capabilities{SoftwareVersion: "ExaBGP/5.0.0-0+test"}},
		{"link-local next hop", "4d 00", wire.Capabilities{LinkLocalNextHop: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseCapabilities(t, tt.octets)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("capabilities %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

// OPENs as BIRD 2.0.12, FRR 8.4.4 and GoBGP 3.10.0 sent them to a listening
// socket, with all their capabilities of interest configured, and as ExaBGP 5.0
// does in its functional test conf-hostname: one parameter, or one each.
func TestOpensOfOthers(t *testing.T) {
	customer, ipv6 := wire.RoleCustomer, []wire.ExtendedNextHopFamily{{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6}}
	both := []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	long := func(families []wire.Family, forwarding bool) (list []wire.LongLivedFamily) {
		for _, f := range families {
			list = append(list, wire.LongLivedFamily{Family: f, Forwarding: forwarding, StaleTime: time.Hour})
		}
		return list
	}
	restart := func(families []wire.Family, head wire.GracefulRestart) *wire.GracefulRestart {
		head.RestartTime = 120
		for _, f := range families {
			head.Families = append(head.Families, wire.GracefulRestartFamily{Family: f})
		}
		return &head
	}
	tests := []struct {
		name, message string
		want          wire.Capabilities
	}{
		{"BIRD", `0068 01 04 fde9 00f0 0a000002 4b 0249 0104 00010001 0104 00020001 0200 0506 000100010002 0600 0901 03
			400a 0078 00010100 00020100 4104 0000fde9 4508 00010102 00020103 4600 470e 00010100000e10 00020100000e10`,
			wire.Capabilities{
				Families: both, RouteRefresh: true, ExtendedNextHop: ipv6, ExtendedMessage: true, Role: &customer,
				GracefulRestart: restart(both, wire.GracefulRestart{}), FourOctetAS: 65001,
				AddPath: []wire.AddPathFamily{
					{Family: wire.IPv4Unicast, Mode: wire.AddPathSend}, {Family: wire.IPv6Unicast, Mode: wire.AddPathBoth}},
				EnhancedRefresh: true, LongLived: long(both, false),
			}},
		{"FRR", `008c 01 04 fde9 00b4 0a000003 6f 0206 0104 00010001 0206 0104 00020001 0202 8000 0202 0200 0202 4600
			0206 4104 0000fde9 0202 0600 0203 0901 03 020a 4508 00010103 00020103
			0214 4912 05 6564676531 0b 6578616d706c652e6e6574 020c 400a c078 00010100 00020100
			0210 470e 00010180000e10 00020180000e10`,
			wire.Capabilities{
				Families: both, RouteRefresh: true, EnhancedRefresh: true, FourOctetAS: 65001, ExtendedMessage: true, Role: &customer,
				AddPath: []wire.AddPathFamily{
					{Family: wire.IPv4Unicast, Mode: wire.AddPathBoth}, {Family: wire.IPv6Unicast, Mode: wire.AddPathBoth}},
				FQDN:            &wire.FQDN{HostName: "edge1", DomainName: "example.net"},
				GracefulRestart: restart(both, wire.GracefulRestart{Restarting: true, Notifications: true}),
				LongLived:       long(both, true),
				Unknown:         []wire.RawCapability{{Code: 128}}, // route refresh before RFC 2918
			}},
		{"GoBGP", `0058 01 04 fde9 005a 0a000004 3b 0239 0200 4904 02 766d 00 0104 00010001 0104 00020001 4104 0000fde9
			4006 4078 00010100 4707 00010100000e10 0506 000100010002 4504 00010103`,
			wire.Capabilities{
				Families: both, RouteRefresh: true, FQDN: &wire.FQDN{HostName: "vm"}, FourOctetAS: 65001,
				GracefulRestart: restart(both[:1], wire.GracefulRestart{Notifications: true}), LongLived: long(both[:1], false),
				ExtendedNextHop: ipv6,
				AddPath:         []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: wire.AddPathBoth}},
			}},
		{"ExaBGP", `0055 01 04 fffd 00b4 0a000002 38 0206 0104 00010001 0206 4104 0000fffd 0202 0600
			0222 4920 0c 6d792d686f73742d6e616d65 12 6d792d646f6d61696e2d6e616d652e636f6d`,
			wire.Capabilities{
				Families: both[:1], FourOctetAS: 65533, ExtendedMessage: true,
				FQDN: &wire.FQDN{HostName: "my-host-name", DomainName: "my-domain-name.com"},
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wire.ParseOpen(body(t, unhex(t, marker+tt.message), wire.TypeOpen))
			if err != nil || !reflect.DeepEqual(got.Capabilities, tt.want) {
				t.Fatalf("capabilities %+v, %v\nwant %+v", got, err, tt.want)
			}
			again, err := wire.ParseOpen(body(t, got.Append(nil), wire.TypeOpen))
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("sent again it is %+v, %v\nwant %+v", again, err, got)
			}
		})
	}
}

// Capabilities that are repeated, that hold unknown values, or that only inform and are malformed.
func TestCapabilityRules(t *testing.T) {
	customer := wire.RoleCustomer
	addPath := func(m wire.AddPathMode) []wire.AddPathFamily {
		return []wire.AddPathFamily{{Family: wire.IPv4Unicast, Mode: m}}
	}
	tests := []struct {
		name, octets string
		want         wire.Capabilities
	}{
		{"the last graceful restart, RFC 4724 §3", "40 06 8001 00010180 40 06 7002 0002017f", wire.Capabilities{
			GracefulRestart: &wire.GracefulRestart{
				Notifications: true, RestartTime: 2, Families: []wire.GracefulRestartFamily{{Family: wire.IPv6Unicast}}}}},
		{"route refresh, RFC 2918 §2, and enhanced", "02 00 46 00", wire.Capabilities{RouteRefresh: true, EnhancedRefresh: true}},
		{"extended messages, RFC 8654 §3", "06 00", wire.Capabilities{ExtendedMessage: true}},
		{"the last add-path, RFC 7911 §4", "45 04 00020103 45 04 00010101", wire.Capabilities{AddPath: addPath(wire.AddPathReceive)}},
		{"an empty add-path is the last", "45 04 00010103 45 00", wire.Capabilities{}},
		{"add-path mode 0, RFC 7911 §4", "45 08 00020100 00010102", wire.Capabilities{AddPath: addPath(wire.AddPathSend)}},
		{"add-path mode 4", "45 04 00010104", wire.Capabilities{}},
		{"add-path family twice", "45 08 00010101 00010103", wire.Capabilities{AddPath: addPath(wire.AddPathBoth)}},
		{"extended next hop twice", "05 06 000100010002 05 06 000100010002", wire.Capabilities{
			ExtendedNextHop: []wire.ExtendedNextHopFamily{{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6}}}},
		{"extended next hop, SAFI 257", "05 06 000101010002", wire.Capabilities{}},
		{"role twice, RFC 9234 §4.2", "09 01 03 09 01 03", wire.Capabilities{Role: &customer}},
		{"long-lived alone, RFC 9494 §4.1", "47 07 00010180000001", wire.Capabilities{}},
		{"long-lived before graceful restart, the last", "47 07 00020180000001 47 07 00010100000002 40 02 0001", wire.Capabilities{
			GracefulRestart: &wire.GracefulRestart{RestartTime: 1},
			LongLived:       []wire.LongLivedFamily{{Family: wire.IPv4Unicast, StaleTime: 2 * time.Second}}}},
		{"reserved flags of long-lived", "40 02 0000 47 07 0001017f000002", wire.Capabilities{
			GracefulRestart: &wire.GracefulRestart{},
			LongLived:       []wire.LongLivedFamily{{Family: wire.IPv4Unicast, StaleTime: 2 * time.Second}}}},
		{"FQDN empty", "49 00", wire.Capabilities{}},
		{"FQDN without names", "49 02 00 00", wire.Capabilities{}},
		{"FQDN without domain", "49 02 01 61", wire.Capabilities{}},
		{"FQDN, host overruns", "49 03 05 61 00", wire.Capabilities{}},
		{"FQDN, domain overruns", "49 03 01 61 01", wire.Capabilities{}},
		{"FQDN, octets left", "49 04 01 61 00 00", wire.Capabilities{}},
		{"FQDN with control characters", "49 08 04 610a1b62 02 0063",
			wire.Capabilities{FQDN: &wire.FQDN{HostName: "ab", DomainName: "c"}}},
		{"FQDN not UTF-8", "49 05 02 61ff 01 62", wire.Capabilities{FQDN: &wire.FQDN{DomainName: "b"}}},
		{"software version empty", "4b 00", wire.Capabilities{}},
		{"software version of no octets", "4b 01 00", wire.Capabilities{}},
		{"software version without length", "4b 05 6269726432", wire.Capabilities{SoftwareVersion: "bird2"}},
		{"software version not UTF-8", "4b 03 02 c328", wire.Capabilities{}},
		{"software version with escapes", "4b 08 07 1b5b33316d6f6b", wire.Capabilities{SoftwareVersion: "[31mok"}},
		{"link-local next hop with a value", "4d 01 00", wire.Capabilities{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseCapabilities(t, tt.octets)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("capabilities %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

// RFC 4271 §6.2: malformed capabilities that matter; RFC 9234 §4.2: roles that differ.
func TestCapabilityErrors(t *testing.T) {
	for octets, subcode := range map[string]uint8{
		"01 03 000100":           wire.OpenUnspecific,
		"02 01 00":               wire.OpenUnspecific,
		"05 05 0001000100":       wire.OpenUnspecific,
		"06 01 00":               wire.OpenUnspecific,
		"09 00":                  wire.OpenUnspecific,
		"09 02 0303":             wire.OpenUnspecific,
		"40 03 000000":           wire.OpenUnspecific,
		"41 03 000001":           wire.OpenUnspecific,
		"45 03 000101":           wire.OpenUnspecific,
		"45 05 0001010300":       wire.OpenUnspecific,
		"46 01 00":               wire.OpenUnspecific,
		"47 06 000101000000":     wire.OpenUnspecific,
		"47 08 0001010000000000": wire.OpenUnspecific,
		"09 01 03 09 01 04":      wire.OpenRoleMismatch,
	} {
		_, err := parseCapabilities(t, octets)
		wantNotification(t, err, wire.CodeOpen, subcode, nil)
	}
}

// Texts that are too long are cut at a character, so that they stay UTF-8.
func TestCapabilityTextsAreCut(t *testing.T) {
	const long = "äöü"
	o := wire.Open{Version: 4, ASN: 1, RouterID: netip.MustParseAddr("192.0.2.1"), HasCapabilities: true}
	o.Capabilities.SoftwareVersion = "v" + strings.Repeat(long, 20)
	o.Capabilities.FQDN = &wire.FQDN{HostName: strings.Repeat("h", 200), DomainName: strings.Repeat(long, 20)}
	got, err := wire.ParseOpen(body(t, o.Append(nil), wire.TypeOpen))
	if err != nil {
		t.Fatal(err)
	}
	c := got.Capabilities
	if want := o.Capabilities.SoftwareVersion[:63]; c.SoftwareVersion != want {
		t.Errorf("software version %q, want %q", c.SoftwareVersion, want)
	}
	if want := (wire.FQDN{HostName: o.Capabilities.FQDN.HostName, DomainName: o.Capabilities.FQDN.DomainName[:52]}); *c.FQDN != want {
		t.Errorf("FQDN %+v, want %+v", *c.FQDN, want)
	}
}

// RFC 9494 §4.1: the long-lived capability is not sent without the graceful restart
// capability; its time is cut to the greatest value of 24 bits.
func TestLongLivedIsBounded(t *testing.T) {
	o := wire.Open{Version: 4, ASN: 1, RouterID: netip.MustParseAddr("192.0.2.1"), HasCapabilities: true}
	o.Capabilities.LongLived = []wire.LongLivedFamily{
		{Family: wire.IPv4Unicast, StaleTime: 1 << 62}, {Family: wire.IPv6Unicast, StaleTime: -time.Hour}}
	if msg := o.Append(nil); len(msg) != 31 {
		t.Errorf("message %x, want no capability", msg)
	}
	o.Capabilities.GracefulRestart = &wire.GracefulRestart{}
	got, err := wire.ParseOpen(body(t, o.Append(nil), wire.TypeOpen))
	if err != nil {
		t.Fatal(err)
	}
	want := []wire.LongLivedFamily{
		{Family: wire.IPv4Unicast, StaleTime: wire.MaxLongLivedStaleTime}, {Family: wire.IPv6Unicast}}
	if !slices.Equal(got.Capabilities.LongLived, want) {
		t.Errorf("families %+v, want %+v", got.Capabilities.LongLived, want)
	}
}

// RFC 9234 §4.2 table 2.
func TestRoleMatches(t *testing.T) {
	const last = wire.RolePeer + 1 // one that does not exist
	match := map[[2]wire.Role]bool{
		{wire.RoleProvider, wire.RoleCustomer}:             true,
		{wire.RoleCustomer, wire.RoleProvider}:             true,
		{wire.RoleRouteServer, wire.RoleRouteServerClient}: true,
		{wire.RoleRouteServerClient, wire.RoleRouteServer}: true,
		{wire.RolePeer, wire.RolePeer}:                     true,
	}
	for local := wire.RoleProvider; local <= last; local++ {
		for peer := wire.RoleProvider; peer <= last; peer++ {
			if got := local.Matches(peer); got != match[[2]wire.Role{local, peer}] {
				t.Errorf("%v.Matches(%v) = %v", local, peer, got)
			}
		}
	}
}

func TestCapabilityNames(t *testing.T) {
	for got, want := range map[string]string{
		wire.RoleProvider.String():          "Provider",
		wire.RoleRouteServer.String():       "RS",
		wire.RoleRouteServerClient.String(): "RS-Client",
		wire.RoleCustomer.String():          "Customer",
		wire.RolePeer.String():              "Peer",
		wire.Role(5).String():               "role 5",
		wire.AddPathReceive.String():        "receive",
		wire.AddPathSend.String():           "send",
		wire.AddPathBoth.String():           "send/receive",
		wire.AddPathMode(4).String():        "add-path mode 4",
	} {
		if got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
	c := allCapabilities()
	if m := c.AddPathMode(wire.IPv6Unicast); !m.Sends() || m.Receives() || c.AddPathMode(wire.Family{}) != 0 {
		t.Errorf("mode %v of IPv6, %v of none", m, c.AddPathMode(wire.Family{}))
	}
	if m := c.AddPathMode(wire.IPv4Unicast); !m.Sends() || !m.Receives() {
		t.Errorf("mode %v of IPv4", m)
	}
}
