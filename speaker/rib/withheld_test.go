// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// withheld is all that the report says is withheld.
func withheld(out *rib.Out) []rib.Withheld {
	r := out.Report()
	return slices.Collect(r.All())
}

func TestConflict(t *testing.T) {
	med := func(m uint32) rib.Attributes { return rib.Attributes{MED: &m} }
	older := announcement("older", med(1), "10.0.0.0/24", "10.0.1.0/24")
	younger := announcement("younger", med(2), "10.0.2.0/24", "10.0.0.0/23 24", "10.0.0.0/24")
	table := rib.New()
	p := attach(t, table, "tor", external())
	update(table, export(1, older, younger))
	p.expect("announce 10.0.0.0/24 10.0.1.0/24", "announce 10.0.2.0/24", end4, end6)
	want := []rib.Withheld{{
		Announcement: younger, Reason: rib.ReasonConflict, Prefixes: 2,
		Example: wire.NLRI{Prefix: netip.MustParsePrefix("10.0.0.0/24")}, Winner: "test/older",
	}}
	if got := p.out.Report().Withheld; !slices.Equal(got, want) {
		t.Errorf("withheld %+v, want %+v", got, want)
	}

	update(table, export(2, younger))
	p.expect("announce 10.0.0.0/24 10.0.1.0/24") // replaced, never withdrawn
	if got := p.out.Report().Withheld; len(got) != 0 {
		t.Errorf("withheld %+v after the winner went, want nothing", got)
	}
	update(table, export(3, older, younger))
	p.expect("announce 10.0.0.0/24 10.0.1.0/24")
}

// TestUnion: a route that the session would send with the very attributes of the older announcement is that of both. It is neither
// withheld nor counted twice, as long as the attributes are the same to this session.
func TestUnion(t *testing.T) {
	older := announcement("older", rib.Attributes{MED: ptr(uint32(1))}, "10.0.0.0/24", "10.0.1.0/24")
	younger := announcement("younger", none, "10.0.1.0/24", "10.0.2.0/24")
	table := rib.New()
	p, plain := attach(t, table, "tor", external()), attach(t, table, "plain", external())
	exports := func(token int, list ...*rib.Announcement) map[string]rib.Export {
		one := rib.Export{Announcements: rib.NewList(list...), Token: token}
		same := one
		same.Defaults.MED = ptr(uint32(1))
		return map[string]rib.Export{"tor": same, "plain": one}
	}
	report := func(p *peer, routes, withheld int) {
		t.Helper()
		p.drain()
		r := p.out.Report()
		lost := 0
		for _, w := range r.Withheld {
			if lost += w.Prefixes; w.Announcement.ID != "younger" || w.Reason != rib.ReasonConflict || w.Winner != older.Name {
				t.Errorf("withheld %+v", w)
			}
		}
		if len(p.routes) != routes || r.Announced[0].Routes != routes || lost != withheld {
			t.Errorf("the peer holds %v, report %+v, want %d routes and %d withheld", p.routes, r, routes, withheld)
		}
	}
	change := func(token int, list ...*rib.Announcement) {
		t.Helper()
		all := exports(token, list...)
		if err := table.Update(all["tor"].Announcements, all); err != nil {
			t.Fatal(err)
		}
	}
	change(1, older, younger)
	report(p, 3, 0)
	report(plain, 3, 1)

	change(2, older, announcement("younger", rib.Attributes{MED: ptr(uint32(2))}, "10.0.1.0/24", "10.0.2.0/24"))
	report(p, 3, 1)
	report(plain, 3, 1)

	change(3, older, announcement("younger", rib.Attributes{MED: ptr(uint32(1))}, "10.0.0.0/23 24"))
	report(p, 2, 0)
	report(plain, 2, 0)

	p.lines()
	change(4, announcement("younger", rib.Attributes{MED: ptr(uint32(1))}, "10.0.0.0/23 24"))
	p.expect() // the route of both stays
	report(p, 2, 0)
}

// TestUnionWithNextHopSelf: a route whose next hop the older announcement names is that of both where next hop self is the same
// address, for each session by itself, and as long as it is.
func TestUnionWithNextHopSelf(t *testing.T) {
	at := external()
	table := rib.New()
	near, far := attach(t, table, "tor", at), attach(t, table, "tor", func(p rib.Params) rib.Params {
		p.LocalAddress, p.PeerAddress = addr("198.51.100.2"), addr("198.51.100.1")
		return p
	}(at))
	named := rib.Attributes{NextHop4: at.LocalAddress, NextHop6: at.NodeAddress6}
	older := announcement("older", named, "10.0.0.0/24", "2001:db8:1::/48")
	younger := announcement("younger", none, "10.0.0.0/24", "2001:db8:1::/48")
	report := func(token int, six string, wantNear, wantFar int, list ...*rib.Announcement) {
		t.Helper()
		exports := map[string]rib.Export{"tor": {
			Announcements: rib.NewList(list...), Token: token, Node: &rib.NodeAddresses{Six: addr(six)},
		}}
		if err := table.Update(exports["tor"].Announcements, exports); err != nil {
			t.Fatal(err)
		}
		for _, of := range []struct {
			peer *peer
			want int
		}{{near, wantNear}, {far, wantFar}} {
			of.peer.drain()
			lost := 0
			for _, w := range of.peer.out.Report().Withheld {
				if lost += w.Prefixes; w.Announcement != younger || w.Reason != rib.ReasonConflict || w.Winner != older.Name {
					t.Errorf("withheld %+v", w)
				}
			}
			if r := of.peer.out.Report(); r.Token != token || lost != of.want || r.Announced[0].Routes+r.Announced[1].Routes != 2 {
				t.Errorf("token %v, from %v: report %+v, want %d prefixes withheld", token, of.peer.params.LocalAddress, r, of.want)
			}
		}
		if err := table.Check(); err != nil {
			t.Error(err)
		}
	}
	report(1, "2001:db8::2", 0, 1, older, younger)
	report(2, "2001:db8::3", 1, 2, older, younger)
	report(3, "2001:db8::2", 0, 1, older, younger)
	far.out.Detach() // what one session of a group sees as another route is sent to all of them
	near.lines()
	update(table, export(4, younger))
	near.expect() // the routes of both stay
}

