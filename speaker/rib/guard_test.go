// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// shop is a guard that lets one owner announce a /24's parts.
func shop(change ...func(*rib.Guard)) *rib.Guard {
	g := &rib.Guard{
		Families: []wire.Family{wire.IPv4Unicast},
		Trusted:  []string{"platform"},
		Grants:   map[string][]rib.Grant{"shop": {{Prefix: netip.MustParsePrefix("203.0.113.0/24"), MaxLength: 32}}},
	}
	for _, c := range change {
		c(g)
	}
	return g
}

// TestGrantsOfOneOwner: where peers are granted something else for one owner, the table looks at that owner's announcements alone,
// however many others there are.
func TestGrantsOfOneOwner(t *testing.T) {
	granted := func(owners ...string) *rib.Guard {
		return shop(func(g *rib.Guard) {
			g.MaxPrefixes, g.Counted = 10_000, g.Families
			for _, owner := range owners {
				g.Grants[owner] = []rib.Grant{{Prefix: netip.MustParsePrefix("198.51.100.0/24"), MaxLength: 32}}
			}
		})
	}
	others, own := announcement("others", none, "10.0.0.0/22 32"), announcement("own", none, "198.51.100.0/30 32")
	others.Owner, own.Owner = "platform", "web"
	list := rib.NewList(others, own)
	table := rib.New()
	a, b := attach(t, table, "a", external()), attach(t, table, "b", external())
	grant := func(token int, atA, atB *rib.Guard, marks int) {
		t.Helper()
		err := table.Update(list, map[string]rib.Export{
			"a": {Announcements: list, Guard: atA, Token: token}, "b": {Announcements: list, Guard: atB, Token: token},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := table.Stats().Marks; got != marks {
			t.Errorf("token %d: %d prefixes are looked at, want %d", token, got, marks)
		}
		if err := table.Check(); err != nil {
			t.Error(err)
		}
	}
	held := func(atA, atB int) {
		t.Helper()
		for p, want := range map[*peer]int{a: atA, b: atB} {
			p.drain()
			withheld := 0
			for _, w := range p.out.Report().Withheld {
				withheld += w.Prefixes
			}
			if len(p.routes) != want || withheld != 1028-want {
				t.Errorf("%d routes and %d withheld, want %d of 1028", len(p.routes), withheld, want)
			}
		}
	}
	grant(1, granted(), granted(), 0)
	held(1024, 1024)
	a.lines()
	grant(2, granted("web"), granted("web"), 4)
	a.expect("announce 198.51.100.0/32 198.51.100.1/32 198.51.100.2/32 198.51.100.3/32")
	held(1028, 1028)
	grant(3, granted("web", "nobody"), granted("web", "nobody"), 0)
	a.expect()
	grant(4, granted(), granted(), 4)
	a.expect("withdraw 198.51.100.0/32 198.51.100.1/32 198.51.100.2/32 198.51.100.3/32")
	held(1024, 1024)

	// Where peers that shared a guard have two, and where two come to share one, a session goes to another profile.
	grant(5, granted("web"), granted(), 1028)
	held(1028, 1024)
	grant(6, granted(), granted(), 1028)
	held(1024, 1024)
}

func TestGuard(t *testing.T) {
	owned := func(owner string, a rib.Attributes, prefixes ...string) *rib.Announcement {
		x := announcement("a", a, prefixes...)
		x.Owner = owner
		return x
	}
	six := func() *rib.Guard { return shop(func(g *rib.Guard) { g.Families = []wire.Family{wire.IPv6Unicast} }) }
	for _, test := range []struct {
		name         string
		guard        *rib.Guard
		announcement *rib.Announcement
		routes       int
	}{
		{"no guard", nil, owned("shop", none, "0.0.0.0/0", "2001:db8::/32"), 2},
		{"granted", shop(), owned("shop", rib.Attributes{MED: ptr(uint32(1))}, "203.0.113.0/24", "203.0.113.0/30 32"), 5},
		{"too long", shop(func(g *rib.Guard) { g.Grants["shop"][0].MaxLength = 28 }), owned("shop", none, "203.0.113.0/30 32"), 0},
		{"another prefix", shop(), owned("shop", none, "203.0.112.0/24"), 0},
		{"larger prefix", shop(), owned("shop", none, "203.0.112.0/23"), 0},
		{"another owner", shop(), owned("web", none, "203.0.113.0/24"), 0},
		{"trusted", shop(), owned("platform", rib.Attributes{ASPath: []uint32{1}}, "10.0.0.0/8"), 1},
		{"all trusted", shop(func(g *rib.Guard) { g.TrustAll = true }), owned("web", none, "10.0.0.0/8"), 1},
		{"default route", shop(), owned("platform", none, "0.0.0.0/0"), 0},
		{"default route permitted", shop(func(g *rib.Guard) { g.DefaultRoute = true }), owned("platform", none, "0.0.0.0/0"), 1},
		{"halves of the default route", shop(), owned("platform", none, "128.0.0.0/1", "0.0.0.0/1"), 0},
		{"a half of it, and another", shop(), owned("platform", none, "128.0.0.0/1", "10.0.0.0/8"), 0},
		{"the largest that is none", shop(), owned("platform", none, "11.0.0.0/8"), 1},
		{"a prefix that is larger", shop(), owned("platform", none, "10.0.0.0/7"), 0},
		{"subnets of the default route", shop(), owned("platform", none, "0.0.0.0/0 8"), 0},
		{"its subnets beside a prefix", shop(), owned("platform", none, "10.0.0.0/8", "128.0.0.0/2 9"), 0},
		{"halves permitted", shop(func(g *rib.Guard) { g.DefaultRoute = true }), owned("platform", none, "128.0.0.0/1", "0.0.0.0/1"), 2},
		{"IPv6 halves", six(), owned("platform", none, "::/1", "8000::/1"), 0},
		{"all global unicast of IPv6", six(), owned("platform", none, "2000::/3"), 0},
		{"its subnets", six(), owned("platform", none, "2000::/3 9"), 0},
		{"the largest of IPv6 that is none", six(), owned("platform", none, "fd00::/8"), 1},
		{"another family", shop(), owned("platform", none, "2001:db8::/32"), 0},
		{"next hop", shop(), owned("shop", rib.Attributes{NextHop4: addr("192.0.2.9")}, "203.0.113.0/24"), 0},
		{"AS path", shop(), owned("shop", rib.Attributes{ASPath: []uint32{1}}, "203.0.113.0/24"), 0},
		{"LOCAL_PREF", shop(), owned("shop", rib.Attributes{LocalPref: ptr(uint32(1))}, "203.0.113.0/24"), 0},
		{"raw", shop(), owned("shop", rib.Attributes{Raw: []wire.RawAttribute{{Type: 200, Flags: 0xc0}}}, "203.0.113.0/24"), 0},
		{"raw permitted", shop(func(g *rib.Guard) { g.Grants["shop"][0].Raw = true }),
			owned("shop", rib.Attributes{Raw: []wire.RawAttribute{{Type: 200, Flags: 0xc0}}}, "203.0.113.0/24"), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := rib.New()
			a := test.announcement
			table.Update(rib.NewList(a), map[string]rib.Export{"tor": {Announcements: rib.NewList(a), Guard: test.guard}})
			p := attach(t, table, "tor", external())
			p.drain()
			if len(p.routes) != test.routes {
				t.Errorf("the peer holds %v, want %d routes", p.routes, test.routes)
			}
			w := p.out.Report().Withheld
			if refused := len(w) > 0 && w[0].Reason == rib.ReasonGuardRefused; refused != (test.routes == 0) {
				t.Errorf("withheld %+v", w)
			}
		})
	}
}

// TestGuardJudgesWhatChanges: prefixes and an owner that come to an announcement are judged as those that it had.
func TestGuardJudgesWhatChanges(t *testing.T) {
	of := func(owner string, prefixes ...string) *rib.Announcement {
		a := announcement("a", none, prefixes...)
		a.Owner = owner
		return a
	}
	guard := &rib.Guard{Families: external().Families, Counted: external().Families, MaxPrefixes: 100, Grants: map[string][]rib.Grant{
		"shop": {{Prefix: netip.MustParsePrefix("203.0.113.0/24"), MaxLength: 32}},
	}}
	table := rib.New()
	p := attach(t, table, "tor", external())
	for _, step := range []struct {
		announcement *rib.Announcement
		routes       int
	}{
		{of("shop", "203.0.113.0/25"), 1},
		{of("shop", "203.0.113.0/25", "203.0.113.128/25"), 2},
		{of("shop", "203.0.113.0/25", "198.51.100.0/24"), 0},
		{of("shop", "203.0.113.0/25"), 1},
		{of("billing", "203.0.113.0/25"), 0},
		{of("shop", "203.0.113.0/25"), 1},
	} {
		list := rib.NewList(step.announcement)
		table.Update(list, map[string]rib.Export{"tor": {Announcements: list, Guard: guard}})
		p.drain()
		refused := len(p.out.Report().Withheld) > 0
		if len(p.routes) != step.routes || refused != (step.routes == 0) {
			t.Errorf("%s announces %v: the peer holds %v, refused %v", step.announcement.Owner,
				slices.Collect(step.announcement.Prefixes.All()), p.prefixes(), refused)
		}
		if err := table.Check(); err != nil {
			t.Error(err)
		}
	}
}

// TestGuardJudgesWhatNobodyWasTold: an announcement changes before the session has asked for the verdict on it. The verdict is on the
// announcement as it is now.
func TestGuardJudgesWhatNobodyWasTold(t *testing.T) {
	of := func(owner, prefix string) *rib.Announcement {
		a := announcement("a", none, prefix)
		a.Owner = owner
		return a
	}
	guard := &rib.Guard{
		Families: []wire.Family{wire.IPv4Unicast}, MaxPrefixes: 10, Counted: []wire.Family{wire.IPv4Unicast}, Trusted: []string{"infra"},
	}
	for name, change := range map[string][]*rib.Announcement{
		"refused now":   {of("infra", "10.0.0.0/24"), of("shop", "10.0.1.0/24")},
		"permitted now": {of("shop", "10.0.0.0/24"), of("infra", "10.0.1.0/24")},
	} {
		t.Run(name, func(t *testing.T) {
			table := rib.New()
			p := attach(t, table, "tor", external())
			p.drain()
			for _, a := range change {
				list := rib.NewList(a)
				table.Update(list, map[string]rib.Export{"tor": {Announcements: list, Guard: guard}})
			}
			p.drain()
			want := 0
			if change[1].Owner == "infra" {
				want = 1
			}
			if len(p.routes) != want || len(p.out.Report().Withheld) != 1-want {
				t.Errorf("the peer holds %v, withheld %+v", p.prefixes(), p.out.Report().Withheld)
			}
		})
	}
}

// TestGuardBound: what would take a session over the limit is refused whole, older ones stay, and it comes when there is room.
func TestGuardBound(t *testing.T) {
	table := rib.New()
	guard := &rib.Guard{Families: []wire.Family{wire.IPv4Unicast}, TrustAll: true, MaxPrefixes: 5, Counted: []wire.Family{wire.IPv4Unicast}}
	a, b, c := announcement("a", none, "10.0.0.0/30 32"), announcement("b", none, "10.0.1.0/31 32"), announcement("c", none, "10.0.2.0/24")
	export := func(list ...*rib.Announcement) {
		table.Update(rib.NewList(list...), map[string]rib.Export{"tor": {Announcements: rib.NewList(list...), Guard: guard}})
	}
	p := attach(t, table, "tor", external())
	export(a, b, c)
	p.drain()
	if w := p.out.Report().Withheld; len(p.routes) != 5 || len(w) != 1 || w[0].Announcement != b || w[0].Reason != rib.ReasonGuardRefused {
		t.Errorf("%d routes, withheld %+v, want the second alone", len(p.routes), w)
	}
	export(b, c)
	p.drain()
	if w := p.out.Report().Withheld; len(p.routes) != 3 || len(w) != 0 {
		t.Errorf("%d routes, withheld %+v, want all of both", len(p.routes), w)
	}
	guard = &rib.Guard{Families: guard.Families, TrustAll: true, MaxPrefixes: 1, Counted: guard.Counted}
	export(b, c)
	p.drain()
	if len(p.routes) != 1 {
		t.Errorf("%d routes after the limit was lowered, want one", len(p.routes))
	}
}
