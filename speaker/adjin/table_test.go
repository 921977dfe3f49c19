// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/wire"
)

var (
	keep = adjin.Policy{Keep: true, MaxPrefixes: 1000}
	both = []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	hop4 = netip.MustParseAddr("192.0.2.1")
	hop6 = netip.MustParseAddr("2001:db8::1")
)

// table is a Table in a session, fed with whole UPDATEs.
type table struct {
	*testing.T
	*adjin.Table
	session adjin.Session
}

func newTable(t *testing.T, policy adjin.Policy, change ...func(*adjin.Session)) *table {
	s := adjin.Session{Families: both, PeerASN: 64500}
	for _, c := range change {
		c(&s)
	}
	tab := &table{T: t, Table: adjin.New(policy), session: s}
	tab.Begin(s)
	return tab
}

// parsed is an UPDATE as the session hands it over.
func (t *table) parsed(message []byte) *wire.Update {
	t.Helper()
	u := new(wire.Update)
	options := wire.UpdateOptions{AS4: true, EBGP: true, Families: both, AddPath: t.session.AddPath, ExtendedNextHop: true}
	if err := wire.ParseUpdate(message[wire.HeaderLen:], options, u); err != nil {
		t.Fatal(err)
	}
	return u
}

func (t *table) take(message []byte) adjin.Outcome {
	t.Helper()
	o, err := t.Take(t.parsed(message), false)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// nlri are prefixes, with "id:" before those that have a path identifier.
func nlri(prefixes ...string) []byte {
	var b []byte
	for _, s := range prefixes {
		var id uint32
		if n, rest, found := strings.Cut(s, "@"); found {
			if _, err := fmt.Sscan(n, &id); err != nil {
				panic(err)
			}
			b = wire.AppendPath(b, wire.Path{ID: id, Prefix: netip.MustParsePrefix(rest)})
			continue
		}
		b = wire.AppendPrefix(b, netip.MustParsePrefix(s))
	}
	return b
}

func path(asns ...uint32) *wire.Attributes {
	return &wire.Attributes{ASPath: wire.ASPath{{Type: wire.ASSequence, ASNs: asns}}}
}

func reach(f wire.Family, a *wire.Attributes, prefixes ...string) []byte {
	hop := hop4
	if f == wire.IPv6Unicast {
		hop = hop6
	}
	return wire.AppendReach(nil, f, wire.NewAttributeBlock(a, wire.EncodeOptions{AS4: true}), []netip.Addr{hop}, nlri(prefixes...))
}

func unreach(f wire.Family, prefixes ...string) []byte {
	return wire.AppendUnreach(nil, f, nlri(prefixes...))
}

// list shows the routes of the table, a line each: prefix, first ASN, and marks.
func (t *table) list() []string {
	lines := []string{}
	t.Routes(func(r adjin.Route) bool {
		line := r.NLRI.Prefix.String()
		if r.HasPathID {
			line = fmt.Sprintf("%d@%s", r.PathID, line)
		}
		line += fmt.Sprintf(" %v", r.Attributes.ASPath)
		if r.Stale {
			line += " stale"
		}
		if r.Leaked {
			line += " leaked"
		}
		lines = append(lines, line)
		return true
	})
	return lines
}

func (t *table) want(lines ...string) {
	t.Helper()
	if got := t.list(); !slices.Equal(got, lines) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
	t.CheckReferences(t)
}

func (t *table) count(f wire.Family) adjin.Count {
	t.Helper()
	for _, c := range t.Report().Families {
		if c.Family == f {
			return c
		}
	}
	t.Fatalf("no count of %v", f)
	return adjin.Count{}
}

func TestRoutesComeAndGo(t *testing.T) {
	tab := newTable(t, keep)
	tab.take(reach(wire.IPv4Unicast, path(64500), "198.51.100.0/24", "0.0.0.0/0"))
	tab.take(reach(wire.IPv6Unicast, path(64500), "2001:db8:1::/48"))
	tab.want("0.0.0.0/0 64500", "198.51.100.0/24 64500", "2001:db8:1::/48 64500")
	tab.take(reach(wire.IPv4Unicast, path(64500, 1), "198.51.100.0/24")) // replaces
	tab.take(unreach(wire.IPv6Unicast, "2001:db8:1::/48", "2001:db8:2::/48"))
	tab.want("0.0.0.0/0 64500", "198.51.100.0/24 64500 1")
	if got := tab.count(wire.IPv6Unicast); got.Routes != 0 {
		t.Errorf("IPv6: %+v", got)
	}
	tab.Flush()
	tab.want()
}

// RFC 7911 §3: a path is the prefix and its identifier.
func TestPathIdentifiers(t *testing.T) {
	tab := newTable(t, keep, func(s *adjin.Session) { s.AddPath = both[:1] })
	tab.take(reach(wire.IPv4Unicast, path(1), "1@198.51.100.0/24", "2@198.51.100.0/24"))
	tab.take(reach(wire.IPv4Unicast, path(2), "2@198.51.100.0/24"))
	tab.want("1@198.51.100.0/24 1", "2@198.51.100.0/24 2")
	tab.take(unreach(wire.IPv4Unicast, "1@198.51.100.0/24"))
	tab.want("2@198.51.100.0/24 2")
}

// RFC 7606 §2: the announced routes of a malformed UPDATE are treated as withdrawn.
func TestTreatAsWithdraw(t *testing.T) {
	tab := newTable(t, keep)
	tab.take(reach(wire.IPv4Unicast, path(1), "198.51.100.0/24", "203.0.113.0/24"))
	tab.take(reach(wire.IPv6Unicast, path(1), "2001:db8:1::/48"))
	for _, message := range [][]byte{
		reach(wire.IPv4Unicast, path(2), "198.51.100.0/24"), reach(wire.IPv6Unicast, path(2), "2001:db8:1::/48"),
	} {
		if _, err := tab.Take(tab.parsed(message), true); err != nil {
			t.Error(err)
		}
	}
	tab.want("203.0.113.0/24 1")
}

// RFC 4271 §6.3: prefixes that cannot be routes are ignored, the others of the message taken.
func TestMartiansAreIgnored(t *testing.T) {
	tab := newTable(t, keep)
	o := tab.take(reach(wire.IPv4Unicast, path(1), "224.0.0.0/4", "239.1.0.0/16", "127.0.0.0/8", "127.0.0.1/32", "0.1.0.0/16",
		"255.255.255.255/32", "0.0.0.0/1", "198.51.100.0/24"))
	if o.Martians != 6 {
		t.Errorf("%d martians, want 6", o.Martians)
	}
	o = tab.take(reach(wire.IPv6Unicast, path(1), "ff00::/8", "fe80::/64", "::1/128", "::/128", "::ffff:0:0/96", "::/0", "2001:db8::/32"))
	if o.Martians != 5 {
		t.Errorf("%d martians, want 5", o.Martians)
	}
	tab.want("0.0.0.0/1 1", "198.51.100.0/24 1", "::/0 1", "2001:db8::/32 1")
}

// RFC 9234 §5: whether ONLY_TO_CUSTOMER makes a route ineligible depends on our role.
func TestLeaksAreIneligible(t *testing.T) {
	otc := func(asn uint32) *wire.Attributes {
		a := path(64500)
		a.OTC, a.HasOTC = asn, true
		return a
	}
	for _, test := range []struct {
		role   *wire.Role
		leaked int
	}{
		{nil, 0}, {new(wire.RoleCustomer), 0}, {new(wire.RoleRouteServerClient), 0},
		{new(wire.RoleProvider), 2}, {new(wire.RoleRouteServer), 2}, {new(wire.RolePeer), 1},
	} {
		tab := newTable(t, keep, func(s *adjin.Session) { s.Role = test.role })
		tab.take(reach(wire.IPv4Unicast, otc(64500), "198.51.100.0/25"))
		tab.take(reach(wire.IPv4Unicast, otc(1), "198.51.100.128/25"))
		tab.take(reach(wire.IPv4Unicast, path(64500), "203.0.113.0/24"))
		if got := tab.count(wire.IPv4Unicast); got.Leaked != test.leaked || got.Routes != 3 {
			t.Errorf("role %v: %+v, want %d leaked of 3", test.role, got, test.leaked)
		}
		tab.take(reach(wire.IPv4Unicast, path(64500), "198.51.100.0/25"))
		tab.take(unreach(wire.IPv4Unicast, "198.51.100.128/25"))
		if got := tab.count(wire.IPv4Unicast); got.Leaked != 0 {
			t.Errorf("role %v: leaks that are gone are counted: %+v", test.role, got)
		}
	}
}

// What is kept of attributes is all of them.
func TestAttributesAreKept(t *testing.T) {
	a := &wire.Attributes{
		Origin: wire.OriginEGP,
		ASPath: wire.ASPath{{Type: wire.ASSequence, ASNs: []uint32{64500, 4200000000}}},
		MED:    7, HasMED: true, AtomicAggregate: true, Aggregator: wire.Aggregator{ASN: 4200000000, Addr: hop4},
		Communities: []wire.Community{1, 1}, LargeCommunities: []wire.LargeCommunity{{Global: 1, Local1: 2, Local2: 3}},
		ExtendedCommunities: []wire.ExtendedCommunity{{0, 2, 0xfc, 0, 0, 0, 0, 100}}, OTC: 64500, HasOTC: true,
		Unknown: []wire.RawAttribute{{Flags: 0xe0, Type: 99, Value: make([]byte, 300)}, {Flags: 0x80, Type: 20, Value: []byte{}}},
	}
	linkLocal := netip.MustParseAddr("fe80::1")
	for _, test := range []struct {
		family         wire.Family
		prefix         string
		hops           []netip.Addr
		wantHop, local netip.Addr
	}{
		{wire.IPv4Unicast, "198.51.100.0/24", []netip.Addr{hop4}, hop4, netip.Addr{}},
		{wire.IPv4Unicast, "198.51.100.0/24", []netip.Addr{hop6}, hop6, netip.Addr{}},
		{wire.IPv6Unicast, "2001:db8::/32", []netip.Addr{hop6}, hop6, netip.Addr{}},
		{wire.IPv6Unicast, "2001:db8::/32", []netip.Addr{hop6, linkLocal}, hop6, linkLocal},
	} {
		tab := newTable(t, keep)
		block := wire.NewAttributeBlock(a, wire.EncodeOptions{AS4: true})
		u := tab.parsed(wire.AppendReach(nil, test.family, block, test.hops, nlri(test.prefix)))
		want := u.Attributes
		want.NextHop = netip.Addr{}
		if _, err := tab.Take(u, false); err != nil {
			t.Fatal(err)
		}
		n := 0
		tab.Routes(func(r adjin.Route) bool {
			n++
			got := *r.Attributes
			slices.SortFunc(want.Unknown, func(a, b wire.RawAttribute) int { return int(a.Type) - int(b.Type) })
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v\n got %+v\nwant %+v", test, got, want)
			}
			if r.NextHop != test.wantHop || r.LinkLocal != test.local {
				t.Errorf("%v: next hop %v %v", test, r.NextHop, r.LinkLocal)
			}
			return true
		})
		if n != 1 {
			t.Errorf("%v: %d routes", test, n)
		}
	}
}

