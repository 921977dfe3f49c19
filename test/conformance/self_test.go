// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Tests of the test's own parts, which need no cases.

package conformance_test

import (
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// octets reads hexadecimal digits with spaces between them, and puts the header of a message before them.
func octets(t *testing.T, kind wire.MessageType, text string) []byte {
	t.Helper()
	body, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return wire.FinishMessage(append(wire.AppendHeader(nil, kind), body...), 0)
}

func factTexts(t *testing.T, message []byte, addPath ...wire.Family) []string {
	t.Helper()
	facts, err := factsOf(message, addPath)
	if err != nil {
		t.Fatalf("%x: %v", message, err)
	}
	var texts []string
	for _, f := range facts {
		texts = append(texts, f.String())
	}
	return texts
}

func TestFacts(t *testing.T) {
	const attributes = "[1/40=00 2/40= 5/40=00000064]"
	for _, tc := range []struct {
		name, body string
		kind       wire.MessageType
		addPath    []wire.Family
		want       []string
	}{
		{"routes, attributes in another order", "0000 0015 400504 00000064 400304 0a000001 400200 400101 00 10 c633 18 c63364", wire.TypeUpdate, nil,
			[]string{
				"announce ipv4 unicast 198.51.0.0/16 NEXT_HOP 0a000001 " + attributes,
				"announce ipv4 unicast 198.51.100.0/24 NEXT_HOP 0a000001 " + attributes,
			}},
		{"withdrawal", "0004 18 c63364 0000", wire.TypeUpdate, nil, []string{"withdraw ipv4 unicast 198.51.100.0/24"}},
		{"path identifier", "0008 00000007 18 c63364 0000", wire.TypeUpdate, []wire.Family{wire.IPv4Unicast},
			[]string{"withdraw ipv4 unicast 198.51.100.0/24 path 7"}},
		{"End-of-RIB of IPv4", "0000 0000", wire.TypeUpdate, nil, []string{"End-of-RIB ipv4 unicast"}},
		{"End-of-RIB with a long length", "0000 0007 900f 0003 0002 01", wire.TypeUpdate, nil, []string{"End-of-RIB ipv6 unicast"}},
		{"IPv6 beside NEXT_HOP", "0000 0027 400101 00 400200 400304 0a000001 800e16 0002 01 10 20010db8000000000000000000000001 00 00",
			wire.TypeUpdate, nil, []string{"announce ipv6 unicast ::/0 MP_REACH_NLRI 20010db8000000000000000000000001 [1/40=00 2/40=]"}},
		{"another family", "0000 0009 800f06 0001 85 020102", wire.TypeUpdate, nil, []string{"withdraw ipv4 flow 020102"}},
		{"OPEN", "04 fde9 005a c0000201 0e 0206 0104 00010001 0204 4102 0001", wire.TypeOpen, nil,
			[]string{"OPEN version 4, AS 65001, hold time 90, identifier c0000201, capabilities [1=00010001 65=0001]"}},
		{"text of a Cease", "06 02 03 616263", wire.TypeNotification, nil, []string{"NOTIFICATION 6/2"}},
		{"unknown type", "01 03 ff", wire.TypeNotification, nil, []string{"NOTIFICATION 1/3 ff"}},
		{"BoRR", "0001 01 01", wire.TypeRouteRefresh, nil, []string{"BoRR ipv4 unicast"}},
		{"KEEPALIVE", "", wire.TypeKeepalive, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			message := octets(t, tc.kind, tc.body)
			if got := factTexts(t, message, tc.addPath...); !slices.Equal(got, tc.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tc.want, "\n  "))
			}
		})
	}
}

func TestFactsOfTruncatedMessage(t *testing.T) {
	message := octets(t, wire.TypeUpdate, "0000 0020 400101 00 400200 800e16 0002 01 10 20010db8000000000000000000000001 00 00")
	if _, err := factsOf(message, nil); err != nil {
		t.Fatal(err)
	}
	for n := range message {
		if facts, err := factsOf(message[:n], nil); err == nil {
			t.Errorf("the first %d octets say %v", n, facts)
		}
	}
}

