// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// TestNextHopForms: the family decides how MP_REACH_NLRI names the next hop, and how much room it leaves.
func TestNextHopForms(t *testing.T) {
	ipv4, ipv6 := wire.AFIIPv4, wire.AFIIPv6
	for name, tt := range map[string]struct {
		family  wire.Family
		nextHop []string
		want    string // length and octets
	}{
		"IPv6":                      {wire.IPv6Unicast, []string{"2001:db8::1"}, "10 20010db8 00000000 00000000 00000001"},
		"VPNv4":                     {wire.Family{AFI: ipv4, SAFI: 128}, []string{"192.0.2.1"}, "0c 0000000000000000 c0000201"},
		"VPNv6":                     {wire.Family{AFI: ipv6, SAFI: 128}, []string{"2001:db8::1"}, "18 0000000000000000 20010db8 00000000 00000000 00000001"},
		"VPNv6 on a shared link":    {wire.Family{AFI: ipv6, SAFI: 128}, []string{"2001:db8::1", "fe80::1"}, "30 0000000000000000 20010db8 00000000 00000000 00000001 0000000000000000 fe800000 00000000 00000000 00000001"},
		"VPNv6 via IPv4":            {wire.Family{AFI: ipv6, SAFI: 128}, []string{"192.0.2.1"}, "18 0000000000000000 00000000 00000000 0000ffff c0000201"},
		"FlowSpec has no next hop":  {wire.Family{AFI: ipv4, SAFI: 133}, nil, "00"},
		"FlowSpec VPN has none too": {wire.Family{AFI: ipv6, SAFI: 134}, nil, "00"},
	} {
		t.Run(name, func(t *testing.T) {
			attributes, hops, octets := wire.NewAttributeBlock(&wire.Attributes{}, wire.EncodeOptions{AS4: true}), addrs(tt.nextHop...), []byte{1, 2, 3}
			message := wire.AppendReach(nil, tt.family, attributes, hops, octets)
			const at = wire.HeaderLen + 4 + 3 + 3 // lengths, header of the attribute, family
			want := append(unhex(t, tt.want), 0, 1, 2, 3)
			wantOctets(t, message[at:at+len(want)], want)
			room := wire.ReachRoom(tt.family, attributes, hops, wire.MaxMessageLen)
			if got := len(wire.AppendReach(nil, tt.family, attributes, hops, make([]byte, room))); got != wire.MaxMessageLen {
				t.Errorf("a message with all NLRI that there is room for has %d octets", got)
			}
		})
	}
}

// TestNLRI: an NLRI is written as its prefix, or as its own text, and ordered by both.
func TestNLRI(t *testing.T) {
	short, long := wire.NLRI{Prefix: netip.MustParsePrefix("10.0.0.0/8")}, wire.NLRI{Prefix: netip.MustParsePrefix("10.0.0.0/9")}
	vpn := wire.NLRI{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Text: "65000:1:10.0.0.0/8"}
	if short.String() != "10.0.0.0/8" || vpn.String() != "65000:1:10.0.0.0/8" {
		t.Errorf("they are written as %v and %v", short, vpn)
	}
	if short.Compare(long) >= 0 || vpn.Compare(short) <= 0 || vpn.Compare(long) >= 0 || vpn.Compare(vpn) != 0 {
		t.Error("they are not in order")
	}
}