// numbered are /32s or /128s.
func numbered(f wire.Family, from, n int) []string {
	list := make([]string, n)
	for i := range list {
		if v := from + i; f == wire.IPv4Unicast {
			list[i] = fmt.Sprintf("10.%d.%d.%d/32", v>>16, v>>8&255, v&255)
		} else {
			list[i] = fmt.Sprintf("2001:db8::%x/128", v+2)
		}
	}
	return list
}

func TestDiscard(t *testing.T) {
	tab := newTable(t, adjin.Policy{Keep: true, MaxPrefixes: 10})
	if o := tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 0, 7)...)); o.Near || o.Full {
		t.Errorf("7 of 10: %+v", o)
	}
	if o := tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 7, 1)...)); !o.Near || o.Full {
		t.Errorf("8 of 10: %+v", o)
	}
	o := tab.take(reach(wire.IPv6Unicast, path(1), numbered(wire.IPv6Unicast, 0, 5)...))
	if o.Near || !o.Full || o.Dropped != 3 {
		t.Errorf("13 of 10: %+v", o)
	}
	if r := tab.Report(); !r.Excess || r.Limit != 10 || tab.count(wire.IPv4Unicast).Routes != 8 || tab.count(wire.IPv6Unicast).Routes != 2 {
		t.Errorf("13 of 10: %+v", r)
	}
	// Known routes may change, and new room is used again.
	tab.take(reach(wire.IPv4Unicast, path(2), numbered(wire.IPv4Unicast, 0, 1)...))
	tab.take(unreach(wire.IPv4Unicast, numbered(wire.IPv4Unicast, 0, 2)...))
	if o := tab.take(reach(wire.IPv4Unicast, path(3), numbered(wire.IPv4Unicast, 100, 3)...)); o.Dropped != 1 || o.Full {
		t.Errorf("room of two: %+v", o)
	}
	// Excess ends once the peer has no route that is not kept.
	if got := tab.count(wire.IPv4Unicast).Dropped + tab.count(wire.IPv6Unicast).Dropped; got != 4 {
		t.Errorf("%d dropped, want 4", got)
	}
	tab.take(unreach(wire.IPv6Unicast, numbered(wire.IPv6Unicast, 2, 3)...))
	tab.take(unreach(wire.IPv4Unicast, numbered(wire.IPv4Unicast, 102, 1)...))
	if r := tab.Report(); r.Excess {
		t.Errorf("nothing is missing: %+v", r)
	}
	tab.CheckReferences(t)
}

