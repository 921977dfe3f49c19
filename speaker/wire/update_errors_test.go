// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// parseAttributes decodes an UPDATE of these attributes and NLRI.
func parseAttributes(attributes, nlri []byte, opt wire.UpdateOptions) (*wire.Update, error) {
	b := binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(len(attributes)))
	u := new(wire.Update)
	return u, wire.ParseUpdate(append(append(b, attributes...), nlri...), opt, u)
}

// strongest returns the action of an error of ParseUpdate, 0 for none.
func strongest(err error) wire.Action {
	var n *wire.Notification
	var a *wire.AttributeError
	switch {
	case errors.As(err, &n):
		return wire.Reset
	case errors.As(err, &a):
		return a.Action
	default:
		return 0
	}
}

// The octets of well-formed attributes.
const (
	origin    = "40 01 01 00 "
	asPath    = "40 02 06 02 01 0000fc00 "
	nextHop   = "40 03 04 c0000201 "
	localPref = "40 05 04 00000064 "
	mandatory = origin + asPath + nextHop
	reach6    = "80 0e 1c 0002 01 10 20010db8000000000000000000000001 00 30 20010db80001 "
)

type attributeTest struct {
	name       string
	attributes string
	action     wire.Action
	subcode    uint8
	data       string // of the NOTIFICATION
}

// runAttributeTests decodes each case with NLRI 10.0.0.0/8 unless without.
func runAttributeTests(t *testing.T, opt wire.UpdateOptions, without bool, tests []attributeTest) {
	t.Helper()
	opt.Families = []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var routes []byte
			if !without {
				routes = nlri("10.0.0.0/8")
			}
			u, err := parseAttributes(unhex(t, tt.attributes), routes, opt)
			if got := strongest(err); got != tt.action {
				t.Fatalf("action %v, want %v: %v", got, tt.action, err)
			}
			if tt.action == 0 {
				return
			}
			var a *wire.AttributeError
			if !errors.As(err, &a) || a.Action != tt.action {
				t.Fatalf("the first attribute error is %v, want %v", a, tt.action)
			}
			wantNotification(t, a.Notification, wire.CodeUpdate, tt.subcode, unhex(t, tt.data))
			if tt.action == wire.TreatAsWithdraw {
				wantOctets(t, u.NLRI, routes)
			}
		})
	}
}