func TestMirror(t *testing.T) {
	open := octets(t, wire.TypeOpen, "04 fde9 005a c0000201 08 0206 4104 0000fde9")
	p := &mirrorPeer{asn: 65010, unknownCapability: true}
	answer, err := p.mirror(open)
	if err != nil {
		t.Fatal(err)
	}
	want := "OPEN version 4, AS 65010, hold time 90, identifier c0000202, capabilities [255=6c6f7265 65=0000fdf2]"
	if got := factTexts(t, answer); !slices.Equal(got, []string{want}) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseCommand(t *testing.T) {
	n := &neighbor{Session: map[string]any{}}
	for _, tc := range []struct {
		line   string
		action commandAction
		routes []string // key and manifest's spec as JSON
	}{
		{"announce route 198.51.100.1/24 next-hop 192.0.2.1 med 5", doAnnounce,
			[]string{`198.51.100.0/24 {"attributes":{"med":5,"nextHop":{"ipv4":"192.0.2.1"}}}`}},
		{"neighbor 127.0.0.1 local-as 1, neighbor * announce route 198.51.100.7 next-hop self", doAnnounce, []string{`198.51.100.7/32 {}`}},
		{"announce attributes as-path [ 1 2 ] community [2:1 no-export] nlri 10.0.0.0/8 11.0.0.0/8", doAnnounce, []string{
			`10.0.0.0/8 {"attributes":{"asPath":[1,2],"communities":["2:1","NO_EXPORT"]}}`,
			`11.0.0.0/8 {"attributes":{"asPath":[1,2],"communities":["2:1","NO_EXPORT"]}}`}},
		{"announce ipv6 unicast 2001:db8::/32 attribute [ 0x99 0xe0 0x0a ] path-information 0.0.1.0 split /33", doAnnounce,
			[]string{`2001:db8::/32 path 256 {"attributes":{"raw":[{"code":153,"flags":224,"value":"0a"}]}}`}},
		{"withdraw route 198.51.100.0/24 next-hop 0.0.0.0", doWithdraw, []string{`198.51.100.0/24 {}`}},
		{"clear adj-rib out", doClear, nil},
		{"flush adj-rib out", doFlush, nil},
		{"neighbor 127.0.0.1 teardown 4", doTeardown, nil},
		{"withdraw watchdog dns", undoWatch, nil},
		{"announce eor ipv4 unicast", doNothing, nil},
		{"#comment", doNothing, nil},
		{"", doNothing, nil},
	} {
		c, err := parseCommand(tc.line, n)
		if err != nil || c.action != tc.action {
			t.Errorf("%q: %s, %v, want %s", tc.line, c.action, err, tc.action)
		}
		var routes []string
		for _, r := range c.routes {
			spec := object{}
			if len(r.attributes) > 0 {
				spec["attributes"] = r.attributes
			}
			text, err := json.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			routes = append(routes, r.key()+" "+string(text))
		}
		if !slices.Equal(routes, tc.routes) {
			t.Errorf("%q:\n  %s\nwant\n  %s", tc.line, strings.Join(routes, "\n  "), strings.Join(tc.routes, "\n  "))
		}
	}
}

func TestParseCommandErrors(t *testing.T) {
	n := &neighbor{}
	for _, line := range []string{"announce elephants", "announce route 10.0.0.0/8 colour blue", "dance", "clear adj-rib in"} {
		if _, err := parseCommand(line, n); err == nil {
			t.Errorf("%q: no error", line)
		} else if e := leftOut(err); e != nil {
			t.Errorf("%q is not reproduced: %s; what is not known is to fail", line, e.reason)
		}
	}
	for line, remark := range map[string]string{
		"announce route 10.0.0.0/8 rd 1:1":                                    "",
		"announce ipv4 mup x":                                                 "",
		"announce flow route x":                                               "",
		"announce route 10.0.0.0/8 as-path [ 1 ( 2 3 ) ]":                     remarkASSet,
		"announce ipv6 unicast 2001:db8::/32 next-hop 192.0.2.1":              remarkShortNextHop,
		"announce route 10.0.0.0/8 next-hop 255.255.255.255":                  remarkNextHop,
		"announce route 224.0.0.0/4 next-hop 192.0.2.1":                       remarkPrefix,
		"announce ipv6 unicast ::1/128 next-hop ::1":                          remarkPrefix,
		"announce route 127.0.0.1 next-hop 192.0.2.1":                         remarkPrefix,
		"announce route 10.0.0.0/8 next-hop 192.0.2.1 attribute [ 99 64 00 ]": remarkRawFlags,
	} {
		c, err := parseCommand(line, n)
		e := leftOut(err)
		if e == nil || e.remarked != (remark != "") || e.remarked && e.reason != remark {
			t.Errorf("%q: %v, want a reason why it is left out: %q", line, err, remark)
		}
		if e != nil && e.remarked && len(c.routes) != 1 {
			t.Errorf("%q: no route of which nothing is expected", line)
		}
	}
}

func TestSelectors(t *testing.T) {
	n := &neighbor{PeerAddress: "127.0.0.1", Families: []string{"ipv4 unicast"}, Session: map[string]any{
		"local-address": "127.0.0.9", "local-as": "1", "peer-as": "2", "router-id": "192.0.2.1",
	}}
	several := *n
	several.Capabilities = map[string]any{"multi-session": true}
	for line, want := range map[string]bool{
		"announce route 10.0.0.0/8":                                                                                true,
		"neighbor * announce route 10.0.0.0/8":                                                                     true,
		"neighbor 127.0.0.1 announce route 10.0.0.0/8":                                                             true,
		"neighbor 127.0.0.2 announce route 10.0.0.0/8":                                                             false,
		"neighbor 127.0.0.2, neighbor 127.0.0.1 local-as 1 announce route 10.0.0.0/8":                              true,
		"peer 127.0.0.2, 127.0.0.1 announce route 10.0.0.0/8":                                                      true,
		"peer [127.0.0.2 127.0.0.1] announce route 10.0.0.0/8":                                                     true,
		"peer [ 127.0.0.2 127.0.0.3 ] announce route 10.0.0.0/8":                                                   false,
		"neighbor 127.0.0.1 local-ip 127.0.0.9 local-as 1 peer-as 2 router-id 192.0.2.1 announce route 10.0.0.0/8": true,
		"neighbor 127.0.0.1 local-ip 127.0.0.9 local-as 1 peer-as 3 router-id 192.0.2.1 announce route 10.0.0.0/8": false,
		"neighbor 127.0.0.1 family-allowed in-open announce route 10.0.0.0/8":                                      true,
		"neighbor 127.0.0.1 family-allowed ipv4-unicast announce route 10.0.0.0/8":                                 false,
	} {
		c, err := parseCommand(line, n)
		if err != nil || len(c.routes) != 1 {
			t.Errorf("%q: %v, %d routes", line, err, len(c.routes))
			continue
		}
		if got := chosen(c.selectors, n.labels()); got != want {
			t.Errorf("%q chooses the neighbour: %v, want %v", line, got, want)
		}
		byFamily := strings.Contains(line, "family-allowed")
		if got := chosen(c.selectors, several.labels()); byFamily && got == want {
			t.Errorf("%q chooses one with a session for each family: %v", line, got)
		}
	}
}

func TestProcessesOfNeighbor(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true,
		`{"api": [{"statements": [{"send": ["parsed"]}]}]}`:             true,
		`{"api": [{"statements": [["processes", ["other", "mine"]]]}]}`: true,
		`{"api": [{"statements": [["processes", ["other"]]]}]}`:         false,
		`{"api": [{"statements": [["processes-match", ["\"^mi\""]]]}]}`: true,
		`{"api": [{"statements": [["processes-match", ["^ot"]]]}]}`:     false,
	} {
		var n neighbor
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		if got := n.runs("mine"); got != want {
			t.Errorf("%s runs it: %v, want %v", text, got, want)
		}
	}
}