// Routes beyond twice the limit are not counted: there is excess until the peer sends all again.
func TestExcessBeyondCounting(t *testing.T) {
	tab := newTable(t, adjin.Policy{Keep: true, MaxPrefixes: 10})
	tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 0, 100)...))
	tab.take(unreach(wire.IPv4Unicast, numbered(wire.IPv4Unicast, 0, 100)...))
	if got := tab.count(wire.IPv4Unicast); got.Routes != 0 || got.Dropped != 0 || !tab.Report().Excess {
		t.Errorf("after 100 went: %+v, excess %v", got, tab.Report().Excess)
	}
	tab.BeginRefresh(wire.IPv4Unicast)
	tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 0, 3)...))
	tab.EndRefresh(wire.IPv4Unicast)
	if got := tab.count(wire.IPv4Unicast); got.Routes != 3 || tab.Report().Excess {
		t.Errorf("after a refresh: %+v", tab.Report())
	}
}

func TestConfigure(t *testing.T) {
	discard := func(n int) adjin.Policy { return adjin.Policy{Keep: true, MaxPrefixes: n} }
	tab := newTable(t, adjin.Policy{})
	tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 0, 20)...))
	if tab.Report() != nil {
		t.Error("a report of what is ignored")
	}
	if tab.Configure(discard(10)); !tab.TakeMissing() || tab.TakeMissing() {
		t.Error("what was ignored is not missing, or twice")
	}
	tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 0, 20)...))
	if tab.Configure(discard(5)); tab.TakeMissing() {
		t.Error("a lower limit wants routes")
	}
	if got := tab.count(wire.IPv4Unicast); got.Routes != 5 || !tab.Report().Excess {
		t.Errorf("lower limit: %+v", got)
	}
	if err := tab.Exceeded(); err != nil {
		t.Errorf("discarded, and still %v", err)
	}
	tab.Configure(adjin.Policy{Keep: true, MaxPrefixes: 5, Teardown: true})
	if err := tab.Exceeded(); err == nil {
		t.Error("a peer with more routes than end its session goes on")
	}
	if tab.Configure(discard(30)); !tab.TakeMissing() {
		t.Error("a higher limit does not want what was dropped")
	}
	tab.take(reach(wire.IPv4Unicast, path(1), numbered(wire.IPv4Unicast, 0, 20)...))
	if got := tab.count(wire.IPv4Unicast); got.Routes != 20 || tab.Report().Excess {
		t.Errorf("higher limit: %+v", tab.Report())
	}
	if tab.Configure(discard(40)); tab.TakeMissing() {
		t.Error("a higher limit wants routes although none was missing")
	}
	tab.Configure(adjin.Policy{})
	tab.want()
}