// RFC 7606 §3, §4, §7, RFC 6793 §6, RFC 7607, RFC 8092 §6: an external peer
// with 4-octet ASNs.
func TestAttributeErrors(t *testing.T) {
	const withdraw, discard, reset = wire.TreatAsWithdraw, wire.Discard, wire.Reset
	runAttributeTests(t, wire.UpdateOptions{AS4: true, EBGP: true}, false, []attributeTest{
		{"well formed", mandatory, 0, 0, ""},
		{"low flag bits are ignored", "4f 01 01 00" + asPath + nextHop, 0, 0, ""},
		{"extended length of a short value", "50 01 0001 00" + asPath + nextHop, 0, 0, ""},
		{"no ORIGIN", asPath + nextHop, withdraw, 3, "01"},
		{"no AS_PATH", origin + nextHop, withdraw, 3, "02"},
		{"no NEXT_HOP", origin + asPath, withdraw, 3, "03"},
		{"ORIGIN empty", "40 01 00" + asPath + nextHop, withdraw, 5, "40 01 00"},
		{"ORIGIN long", "40 01 02 0000" + asPath + nextHop, withdraw, 5, "40 01 02 0000"},
		{"ORIGIN 3", "40 01 01 03" + asPath + nextHop, withdraw, 6, "40 01 01 03"},
		{"ORIGIN optional", "c0 01 01 00" + asPath + nextHop, withdraw, 4, "c0 01 01 00"},
		{"ORIGIN twice", mandatory + "40 01 01 02", discard, 1, ""},
		{"AS_PATH empty", origin + "40 02 00" + nextHop, 0, 0, ""},
		{"AS_PATH segment type 0", origin + "40 02 06 00 01 0000fc00" + nextHop, withdraw, 11, ""},
		{"AS_PATH with a set", origin + "40 02 0c 02 01 0000fc00 01 01 00000001" + nextHop, withdraw, 11, ""}, // RFC 9774 §3
		{"AS_PATH confederation", origin + "40 02 06 03 01 0000fc00" + nextHop, withdraw, 11, ""},
		{"AS_PATH confederation set", origin + "40 02 06 04 01 0000fc00" + nextHop, withdraw, 11, ""},
		{"AS_PATH segment empty", origin + "40 02 02 02 00" + nextHop, withdraw, 11, ""},
		{"AS_PATH segment overrun", origin + "40 02 06 02 02 0000fc00" + nextHop, withdraw, 11, ""},
		{"AS_PATH one octet left", origin + "40 02 07 02 01 0000fc00 02" + nextHop, withdraw, 11, ""},
		{"AS_PATH of two-octet ASNs", origin + "40 02 04 02 01 fc00" + nextHop, withdraw, 11, ""},
		{"AS_PATH with AS 0", origin + "40 02 0a 02 02 0000fc00 00000000" + nextHop, withdraw, 11, ""},
		{"AS_PATH not transitive", origin + "00 02 00" + nextHop, withdraw, 4, "00 02 00"},
		{"NEXT_HOP short", origin + asPath + "40 03 03 c00002", withdraw, 5, "40 03 03 c00002"},
		{"NEXT_HOP of IPv6", origin + asPath + "40 03 10 20010db8000000000000000000000001", withdraw, 5, "40 03 10 20010db8000000000000000000000001"},
		{"NEXT_HOP 0.0.0.0", origin + asPath + "40 03 04 00000000", withdraw, 8, "40 03 04 00000000"},
		{"NEXT_HOP multicast", origin + asPath + "40 03 04 e0000001", withdraw, 8, "40 03 04 e0000001"},
		{"NEXT_HOP in 0/8", origin + asPath + "40 03 04 00000001", withdraw, 8, "40 03 04 00000001"},
		{"NEXT_HOP reserved", origin + asPath + "40 03 04 f0000001", withdraw, 8, "40 03 04 f0000001"},
		{"NEXT_HOP loopback, no session address", origin + asPath + "40 03 04 7f000001", 0, 0, ""},
		{"NEXT_HOP broadcast", origin + asPath + "40 03 04 ffffffff", withdraw, 8, "40 03 04 ffffffff"},
		{"MULTI_EXIT_DISC short", mandatory + "80 04 03 000001", withdraw, 5, "80 04 03 000001"},
		{"MULTI_EXIT_DISC transitive", mandatory + "c0 04 04 00000001", withdraw, 4, "c0 04 04 00000001"},
		{"LOCAL_PREF from outside", mandatory + localPref, discard, 1, ""},
		{"LOCAL_PREF short from outside", mandatory + "40 05 01 00", discard, 1, ""},
		{"ATOMIC_AGGREGATE with a value", mandatory + "40 06 01 00", discard, 5, "40 06 01 00"},
		{"AGGREGATOR of two octets", mandatory + "c0 07 06 fc00 c0000201", discard, 5, "c0 07 06 fc00 c0000201"},
		{"AGGREGATOR empty", mandatory + "c0 07 00", discard, 5, "c0 07 00"},
		{"AGGREGATOR with AS 0", mandatory + "c0 07 08 00000000 c0000201", discard, 9, "c0 07 08 00000000 c0000201"},
		{"COMMUNITIES empty", mandatory + "c0 08 00", withdraw, 5, "c0 08 00"},
		{"COMMUNITIES of 5 octets", mandatory + "c0 08 05 0000000000", withdraw, 5, "c0 08 05 0000000000"},
		{"COMMUNITIES partial", mandatory + "e0 08 04 00000001", 0, 0, ""},
		{"ORIGINATOR_ID from outside", mandatory + "80 09 04 c0000201", discard, 1, ""},
		{"CLUSTER_LIST from outside", mandatory + "80 0a 03 000000", discard, 1, ""},
		{"EXTENDED_COMMUNITIES empty", mandatory + "c0 10 00", withdraw, 5, "c0 10 00"},
		{"EXTENDED_COMMUNITIES of 7 octets", mandatory + "c0 10 07 00000000000000", withdraw, 5, "c0 10 07 00000000000000"},
		{"AS4_PATH beside AS4", mandatory + "c0 11 06 02 01 00011170", discard, 1, ""},
		{"AS4_AGGREGATOR beside AS4", mandatory + "c0 12 01 00", discard, 1, ""},
		{"LARGE_COMMUNITY empty", mandatory + "c0 20 00", withdraw, 5, "c0 20 00"},
		{"LARGE_COMMUNITY of 13 octets", mandatory + "c0 20 0d 00000000000000000000000000", withdraw, 5, "c0 20 0d 00000000000000000000000000"},
		{"ONLY_TO_CUSTOMER", mandatory + "c0 23 04 0000fc00", 0, 0, ""},
		{"ONLY_TO_CUSTOMER partial, low flag bits", mandatory + "ef 23 04 0000fc00", 0, 0, ""},
		{"ONLY_TO_CUSTOMER short", mandatory + "c0 23 02 fc00", withdraw, 5, "c0 23 02 fc00"},
		{"ONLY_TO_CUSTOMER not transitive", mandatory + "80 23 04 0000fc00", withdraw, 4, "80 23 04 0000fc00"},
		{"unknown optional transitive", mandatory + "c0 63 01 00", 0, 0, ""},
		{"unknown optional", mandatory + "80 63 00", 0, 0, ""},
		{"unknown well-known", mandatory + "40 63 01 07", reset, 2, "40 63 01 07"},
		{"header cut", mandatory + "40 08", withdraw, 1, ""},
		{"extended header cut", mandatory + "d0 08 00", withdraw, 1, ""},
		{"value cut", mandatory + "c0 08 08 00000001", withdraw, 1, ""},
		{"discard and withdraw", mandatory + "40 06 01 00 c0 08 00", withdraw, 5, "c0 08 00"},
		{"withdraw and reset", origin + "40 02 02 02 00" + nextHop + "40 63 00", reset, 2, "40 63 00"},
		{"the first reset ends parsing", mandatory + "40 63 00 40 64 00", reset, 2, "40 63 00"},
	})
}

