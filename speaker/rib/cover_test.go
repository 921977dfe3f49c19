// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// TestCoverFirst: what covers a withdrawn prefix, or a part of it, goes out before the withdrawal; all other withdrawals are first.
func TestCoverFirst(t *testing.T) {
	med := func(m uint32) rib.Attributes { return rib.Attributes{MED: &m} }
	for _, test := range []struct {
		name          string
		before, after []*rib.Announcement
		want          []string
	}{
		{
			"halves", []*rib.Announcement{announcement("a", none, "10.0.0.0/24", "10.9.0.0/24")},
			[]*rib.Announcement{announcement("a", none, "10.0.0.0/24 25", "10.8.0.0/24")},
			[]string{"withdraw 10.9.0.0/24", "announce 10.0.0.0/25 10.0.0.128/25", "withdraw 10.0.0.0/24", "announce 10.8.0.0/24"},
		},
		{
			"whole", []*rib.Announcement{announcement("a", none, "2001:db8::/32 33", "2001:db9::/32")},
			[]*rib.Announcement{announcement("b", none, "2001:db8::/32", "2001:dba::/32")},
			[]string{"withdraw 2001:db9::/32", "announce 2001:db8::/32", "withdraw 2001:db8::/33 2001:db8:8000::/33", "announce 2001:dba::/32"},
		},
		{
			"a part alone", []*rib.Announcement{announcement("a", none, "10.0.0.0/8")},
			[]*rib.Announcement{announcement("a", none, "10.9.9.9/32")},
			[]string{"announce 10.9.9.9/32", "withdraw 10.0.0.0/8"},
		},
		{
			"nested, with attributes of their own",
			[]*rib.Announcement{announcement("a", none, "10.0.0.0/8"), announcement("b", none, "10.1.0.0/24")},
			[]*rib.Announcement{announcement("c", med(2), "10.1.0.0/16", "11.0.0.0/8"), announcement("d", med(1), "10.1.0.0/32")},
			[]string{"announce 10.1.0.0/16", "announce 10.1.0.0/32", "withdraw 10.0.0.0/8 10.1.0.0/24", "announce 11.0.0.0/8"},
		},
		{
			"what a longer one holds until then", []*rib.Announcement{announcement("a", none, "10.0.0.0/8"), announcement("b", none, "10.1.0.0/24")},
			[]*rib.Announcement{announcement("c", none, "10.1.0.0/25")},
			[]string{"withdraw 10.0.0.0/8", "announce 10.1.0.0/25", "withdraw 10.1.0.0/24"},
		},
		{
			"what is replaced covers already", []*rib.Announcement{announcement("a", none, "10.0.0.0/8", "10.1.0.0/16")},
			[]*rib.Announcement{announcement("a", med(5), "10.0.0.0/8")},
			[]string{"withdraw 10.1.0.0/16", "announce 10.0.0.0/8"},
		},
		{
			"neighbours cover nothing", []*rib.Announcement{announcement("a", none, "10.0.2.0/24")},
			[]*rib.Announcement{announcement("a", none, "10.0.0.0/23", "10.0.3.0/24")},
			[]string{"withdraw 10.0.2.0/24", "announce 10.0.0.0/23 10.0.3.0/24"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := rib.New()
			update(table, export(1, test.before...))
			p := attach(t, table, "tor", external())
			p.lines()
			update(table, export(2, test.after...))
			p.expect(test.want...)
		})
	}
}

// TestCoverWithAnotherPath: a route with another path identifier goes out before the one that it stands for.
func TestCoverWithAnotherPath(t *testing.T) {
	table, a := rib.New(), announcement("a", none, "10.0.0.0/24")
	b := *a
	b.PathID = 7
	params := external()
	params.AddPath = params.Families
	update(table, export(1, a))
	p := attach(t, table, "tor", params)
	p.lines()
	update(table, export(2, &b))
	p.expect("announce 10.0.0.0/24", "withdraw 10.0.0.0/24")
}

// TestCoverWithinLimit: a neighbour holds no more than the guard lets it, covered or not.
func TestCoverWithinLimit(t *testing.T) {
	both := []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	for _, test := range []struct {
		limit int
		want  []string
	}{
		{3, []string{"announce 10.0.0.0/25 10.0.0.128/25", "withdraw 10.0.0.0/24"}},
		{2, []string{"withdraw 10.0.0.0/24", "announce 10.0.0.0/25 10.0.0.128/25"}},
	} {
		t.Run(fmt.Sprint(test.limit), func(t *testing.T) {
			table := rib.New()
			up := func(a *rib.Announcement) {
				update(table, map[string]rib.Export{"tor": {Announcements: rib.NewList(a), Guard: &rib.Guard{
					Families: both, Counted: both, MaxPrefixes: test.limit, TrustAll: true,
				}}})
			}
			up(announcement("a", none, "10.0.0.0/24"))
			p := attach(t, table, "tor", external())
			p.lines()
			up(announcement("a", none, "10.0.0.0/24 25"))
			p.expect(test.want...)
		})
	}
}