func TestExtendedCommunity(t *testing.T) {
	for text, want := range map[string]string{
		"0x0002fde800000001": "0x0002fde800000001", "72:0.0.0.1": "rt:72:1", "target:1:10.0.0.1": "rt:1:167772161",
		"origin:192.0.2.1:7": "soo:192.0.2.1:7", "target4:7:1": "0x0202000000070001", "origin4:71100:11000": "0x0203000115bc2af8",
		"redirect:1300:83000": "0x8008051400014438", "l2info:1:2:13398:30864": "0x800a010234567890",
	} {
		if got, err := extendedCommunity(text); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
}

// TestRightCommunities: the source's octets of a 4-octet ASN give way to those of RFC 5668, an IPv4 address stays.
func TestRightCommunities(t *testing.T) {
	v := &vector{Configurations: []configuration{{Scripts: []script{{Commands: []string{
		"announce route 10.0.0.0/8 extended-community [ target:70600:6000 target:8.8.8.8:8000 ]",
	}}}}}}
	notes := &notes{}
	s := scope{oddities: oddCommunities(v), notes: notes}
	const was = "NEXT_HOP 0a000001 [1/40=00 16/c0=0102000113c817700102080808081f40 8/c0=00010002]"
	const want = "NEXT_HOP 0a000001 [1/40=00 16/c0=0102080808081f400202000113c81770 8/c0=00010002]"
	if got := s.rightCommunities(was); got != want {
		t.Errorf("got\n  %s\nwant\n  %s", got, want)
	}
	if !slices.Equal(notes.remarks, []string{remarkFourOctetAS}) {
		t.Errorf("remarks %q", notes.remarks)
	}
}

// TestRemarks: each remark names its clause.
func TestRemarks(t *testing.T) {
	clause := regexp.MustCompile(`\((RFC \d+ §[\d.]+(, )?)+\)$|\(draft-[a-z0-9-]+\)$`)
	for _, remark := range allRemarks {
		if !clause.MatchString(remark) {
			t.Errorf("no clause at the end of %q", remark)
		}
	}
}

func TestSubnets(t *testing.T) {
	got := subnets(netip.MustParsePrefix("255.255.254.0/23"), 25)
	want := []string{"255.255.254.0/25", "255.255.254.128/25", "255.255.255.0/25", "255.255.255.128/25"}
	for i, prefix := range got {
		if len(got) != len(want) || prefix.String() != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestTracker(t *testing.T) {
	route := func(kind factKind, name string) fact { return fact{kind: kind, family: wire.IPv4Unicast, route: name} }
	a, b, c, end := route(announced, "a"), route(announced, "b"), route(withdrawn, "a"), route(endOfRIB, "")
	for _, tc := range []struct {
		name string
		come []fact
		want string // in the error of the last one
	}{
		{"in order", []fact{end, b, a, c}, ""},
		{"group out of order", []fact{a, c}, "expected is one of"},
		{"twice", []fact{a, a}, "expected is one of"},
		{"too much", []fact{a, b, c, c}, "after all that is expected"},
		{"End-of-RIB twice", []fact{end, end}, "a second time"},
	} {
		tracker := newTracker(expectation{groups: []expectedGroup{{facts: []fact{a, b}}, {facts: []fact{c}}}})
		var err error
		for i, f := range tc.come {
			if err != nil {
				t.Fatalf("%s: fact %d: %v", tc.name, i-1, err)
			}
			err = tracker.take(f)
		}
		if tc.want == "" && (err != nil || len(tracker.missing()) > 0) || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, missing %v, want %q", tc.name, err, tracker.missing(), tc.want)
		}
	}
}

func TestScope(t *testing.T) {
	route := func(kind factKind, name, detail string) fact {
		return fact{kind: kind, family: wire.IPv6Unicast, route: name, detail: detail}
	}
	mup := wire.Family{AFI: 1, SAFI: 85}
	e := expectation{groups: []expectedGroup{{facts: []fact{
		route(announced, "a", "MP_REACH_NLRI 20010db8000000000000000000000001 []"), route(announced, "b", "MP_REACH_NLRI 0a000001 []"),
		route(endOfRIB, "", ""), route(endOfRIB, "", ""), {kind: endOfRIB, family: mup},
		route(withdrawn, "a", ""), route(withdrawn, "c", ""), {kind: notified, detail: "6/4"},
	}}}}
	notes := &notes{}
	e.leaveOut(&vector{Configurations: make([]configuration, 1)}, &neighbor{}, notes)
	var kept []string
	for _, f := range e.groups[0].facts {
		kept = append(kept, string(f.kind)+" "+f.route)
	}
	if want := []string{"announce a", "End-of-RIB ", "withdraw a", "NOTIFICATION "}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
	remarks := []string{remarkShortNextHop, remarkEndOfRIBAgain, remarkShutdownText}
	if want := []string{familyReason(mup), reasonNeverAnnounced}; !slices.Equal(notes.leftOut, want) || !slices.Equal(notes.remarks, remarks) {
		t.Errorf("left out %q, want %q; remarks %q, want %q", notes.leftOut, want, notes.remarks, remarks)
	}
}

func TestReport(t *testing.T) {
	r := &report{}
	if r.String() != "" {
		t.Errorf("an empty report is %q", r)
	}
	r.add("b", resultFail, "why", "and why")
	r.add("a", resultPass)
	want := "CASE  RESULT  REASON\na     pass    \nb     FAIL    why; and why\n1 pass  0 part  0 not reproduced  1 FAIL\n" +
		"  1  and why\n  1  why\n"
	if got := r.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