func TestAttributeErrorsInternal(t *testing.T) {
	const withdraw = wire.TreatAsWithdraw
	runAttributeTests(t, wire.UpdateOptions{AS4: true}, false, []attributeTest{
		{"well formed", mandatory + localPref, 0, 0, ""},
		{"no LOCAL_PREF", mandatory, withdraw, 3, "05"},
		{"LOCAL_PREF short", mandatory + "40 05 03 000064", withdraw, 5, "40 05 03 000064"},
		{"ORIGINATOR_ID", mandatory + localPref + "80 09 04 c0000201", 0, 0, ""},
		{"ORIGINATOR_ID long", mandatory + localPref + "80 09 05 c000020100", withdraw, 5, "80 09 05 c000020100"},
		{"CLUSTER_LIST empty", mandatory + localPref + "80 0a 00", withdraw, 5, "80 0a 00"},
		{"CLUSTER_LIST of 6 octets", mandatory + localPref + "80 0a 06 000000010000", withdraw, 5, "80 0a 06 000000010000"},
	})
}

func TestAttributeErrorsOldSpeaker(t *testing.T) {
	const old = origin + "40 02 04 02 01 5ba0 " + nextHop
	runAttributeTests(t, wire.UpdateOptions{EBGP: true}, false, []attributeTest{
		{"well formed", old + "c0 11 06 02 01 00011170", 0, 0, ""},
		{"AS4_PATH cut", old + "c0 11 05 02 01 000111", wire.Discard, 9, "c0 11 05 02 01 000111"},
		{"AS4_PATH with a set", old + "c0 11 06 01 01 00011170", wire.TreatAsWithdraw, 11, ""}, // RFC 9774 §3
		{"AS4_PATH with a confederation set", old + "c0 11 0c 04 01 00000001 02 01 00011170", wire.TreatAsWithdraw, 11, ""},
		{"AS4_PATH with AS 0", old + "c0 11 06 02 01 00000000", wire.Discard, 9, "c0 11 06 02 01 00000000"},
		{"AS4_AGGREGATOR short", old + "c0 12 06 0001 c0000201", wire.Discard, 5, "c0 12 06 0001 c0000201"},
		{"AS4_AGGREGATOR with AS 0", old + "c0 12 08 00000000 c0000201", wire.Discard, 9, "c0 12 08 00000000 c0000201"},
		{"AGGREGATOR of four octets", old + "c0 07 08 00011170 c0000201", wire.Discard, 5, "c0 07 08 00011170 c0000201"},
	})
}