func TestWhatCannotBeSentKeepsNothingBack(t *testing.T) {
	table := rib.New()
	p := attach(t, table, "tor", external())
	older := announcement("older", rib.Attributes{NextHop4: addr("192.0.2.1")}, "10.0.0.0/24")
	update(table, export(1, older, announcement("younger", none, "10.0.0.0/24")))
	p.expect("announce 10.0.0.0/24", end4, end6)
	if w := p.out.Report().Withheld; len(w) != 1 || w[0].Announcement != older || w[0].Reason != rib.ReasonNoNextHop {
		t.Errorf("withheld %+v, want the older for its next hop alone", w)
	}
}

func TestFamilyNotNegotiated(t *testing.T) {
	table := rib.New()
	params := external()
	params.Families = []wire.Family{wire.IPv4Unicast}
	a := announcement("a", none, "2001:db8::/32", "10.0.0.0/24", "2001:db9::/32 34")
	update(table, export(1, a))
	p := attach(t, table, "tor", params)
	p.expect("announce 10.0.0.0/24", end4)
	want := []rib.Withheld{{
		Announcement: a, Reason: rib.ReasonFamilyNotNegotiated, Prefixes: 5,
		Example: wire.NLRI{Prefix: netip.MustParsePrefix("2001:db8::/32")},
	}}
	if got := withheld(p.out); !slices.Equal(got, want) {
		t.Errorf("withheld %+v, want %+v", got, want)
	}
	p.out.Refresh(wire.IPv6Unicast, false) // not negotiated: ignored
	p.expect()

	// Its reasons stand together and name one value, also where the newest export has an equal one; others have their place.
	first, last := announcement("A", none, "2001:db8::/32"), announcement("b", none, "10.0.1.0/24", "2001:db8::/33")
	loses := announcement("a", rib.Attributes{MED: ptr(uint32(1))}, "10.0.1.0/24", "2001:db8::/32")
	winner := announcement("a", none, "10.0.1.0/24")
	winner.ID, winner.Age = "winner", -1
	equal := *loses
	for token, a := range []*rib.Announcement{loses, &equal} {
		update(table, export(2+token, first, a, last, winner))
		p.drain()
		var got []string
		for _, w := range withheld(p.out) {
			if w.Announcement.ID == "a" && w.Announcement != loses {
				t.Error("a reason of another value")
			}
			got = append(got, fmt.Sprint(w.Announcement.ID, " ", w.Reason, " ", w.Prefixes))
		}
		want := "A family not negotiated 1, a family not negotiated 1, a conflict 1, b family not negotiated 1"
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("withheld %s, want %s", got, want)
		}
	}
}

func TestTooLong(t *testing.T) {
	// 4,096 octets less 23 of an empty UPDATE, 4 + 4 of ORIGIN, 9 of AS_PATH, 7 of
	// NEXT_HOP and 4 of the header of COMMUNITIES leave 4,049: 1,011 communities
	// leave 5 octets, room for a /32, and 1,012 leave 1, room for a /0.
	list := func(n uint32) rib.Attributes {
		var a rib.Attributes
		for i := range n {
			a.Communities = append(a.Communities, wire.Community(i))
		}
		return a
	}
	table := rib.New()
	p := attach(t, table, "tor", external())
	update(table, export(1, announcement("a", list(1011), "10.0.0.0/31 32")))
	p.expect("announce 10.0.0.0/32", "announce 10.0.0.1/32", end4, end6)

	update(table, export(2, announcement("a", list(1012), "10.0.0.0/31 32", "0.0.0.0/0", "0.0.0.0/0 1")))
	p.expect("announce 0.0.0.0/0", "withdraw 10.0.0.0/32 10.0.0.1/32")
	w := p.out.Report().Withheld
	example := netip.MustParsePrefix("0.0.0.0/1") // the lowest
	if len(w) != 1 || w[0].Reason != rib.ReasonTooLong || w[0].Prefixes != 4 || w[0].Example.Prefix != example {
		t.Errorf("withheld %+v, want both /32s and both /1s as too long", w)
	}

	for name, a := range map[string]rib.Attributes{
		"communities": list(40000), "path": {Prepend: ptr(1 << 30)},
	} {
		update(table, export(name, announcement("a", a, "10.0.0.0/31 32")))
		p.drain()
		if w := p.out.Report().Withheld; len(p.routes) != 0 || len(w) != 1 || w[0].Reason != rib.ReasonTooLong {
			t.Errorf("%s: peer holds %v, withheld %+v, want nothing and TooLong", name, p.prefixes(), w)
		}
	}
}