// TestCoverAtAnySize: one prefix becomes more subnets than a scan collects, for sessions that are told in every way.
func TestCoverAtAnySize(t *testing.T) {
	whole, parts := announcement("a", none, "10.0.0.0/15"), announcement("a", rib.Attributes{MED: ptr(uint32(1))}, "10.0.0.0/15 32")
	for name, rate := range map[string]int{"paced": 50, "not paced": 0} {
		for _, turn := range [][2]*rib.Announcement{{whole, parts}, {parts, whole}} {
			t.Run(fmt.Sprint(name, " to ", turn[1].Prefixes.First()), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					table := rib.New()
					up := func(list ...*rib.Announcement) {
						table.Update(rib.NewList(list...), map[string]rib.Export{"tor": {Announcements: rib.NewList(list...), RatePerSecond: rate}})
					}
					up(turn[0])
					p := attach(t, table, "tor", external())
					defer p.out.Detach()
					p.follow(time.Hour)
					held := len(p.routes)
					up(turn[1])
					p.log = nil
					p.follow(time.Hour)
					announced := 0
					for _, m := range p.log {
						if m.kind == "announce" {
							announced += len(m.prefixes)
						} else if want := 1<<17 + 1 - held; announced < want {
							t.Fatalf("a withdrawal after %d of %d announcements", announced, want)
						}
					}
					if want := 1<<17 + 1 - held; len(p.routes) != want {
						t.Errorf("the peer holds %d routes, want %d", len(p.routes), want)
					}
				})
			})
		}
	}
}

// coverage is the addresses of 10.0.0.0/28 that a session has routes for.
type coverage uint16

func coverageOf(prefixes ...netip.Prefix) (c coverage) {
	for _, prefix := range prefixes {
		for i := range 16 {
			if prefix.Contains(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})) {
				c |= 1 << i
			}
		}
	}
	return c
}

// covering is a history in which announcements split, merge and move prefixes.
type covering struct {
	t       *testing.T
	rnd     *rand.Rand
	table   *rib.Table
	step    int
	limit   int // of prefixes; 0 for none
	rates   []int
	list    []*rib.Announcement
	peers   []*peer
	batches [][]byte
	// safe are the addresses that were covered when the session was last at rest, and ever since.
	safe []coverage
	log  []string
}

// TestNoAddressIsUncovered: whatever becomes of prefixes, and however sessions are told, an address that has a route before
// and after has one all the time. Where a guard limits the number of routes no session holds more at any time.
func TestNoAddressIsUncovered(t *testing.T) {
	history := func(seed, i uint64) {
		synctest.Test(t, func(t *testing.T) {
			c := &covering{t: t, rnd: rand.New(rand.NewPCG(seed, i)), step: 1 + int(i%4), table: rib.New()}
			if c.run(40); t.Failed() { // the test ends with a bubble that failed
				t.Fatalf("seed %d, history %d:\n%s", seed, i, strings.Join(c.log, "\n"))
			}
		})
	}
	history(1749042866733527960, 622) // failed once
	seed := rand.Uint64()
	for i := range uint64(1000) {
		history(seed, i)
	}
}

func (c *covering) logf(f string, a ...any) { c.log = append(c.log, fmt.Sprintf(f, a...)) }