// RFC 4760, RFC 7606 §3 g, §3 j, §5.2, §5.3, §7.11: without NLRI of IPv4.
func TestMultiprotocolErrors(t *testing.T) {
	const withdraw, discard, reset = wire.TreatAsWithdraw, wire.Discard, wire.Reset
	const unreach6 = "80 0f 0a 0002 01 30 20010db80001 "
	const martian = "80 0e 16 0002 01 10 00000000000000000000000000000000 00 00"
	runAttributeTests(t, wire.UpdateOptions{AS4: true, EBGP: true}, true, []attributeTest{
		{"reach", reach6 + origin + asPath, 0, 0, ""},
		{"reach last", origin + asPath + reach6, 0, 0, ""},
		{"unreach", unreach6, 0, 0, ""},
		{"reach and unreach", reach6 + unreach6 + origin + asPath, 0, 0, ""},
		{"reach without ORIGIN", reach6 + asPath, withdraw, 3, "01"},
		{"NEXT_HOP beside reach is ignored", reach6 + origin + asPath + "40 03 01 00", 0, 0, ""},
		{"reach twice", reach6 + reach6, reset, 1, ""},
		{"unreach twice", unreach6 + unreach6, reset, 1, ""},
		{"reach with wrong flags", "c0" + reach6[2:] + origin + asPath, reset, 4, "c0" + reach6[2:]},
		{"unreach with wrong flags", "40" + unreach6[2:], reset, 4, "40" + unreach6[2:]},
		{"reach of another family with wrong flags", "c0 0e 09 0019 46 04 c0000201 00" + origin, reset, 4, "c0 0e 09 0019 46 04 c0000201 00"},
		{"unreach of another family with wrong flags", "00 0f 03 0019 46", reset, 4, "00 0f 03 0019 46"},
		{"reach cut beside unreach", unreach6 + "80 0e 1c 0002 01", reset, 1, ""},
		{"reach of 4 octets", "80 0e 04 0002 01 00", reset, 9, "80 0e 04 0002 01 00"},
		{"next hop of 0 octets", "80 0e 05 0002 01 00 00", reset, 9, "80 0e 05 0002 01 00 00"},
		{"next hop of 15 octets", "80 0e 14 0002 01 0f 20010db80000000000000000000000 00", reset, 9, "80 0e 14 0002 01 0f 20010db80000000000000000000000 00"},
		{"next hop overrun", "80 0e 06 0002 01 10 2001", reset, 9, "80 0e 06 0002 01 10 2001"},
		{"no reserved octet", "80 0e 14 0002 01 10 20010db8000000000000000000000001", reset, 9, "80 0e 14 0002 01 10 20010db8000000000000000000000001"},
		{"IPv4 in IPv6 not negotiated", "80 0e 15 0001 01 10 20010db8000000000000000000000001 00", reset, 9, "80 0e 15 0001 01 10 20010db8000000000000000000000001 00"},
		{"IPv4 in MP_REACH_NLRI", "80 0e 0b 0001 01 04 c0000201 00 08 0a" + origin + asPath, 0, 0, ""},
		{"next hop ::", martian + origin + asPath, withdraw, 8, martian},
		{"NLRI of 129 bits", "80 0e 16 0002 01 10 20010db8000000000000000000000001 00 81", reset, 9, "80 0e 16 0002 01 10 20010db8000000000000000000000001 00 81"},
		{"family not negotiated", "80 0e 09 0019 46 04 c0000201 00" + origin, discard, 9, "80 0e 09 0019 46 04 c0000201 00"},
		{"unreach of 2 octets", "80 0f 02 0002", reset, 9, "80 0f 02 0002"},
		{"unreach cut", "80 0f 05 0002 01 30 20", reset, 9, "80 0f 05 0002 01 30 20"},
		{"unreach of another family", "80 0f 04 0019 46 00", discard, 9, "80 0f 04 0019 46 00"},
		{"End-of-RIB of another family", "80 0f 03 0019 46", 0, 0, ""}, // RFC 4724 §2: it says nothing about routes
		{"attributes without NLRI", origin, 0, 0, ""},
		{"bad attribute without NLRI", "40 01 01 07", reset, 6, "40 01 01 07"},
		{"bad attribute beside unreach", unreach6 + "c0 08 00", reset, 5, "c0 08 00"},
		{"discard without NLRI", "40 06 01 00", discard, 5, "40 06 01 00"},
	})
}

