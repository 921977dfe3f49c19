// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// block is ORIGIN IGP, AS_PATH 64512 and MED 1, 20 octets.
func block(t testing.TB) wire.AttributeBlock {
	t.Helper()
	a := wire.Attributes{ASPath: sequence(64512), MED: 1, HasMED: true}
	b := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true})
	wantOctets(t, []byte(b.Bytes), unhex(t, "40 01 01 00  40 02 06 02 01 0000fc00  80 04 04 00000001"))
	return b
}

// Golden UPDATEs: layouts of RFC 4271 §4.3, RFC 4760 §3, RFC 2545 §3 and RFC
// 8950 §3, derived by hand.
func TestReachGolden(t *testing.T) {
	tests := []struct {
		name     string
		family   wire.Family
		nextHop  []netip.Addr
		prefixes []string
		want     string
	}{
		{"IPv4", wire.IPv4Unicast, addrs("192.0.2.1"), []string{"203.0.113.0/24", "10.0.0.0/8"}, marker + `0038 02 0000 001b
			40 01 01 00  40 02 06 02 01 0000fc00  40 03 04 c0000201  80 04 04 00000001
			18 cb0071 08 0a`},
		{"IPv6", wire.IPv6Unicast, addrs("2001:db8::1"), []string{"2001:db8:1::/48"}, marker + `004a 02 0000 0033
			80 0e 1c 0002 01 10 20010db8000000000000000000000001 00 30 20010db80001
			40 01 01 00  40 02 06 02 01 0000fc00  80 04 04 00000001`},
		{"IPv6, shared link", wire.IPv6Unicast, addrs("2001:db8::1", "fe80::1"), []string{"::/0"}, marker + `0054 02 0000 003d
			80 0e 26 0002 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00 00
			40 01 01 00  40 02 06 02 01 0000fc00  80 04 04 00000001`},
		{"IPv4, IPv6 next hop", wire.IPv4Unicast, addrs("2001:db8::1"), []string{"203.0.113.0/24"}, marker + `0047 02 0000 0030
			80 0e 19 0001 01 10 20010db8000000000000000000000001 00 18 cb0071
			40 01 01 00  40 02 06 02 01 0000fc00  80 04 04 00000001`},
		{"IPv6, IPv4 next hop mapped", wire.IPv6Unicast, addrs("192.0.2.1"), []string{"::/0"}, marker + `0044 02 0000 002d
			80 0e 16 0002 01 10 00000000000000000000ffffc0000201 00 00
			40 01 01 00  40 02 06 02 01 0000fc00  80 04 04 00000001`},
	}
	opt := wire.UpdateOptions{AS4: true, EBGP: true, ExtendedNextHop: true,
		Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := unhex(t, tt.want)
			routes := nlri(tt.prefixes...)
			wantOctets(t, wire.AppendReach(nil, tt.family, block(t), tt.nextHop, routes), want)
			var u wire.Update
			if err := wire.ParseUpdate(body(t, want, wire.TypeUpdate), opt, &u); err != nil {
				t.Fatal(err)
			}
			got, hops := u.NLRI, []netip.Addr{u.Attributes.NextHop}
			if u.MPReach != nil {
				got, hops = u.MPReach.NLRI, []netip.Addr{u.MPReach.NextHop.Unmap()}
				if u.MPReach.LinkLocal.IsValid() {
					hops = append(hops, u.MPReach.LinkLocal)
				}
			}
			wantOctets(t, got, routes)
			if !slices.Equal(hops, tt.nextHop) {
				t.Errorf("next hops %v, want %v", hops, tt.nextHop)
			}
			if _, eor := u.EndOfRIB(); eor || !u.Attributes.HasMED || u.Attributes.ASPath.String() != "64512" {
				t.Errorf("attributes %+v, End-of-RIB %v", u.Attributes, eor)
			}
		})
	}
}

// Layouts of RFC 4271 §4.3 and RFC 4760 §4; End-of-RIB: RFC 4724 §2.
func TestUnreachGolden(t *testing.T) {
	tests := []struct {
		name     string
		got      []byte
		want     string
		family   wire.Family
		endOfRIB bool
	}{
		{"IPv4", wire.AppendUnreach(nil, wire.IPv4Unicast, nlri("203.0.113.0/24")),
			marker + "001b 02 0004 18 cb0071 0000", wire.IPv4Unicast, false},
		{"IPv6", wire.AppendUnreach(nil, wire.IPv6Unicast, nlri("2001:db8::/32")),
			marker + "0022 02 0000 000b 80 0f 08 0002 01 20 20010db8", wire.IPv6Unicast, false},
		{"IPv4 End-of-RIB", wire.AppendEndOfRIB(nil, wire.IPv4Unicast),
			marker + "0017 02 0000 0000", wire.IPv4Unicast, true},
		{"IPv6 End-of-RIB", wire.AppendEndOfRIB(nil, wire.IPv6Unicast),
			marker + "001d 02 0000 0006 80 0f 03 0002 01", wire.IPv6Unicast, true},
		{"End-of-RIB with extended length", unhex(t, marker+"001e 02 0000 0007 90 0f 0003 0001 01"),
			marker + "001e 02 0000 0007 90 0f 0003 0001 01", wire.IPv4Unicast, true},
	}
	opt := wire.UpdateOptions{Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantOctets(t, tt.got, unhex(t, tt.want))
			var u wire.Update
			if err := wire.ParseUpdate(body(t, tt.got, wire.TypeUpdate), opt, &u); err != nil {
				t.Fatal(err)
			}
			family, eor := u.EndOfRIB()
			if eor != tt.endOfRIB || (eor && family != tt.family) {
				t.Errorf("EndOfRIB() = %v, %v; want %v, %v", family, eor, tt.family, tt.endOfRIB)
			}
		})
	}
}

