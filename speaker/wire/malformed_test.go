// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// attributeClass is an attribute and the consequence of each kind of error in it.
// The clause is one of RFC 7606 unless it names another RFC.
type attributeClass struct {
	kind    wire.AttributeType
	clause  string
	flags   byte
	value   string                // a good one
	fits    func(length int) bool // whether a value may be that long
	length  wire.Action           // for a wrong length
	subcode uint8                 // of a wrong length
	foreign bool                  // LOCAL_PREF and the like: discarded from an external peer, §7.5, §7.9, §7.10
}

func exactly(n int) func(int) bool { return func(length int) bool { return length == n } }
func multiples(n int) func(int) bool {
	return func(length int) bool { return length > 0 && length%n == 0 }
}

func attributeClasses() []attributeClass {
	const withdraw, discard, reset = wire.TreatAsWithdraw, wire.Discard, wire.Reset
	const length, optional = wire.UpdateAttributeLength, wire.UpdateOptionalAttribute
	// Any octets of these lengths are NLRI or segments too, so the values here are zeros:
	// AS_PATH of two octets or more is a segment of type 0, the empty one is good.
	return []attributeClass{
		{wire.AttrOrigin, "§7.1", 0x40, "00", exactly(1), withdraw, length, false},
		{wire.AttrASPath, "§7.2", 0x40, "02010000fc00", exactly(0), withdraw, wire.UpdateMalformedASPath, false},
		{wire.AttrNextHop, "§7.3", 0x40, "c0000201", exactly(4), withdraw, length, false},
		{wire.AttrMED, "§7.4", 0x80, "00000001", exactly(4), withdraw, length, false},
		{wire.AttrLocalPref, "§7.5", 0x40, "00000064", exactly(4), withdraw, length, true},
		{wire.AttrAtomicAggregate, "§7.6", 0x40, "", exactly(0), discard, length, false},
		{wire.AttrAggregator, "§7.7", 0xc0, "0000fc00c0000201", exactly(8), discard, length, false},
		{wire.AttrCommunities, "§7.8", 0xc0, "fc000001", multiples(4), withdraw, length, false},
		{wire.AttrOriginatorID, "§7.9", 0x80, "c0000201", exactly(4), withdraw, length, true},
		{wire.AttrClusterList, "§7.10", 0x80, "00000001", multiples(4), withdraw, length, true},
		{wire.AttrMPReachNLRI, "§7.11", 0x80, "0002011020010db80000000000000000000000010000", exactly(22), reset, optional, false},
		{wire.AttrMPUnreachNLRI, "§7.12", 0x80, "000201", exactly(3), reset, optional, false},
		{wire.AttrExtendedCommunities, "§7.14", 0xc0, "0002fc0000000001", multiples(8), withdraw, length, false},
		{wire.AttrLargeCommunities, "RFC 8092 §6", 0xc0, "000000010000000200000003", multiples(12), withdraw, length, false},
		{wire.AttrOTC, "RFC 9234 §5", 0xc0, "0000fc00", exactly(4), withdraw, length, false},
	}
}

// attribute returns the octets of an attribute.
func attribute(flags byte, kind wire.AttributeType, value []byte) []byte {
	return append([]byte{flags, byte(kind), byte(len(value))}, value...)
}

// others returns good mandatory attributes, those that a session of that kind
// needs, without that of a type.
func others(t *testing.T, without wire.AttributeType, external bool) []byte {
	t.Helper()
	mandatory := map[wire.AttributeType]string{
		wire.AttrOrigin: origin, wire.AttrASPath: asPath, wire.AttrNextHop: nextHop,
	}
	if !external {
		mandatory[wire.AttrLocalPref] = localPref
	}
	delete(mandatory, without)
	var b []byte
	for _, kind := range []wire.AttributeType{wire.AttrOrigin, wire.AttrASPath, wire.AttrNextHop, wire.AttrLocalPref} {
		b = append(b, unhex(t, mandatory[kind])...)
	}
	return b
}