// RFC 4271 §6.3, RFC 7606 §3 b, §3 i, §3 j, §5.3: errors of the message itself.
func TestUpdateErrors(t *testing.T) {
	tests := []struct {
		name, body string
		subcode    uint8
	}{
		{"empty", "", 1},
		{"one octet", "00", 1},
		{"withdrawn length alone", "0001", 1},
		{"withdrawn length exceeds the message", "0005 0000", 1},
		{"no attributes length", "0000 00", 1},
		{"attributes length exceeds the message", "0000 0001", 1},
		{"withdrawn prefix of 33 bits", "0006 21 0a00000000 0000", 10},
		{"withdrawn prefix cut", "0002 18 0a 0000", 10},
		{"NLRI of 33 bits", "0000 0000 21 0a00000000", 10},
		{"NLRI cut", "0000 0000 18 0a00", 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var u wire.Update
			err := wire.ParseUpdate(unhex(t, tt.body), wire.UpdateOptions{}, &u)
			wantNotification(t, err, wire.CodeUpdate, tt.subcode, nil)
		})
	}
}

// However many errors a message holds, few are kept, the strongest first.
func TestManyErrors(t *testing.T) {
	attributes := unhex(t, mandatory)
	for range 1000 {
		attributes = append(attributes, unhex(t, "40 06 00")...)
	}
	attributes = append(attributes, unhex(t, "c0 08 00")...)
	_, err := parseAttributes(attributes, nlri("10.0.0.0/8"), wire.UpdateOptions{AS4: true, EBGP: true})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) > 8 || strongest(err) != wire.TreatAsWithdraw {
		t.Errorf("error %v, want at most 8 with treat-as-withdraw first", err)
	}
}

func TestAttributeErrorText(t *testing.T) {
	_, err := parseAttributes(unhex(t, origin+asPath), nlri("10.0.0.0/8"), wire.UpdateOptions{AS4: true, EBGP: true})
	const want = "NEXT_HOP: UPDATE Message Error / Missing Well-known Attribute (3/3): treat-as-withdraw"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	for action, want := range map[wire.Action]string{wire.Discard: "attribute discard", wire.Reset: "session reset", 0: "no action"} {
		if got := action.String(); got != want {
			t.Errorf("Action(%d) = %q, want %q", action, got, want)
		}
	}
}

// An Update that is parsed into again shows nothing of the message before.
func TestUpdateReuse(t *testing.T) {
	opt := wire.UpdateOptions{AS4: true, EBGP: true, Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
	var u wire.Update
	full := append([]byte{0, 0, 0, 0}, unhex(t, reach6+origin+asPath+"80 04 04 00000001 c0 08 04 00000001 c0 63 00")...)
	binary.BigEndian.PutUint16(full[2:], uint16(len(full)-4))
	if err := wire.ParseUpdate(full, opt, &u); err != nil || u.MPReach == nil || len(u.Attributes.Unknown) != 1 {
		t.Fatalf("ParseUpdate = %v with %+v", err, u.Attributes)
	}
	if err := wire.ParseUpdate([]byte{0, 0, 0, 0}, opt, &u); err != nil {
		t.Fatal(err)
	}
	a := u.Attributes
	if _, eor := u.EndOfRIB(); !eor || u.MPReach != nil || a.HasMED || len(a.ASPath)+len(a.Communities)+len(a.Unknown) != 0 {
		t.Errorf("after an End-of-RIB: %+v", a)
	}
}

// RFC 4760 §8: if the negotiated families do not include IPv4 unicast, its routes are left out, and a message with such routes
// is no End-of-RIB.
func TestUpdateOfAFamilyNotNegotiated(t *testing.T) {
	opt := wire.UpdateOptions{AS4: true, EBGP: true, Families: []wire.Family{wire.IPv6Unicast}}
	for name, body := range map[string]string{
		"withdrawn":                   "0002 080a 0000",
		"announced":                   "0000 0014" + origin + asPath + nextHop + "080a",
		"End-of-RIB":                  "0000 0000",
		"End-of-RIB in MP_UNREACH":    "0000 0006 800f03000101",
		"End-of-RIB of IPv6 FlowSpec": "0000 0006 800f03000285",
	} {
		var u wire.Update
		if err := wire.ParseUpdate(unhex(t, body), opt, &u); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, eor := u.EndOfRIB(); eor || len(u.Withdrawn)+len(u.NLRI) > 0 {
			t.Errorf("%s: withdrawn %x, NLRI %x, End-of-RIB %v; want nothing of IPv4", name, u.Withdrawn, u.NLRI, eor)
		}
	}
	var u wire.Update
	if err := wire.ParseUpdate(unhex(t, "0002 0821 0000"), opt, &u); err != nil { // 33.0.0.0/8
		t.Error(err)
	}
	wantNotification(t, wire.ParseUpdate(unhex(t, "0002 2121 0000"), opt, &u), wire.CodeUpdate, wire.UpdateInvalidNetwork, nil)
}