func (c *covering) run(steps int) {
	pick := func(v ...int) int { return v[c.rnd.IntN(len(v))] }
	l := rib.Limits{
		Lag: int64(pick(1, 100, 4<<20)), Record: pick(1, 64<<10), Ring: uint64(pick(1, 1000)), Scan: pick(1, 3, 10, 1000), Walk: 2 << 20, Step: c.step,
		Marks: pick(0, 5, 1<<20), Graves: 1 << 20, Patience: time.Hour,
	}
	c.limit = pick(0, 0, 12, 16)
	c.rates = []int{pick(0, 1, 3), 0}
	if slices.Max(c.rates) > 0 { // else withdrawals of which too little is known go ahead of what covers them
		l.Ring, l.Scan = 1000, 1000
	}
	c.table.SetLimits(l)
	c.logf("limits %+v, %d prefixes, rates %v", l, c.limit, c.rates)
	c.update()
	for i := range 3 {
		p := external()
		p.MaxLen = 70 + c.rnd.IntN(20)
		if i == 2 {
			p.AddPath = p.Families
		}
		s := attach(c.t, c.table, fmt.Sprint(i%2), p)
		s.lenient = true
		s.after = func() { c.check(i) }
		c.peers, c.batches, c.safe = append(c.peers, s), append(c.batches, nil), append(c.safe, 0)
	}
	for range steps {
		i := c.rnd.IntN(len(c.peers))
		switch p := c.peers[i]; c.rnd.IntN(8) {
		case 0, 1:
			c.update()
		case 2:
			c.logf("settle %d", i)
			c.deliver(i)
			p.follow(24 * time.Hour)
			c.rest(i)
		case 3:
			c.logf("refresh %d", i)
			p.out.Refresh(wire.IPv4Unicast, c.rnd.IntN(2) == 0)
		case 4:
			time.Sleep(time.Second)
		default:
			if c.batches[i] == nil {
				c.batches[i] = p.out.Next(nil, 1+c.rnd.IntN(200))
				c.logf("next %d: %d octets", i, len(c.batches[i]))
			} else {
				c.deliver(i)
			}
		}
		if err := c.table.Check(); err != nil {
			c.t.Errorf("invariant: %v", err)
		}
		if c.t.Failed() {
			break
		}
	}
	for _, p := range c.peers {
		p.out.Detach()
	}
}

// update splits, merges and moves prefixes between announcements.
func (c *covering) update() {
	c.list = slices.Clone(c.list)
	for range 1 + c.rnd.IntN(3) {
		if len(c.list) < 4 {
			c.list = append(c.list, &rib.Announcement{ID: fmt.Sprint(c.rnd.Uint32()), Name: "test/a"})
		}
		i := c.rnd.IntN(len(c.list))
		a := announcement(c.list[i].ID, rib.Attributes{MED: ptr(c.rnd.Uint32N(3))}, c.prefixes()...)
		a.PathID = c.rnd.Uint32N(2)
		c.list[i] = a
		if c.rnd.IntN(5) == 0 {
			c.list = slices.Delete(c.list, i, i+1)
		}
	}
	exports := map[string]rib.Export{}
	for i, rate := range c.rates {
		e := rib.Export{Announcements: rib.NewList(c.list...), RatePerSecond: rate}
		if c.limit > 0 {
			four := []wire.Family{wire.IPv4Unicast}
			e.Guard = &rib.Guard{Families: four, Counted: four, MaxPrefixes: c.limit, TrustAll: true, DefaultRoute: true}
		}
		exports[fmt.Sprint(i)] = e
	}
	c.table.Update(rib.NewList(c.list...), exports)
	var prefixes []netip.Prefix
	for _, a := range c.list {
		for prefix := range expandAll(a) {
			prefixes = append(prefixes, prefix)
		}
	}
	for i := range c.safe {
		c.safe[i] &= coverageOf(prefixes...)
	}
	c.logf("update %v", prefixes)
}

// prefixes are at most 4 within 10.0.0.0/28 and beside it.
func (c *covering) prefixes() []string {
	var out []string
	for range c.rnd.IntN(3) {
		length := 27 + c.rnd.IntN(6)
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(c.rnd.IntN(20))}), length).Masked()
		if subnets := min(length+1, 32); c.rnd.IntN(2) == 0 {
			out = append(out, fmt.Sprint(prefix, " ", subnets))
		} else {
			out = append(out, prefix.String())
		}
	}
	return out
}

func (c *covering) deliver(i int) {
	if len(c.batches[i]) > 0 {
		c.peers[i].receive(c.batches[i])
		c.peers[i].out.Written()
	}
	c.batches[i] = nil
}

// check is called after each message.
func (c *covering) check(i int) {
	p := c.peers[i]
	last := p.log[len(p.log)-1]
	c.logf("%d receives %v", i, last)
	var held []netip.Prefix
	for path := range p.paths {
		held = append(held, path.Prefix)
	}
	if lost := c.safe[i] &^ coverageOf(held...); c.limit == 0 && lost != 0 {
		c.t.Errorf("session %d has no route for the addresses %016b after %v", i, lost, last)
	}
	if c.limit > 0 && len(p.paths) > c.limit {
		c.t.Errorf("session %d holds %d routes, more than %d", i, len(p.paths), c.limit)
	}
}

// rest is called when a session was told everything.
func (c *covering) rest(i int) {
	c.safe[i] = 0
	for path := range c.peers[i].paths {
		c.safe[i] |= coverageOf(path.Prefix)
	}
}