// wantFault decodes attributes beside the NLRI 10.0.0.0/8 and checks the error:
// the action, the code, the subcode and the data, and that the routes to be
// withdrawn can be read. Action 0 is no error.
func wantFault(t *testing.T, name string, attributes []byte, external bool, action wire.Action, subcode uint8, data []byte) {
	t.Helper()
	opt := wire.UpdateOptions{AS4: true, EBGP: external, Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
	routes := nlri("10.0.0.0/8")
	u, err := parseAttributes(attributes, routes, opt)
	if got := strongest(err); got != action {
		t.Errorf("%s: external %v: %x: action %v, want %v: %v", name, external, attributes, got, action, err)
		return
	}
	if action == 0 {
		return
	}
	var a *wire.AttributeError
	if !errors.As(err, &a) || a.Action != action {
		t.Errorf("%s: the first error is %v, want one with %v", name, a, action)
		return
	}
	wantNotification(t, a.Notification, wire.CodeUpdate, subcode, data)
	if action == wire.TreatAsWithdraw {
		wantOctets(t, u.NLRI, routes)
	}
}

// Each attribute with each wrong length from 0 to 40 octets, and with the good
// ones (RFC 7606 §4, §7).
func TestMalformedLength(t *testing.T) {
	for _, c := range attributeClasses() {
		good := unhex(t, c.value)
		for _, external := range []bool{true, false} {
			for n := range 41 {
				value := make([]byte, n)
				copy(value, good)
				if c.kind == wire.AttrASPath {
					value = make([]byte, n)
				}
				if c.fits(n) || c.kind == wire.AttrMPUnreachNLRI && n > 3 {
					continue // zeros are prefixes of no bits
				}
				if c.kind == wire.AttrMPReachNLRI && n > 22 {
					continue
				}
				a := attribute(c.flags, c.kind, value)
				name := fmt.Sprintf("%v of %d octets, %s", c.kind, n, c.clause)
				action, subcode, data := c.length, c.subcode, a
				switch {
				case c.foreign && external:
					action, subcode, data = wire.Discard, wire.UpdateMalformedAttributeList, nil
				case c.kind == wire.AttrASPath:
					data = nil
				case c.kind == wire.AttrMPReachNLRI && n == 21:
					continue // without NLRI it is well formed
				}
				wantFault(t, name, append(others(t, c.kind, external), a...), external, action, subcode, data)
			}
		}
	}
}

// Each attribute as it should be, with each pair of Optional and Transitive
// flags that it must not have (RFC 7606 §3 c, and §5.3 for those that hold
// NLRI), with the other flags set, which mean nothing, and twice (§3 g).
func TestMalformedFlagsAndRepetition(t *testing.T) {
	const pair = wire.FlagOptional | wire.FlagTransitive
	for _, c := range attributeClasses() {
		value := unhex(t, c.value)
		for _, external := range []bool{true, false} {
			rest := others(t, c.kind, external)
			good := attribute(c.flags, c.kind, value)
			action, subcode := wire.Action(0), uint8(0)
			if c.foreign && external {
				action, subcode = wire.Discard, wire.UpdateMalformedAttributeList
			}
			wantFault(t, fmt.Sprintf("%v", c.kind), append(slices.Clone(rest), good...), external, action, subcode, nil)
			low := attribute(c.flags|wire.FlagPartial|0x0f, c.kind, value)
			wantFault(t, fmt.Sprintf("%v with low flags", c.kind), append(slices.Clone(rest), low...), external, action, subcode, nil)

			for _, flags := range []byte{0, wire.FlagOptional, wire.FlagTransitive, pair} {
				if flags == c.flags&pair {
					continue
				}
				a := attribute(flags, c.kind, value)
				action, subcode, data := wire.TreatAsWithdraw, wire.UpdateAttributeFlags, a
				switch {
				case c.foreign && external:
					action, subcode, data = wire.Discard, wire.UpdateMalformedAttributeList, nil
				case c.kind == wire.AttrMPReachNLRI, c.kind == wire.AttrMPUnreachNLRI:
					action = wire.Reset
				}
				name := fmt.Sprintf("%v with flags %#02x", c.kind, flags)
				wantFault(t, name, append(slices.Clone(rest), a...), external, action, subcode, data)
			}

			action = wire.Discard
			if c.kind == wire.AttrMPReachNLRI || c.kind == wire.AttrMPUnreachNLRI {
				action = wire.Reset
			}
			twice := append(append(slices.Clone(rest), good...), good...)
			wantFault(t, fmt.Sprintf("%v twice", c.kind), twice, external, action, wire.UpdateMalformedAttributeList, nil)
		}
	}
}

// Each mandatory attribute is missing (RFC 7606 §3 d), LOCAL_PREF from an
// internal peer alone.
func TestMalformedMissing(t *testing.T) {
	for _, external := range []bool{true, false} {
		for _, kind := range []wire.AttributeType{wire.AttrOrigin, wire.AttrASPath, wire.AttrNextHop, wire.AttrLocalPref} {
			action, data := wire.TreatAsWithdraw, []byte{byte(kind)}
			if external && kind == wire.AttrLocalPref {
				action = 0
			}
			name := fmt.Sprintf("without %v", kind)
			wantFault(t, name, others(t, kind, external), external, action, wire.UpdateMissingWellKnown, data)
		}
	}
}

// An attribute that holds NLRI and is cut: the routes that it announces or withdraws
// cannot be read, whatever else the message has (RFC 7606 §3 j).
func TestMalformedNLRIAttributeIsCut(t *testing.T) {
	for _, c := range attributeClasses() {
		if c.kind != wire.AttrMPReachNLRI && c.kind != wire.AttrMPUnreachNLRI {
			continue
		}
		whole := attribute(c.flags, c.kind, unhex(t, c.value))
		for end := 2; end < len(whole); end++ {
			name := fmt.Sprintf("%v cut at %d", c.kind, end)
			cut := append(others(t, c.kind, true), whole[:end]...)
			wantFault(t, name, cut, true, wire.Reset, wire.UpdateMalformedAttributeList, nil)
		}
	}
}

// Attributes that end in the middle of any of them: treat-as-withdraw, and
// session reset where the message holds no reachable NLRI (RFC 7606 §4, §5.2).
func TestMalformedListIsCut(t *testing.T) {
	whole := others(t, 0, true)
	boundaries := []int{0, 4, 13, 20}
	for end := range len(whole) {
		if slices.Contains(boundaries, end) {
			continue
		}
		name := fmt.Sprintf("cut at %d", end)
		wantFault(t, name, whole[:end], true, wire.TreatAsWithdraw, wire.UpdateMalformedAttributeList, nil)
		_, err := parseAttributes(whole[:end], nil, wire.UpdateOptions{AS4: true, EBGP: true})
		wantNotification(t, err, wire.CodeUpdate, wire.UpdateMalformedAttributeList, nil)
	}
}

// Each length of next hop in MP_REACH_NLRI (RFC 7606 §7.11; RFC 2545 §3, RFC
// 8950 §3): a length that the family may not have resets the session.
func TestMalformedNextHopLength(t *testing.T) {
	for _, f := range []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast} {
		for _, extended := range []bool{true, false} {
			for n := range 49 {
				value := append(binary.BigEndian.AppendUint16(nil, f.AFI), f.SAFI, byte(n))
				hop := append(netip.MustParseAddr("2001:db8::1").AsSlice(), netip.MustParseAddr("fe80::1").AsSlice()...)
				value = append(value, append(hop, make([]byte, 16)...)[:n]...)
				a := attribute(0x80, wire.AttrMPReachNLRI, append(value, 0, 0))
				attributes := append(a, unhex(t, origin+asPath)...)
				good := n == 16 || n == 32
				if f == wire.IPv4Unicast {
					good = n == 4 || good && extended
				}
				opt := wire.UpdateOptions{AS4: true, EBGP: true, ExtendedNextHop: extended,
					Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
				u, err := parseAttributes(attributes, nil, opt)
				if good {
					if err != nil || u.MPReach == nil || u.MPReach.LinkLocal.IsValid() != (n == 32) {
						t.Errorf("%v, extended %v, next hop of %d: %v with %+v", f, extended, n, err, u.MPReach)
					}
					continue
				}
				wantNotification(t, err, wire.CodeUpdate, wire.UpdateOptionalAttribute, a)
			}
		}
	}
}

// Next hops that no route may have: RFC 4271 §6.3, draft-ietf-idr-linklocal-capability
// §6. A session between 192.0.2.7 or 2001:db8::7 and its peer.
func TestMalformedNextHop(t *testing.T) {
	const (
		zero, global   = "00000000000000000000000000000000", "20010db8000000000000000000000001"
		local1, local2 = "fe800000000000000000000000000001", "fe800000000000000000000000000002"
		ours           = "20010db8000000000000000000000007"
		mapped         = "00000000000000000000ffffc0000207"
		loopback       = "00000000000000000000000000000001"
		multicast      = "ff020000000000000000000000000001"
	)
	tests := []struct {
		hop, local string
		next, link string // what is decoded; none: treat-as-withdraw
	}{
		{global, "2001:db8::7", "2001:db8::1", ""},
		{global + local1, "2001:db8::7", "2001:db8::1", "fe80::1"},
		{local1, "fe80::7%eth0", "fe80::1", ""},
		{local1 + local2, "fe80::7%eth0", "fe80::2", ""},
		{zero + local2, "fe80::7%eth0", "fe80::2", ""},
		{loopback, "::1", "", ""}, // ours
		{loopback, "127.0.0.1", "::1", ""},
		{loopback, "2001:db8::7", "", ""},
		{ours, "2001:db8::7", "", ""},
		{ours, "", "2001:db8::7", ""},
		{mapped, "192.0.2.7", "", ""},
		{zero, "2001:db8::7", "", ""},
		{zero + zero, "2001:db8::7", "", ""},
		{multicast, "2001:db8::7", "", ""},
		{global + global, "2001:db8::7", "", ""},
		{global + zero, "2001:db8::7", "", ""},
		{local1 + global, "2001:db8::7", "", ""},
	}
	for _, tt := range tests {
		opt := wire.UpdateOptions{AS4: true, EBGP: true, Families: []wire.Family{wire.IPv6Unicast}}
		if tt.local != "" {
			opt.LocalAddress = netip.MustParseAddr(tt.local)
		}
		value := unhex(t, "000201"+hex.EncodeToString([]byte{byte(len(tt.hop) / 2)})+tt.hop+"00 20 20010db8")
		u, err := parseAttributes(append(attribute(0x80, wire.AttrMPReachNLRI, value), unhex(t, origin+asPath)...), nil, opt)
		if tt.next == "" {
			if strongest(err) != wire.TreatAsWithdraw || u.MPReach == nil || len(u.MPReach.NLRI) != 5 {
				t.Errorf("%s at %s: %v, want treat-as-withdraw with the route", tt.hop, tt.local, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s at %s: %v", tt.hop, tt.local, err)
			continue
		}
		link := ""
		if u.MPReach.LinkLocal.IsValid() {
			link = u.MPReach.LinkLocal.String()
		}
		if u.MPReach.NextHop.String() != tt.next || link != tt.link {
			t.Errorf("%s: next hop %v with %q, want %s with %q", tt.hop, u.MPReach.NextHop, link, tt.next, tt.link)
		}
	}
}

// RFC 4271 §6.3: NEXT_HOP must not be ours.
func TestMalformedNextHopIsOurs(t *testing.T) {
	opt := wire.UpdateOptions{AS4: true, EBGP: true, LocalAddress: netip.MustParseAddr("192.0.2.1")}
	a := unhex(t, mandatory)
	if _, err := parseAttributes(a, nlri("10.0.0.0/8"), opt); strongest(err) != wire.TreatAsWithdraw {
		t.Errorf("error %v, want treat-as-withdraw", err)
	}
}

// Paths of many ASNs: 765 are three full segments, 2,100 are longer than an
// ordinary message; both are well formed, and one octet less is not.
func TestMalformedLongASPath(t *testing.T) {
	for _, n := range []int{255, 256, 765, 2100, 16000} {
		for _, as4 := range []bool{true, false} {
			a := wire.Attributes{ASPath: sequence(slices.Repeat([]uint32{64512}, n)...)}
			block := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: as4})
			if wire.ReachRoom(wire.IPv4Unicast, block, addrs("192.0.2.1"), wire.MaxExtendedMessageLen) < 2 {
				continue
			}
			opt := wire.UpdateOptions{AS4: as4, EBGP: true}
			got, count := parseBlock(t, block, opt), 0
			for _, s := range got.ASPath {
				count += len(s.ASNs)
			}
			if count != n {
				t.Errorf("%d ASNs, want %d", count, n)
			}
			cut := []byte(block.Bytes[:len(block.Bytes)-1])
			size := len(cut) - 4 - 3 // without ORIGIN and the header
			header := cut[4:7]
			if cut[4]&wire.FlagExtendedLength != 0 {
				size, header = size-1, cut[4:8]
				binary.BigEndian.PutUint16(header[2:], uint16(size))
			} else {
				header[2] = byte(size)
			}
			_, err := parseAttributes(append(cut, unhex(t, nextHop)...), nlri("10.0.0.0/8"), opt)
			if strongest(err) != wire.TreatAsWithdraw {
				t.Errorf("%d ASNs cut: %v, want treat-as-withdraw", n, err)
			}
		}
	}
}