// Messages are appended to any octets that are there already.
func TestAppendKeepsWhatIsThere(t *testing.T) {
	first := wire.AppendEndOfRIB(nil, wire.IPv6Unicast)
	for name, appendTo := range map[string]func([]byte) []byte{
		"reach IPv4": func(b []byte) []byte {
			return wire.AppendReach(b, wire.IPv4Unicast, block(t), addrs("192.0.2.1"), nlri("10.0.0.0/8"))
		},
		"reach IPv6": func(b []byte) []byte {
			return wire.AppendReach(b, wire.IPv6Unicast, block(t), addrs("2001:db8::1"), nlri("::/0"))
		},
		"unreach IPv4": func(b []byte) []byte { return wire.AppendUnreach(b, wire.IPv4Unicast, nlri("10.0.0.0/8")) },
		"unreach IPv6": func(b []byte) []byte { return wire.AppendUnreach(b, wire.IPv6Unicast, nlri("::/0")) },
	} {
		got := appendTo(bytes.Clone(first))
		wantOctets(t, got[:len(first)], first)
		if alone := appendTo(nil); !bytes.Equal(got[len(first):], alone) {
			t.Errorf("%s: appended %x, alone %x", name, got[len(first):], alone)
		}
	}
}

// Room is exact: as much fits, one octet more does not.
func TestRoomIsExact(t *testing.T) {
	hops := map[string]struct {
		family  wire.Family
		nextHop []netip.Addr
	}{
		"IPv4":             {wire.IPv4Unicast, addrs("192.0.2.1")},
		"IPv4 in IPv6":     {wire.IPv4Unicast, addrs("2001:db8::1")},
		"IPv6":             {wire.IPv6Unicast, addrs("2001:db8::1")},
		"IPv6 shared link": {wire.IPv6Unicast, addrs("2001:db8::1", "fe80::1")},
	}
	lengths := []int{wire.MaxMessageLen, wire.MaxExtendedMessageLen}
	for n := 200; n < 400; n++ {
		lengths = append(lengths, n) // where headers of attributes grow
	}
	attrs := block(t)
	for name, h := range hops {
		for _, maxLen := range lengths {
			reach := func(n int) int { return len(wire.AppendReach(nil, h.family, attrs, h.nextHop, make([]byte, n))) }
			room := wire.ReachRoom(h.family, attrs, h.nextHop, maxLen)
			if fits, exceeds := reach(room), reach(room+1); fits > maxLen || exceeds <= maxLen {
				t.Errorf("%s: room of %d in %d: %d octets, and %d with one more", name, room, maxLen, fits, exceeds)
			}
			unreach := func(n int) int { return len(wire.AppendUnreach(nil, h.family, make([]byte, n))) }
			room = wire.UnreachRoom(h.family, maxLen)
			if fits, exceeds := unreach(room), unreach(room+1); fits > maxLen || exceeds <= maxLen {
				t.Errorf("%s: withdrawals, room of %d in %d: %d octets, and %d with one more", name, room, maxLen, fits, exceeds)
			}
		}
	}
}

func TestRoomIsNegativeForLongAttributes(t *testing.T) {
	a := wire.Attributes{Communities: make([]wire.Community, 20000)}
	attrs := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true})
	for _, f := range []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast} {
		if got := wire.ReachRoom(f, attrs, addrs("2001:db8::1"), wire.MaxExtendedMessageLen); got >= 0 {
			t.Errorf("%v: room of %d beside attributes of %d octets", f, got, len(attrs.Bytes))
		}
	}
}

func TestReachOverhead(t *testing.T) {
	for _, f := range []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast} {
		hop := addrs("2001:db8::1")
		if f == wire.IPv4Unicast {
			hop = addrs("192.0.2.1")
		}
		overhead := wire.ReachOverhead(f, block(t), hop)
		if got := len(wire.AppendReach(nil, f, block(t), hop, make([]byte, 1000))); got != overhead+1000 {
			t.Errorf("%v: message of %d octets for 1000 of NLRI, overhead %d", f, got, overhead)
		}
	}
}
