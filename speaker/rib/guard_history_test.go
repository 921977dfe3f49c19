// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// guarded is a random history of announcements, exports and guards.
type guarded struct {
	rnd     *rand.Rand
	made    int
	current []*rib.Announcement
	all     *rib.List
	exports map[string]rib.Export
}

// TestGuardHistories: after any updates, of which a session may miss some, its peer holds and its report says what a new table has.
func TestGuardHistories(t *testing.T) {
	for seed := range histories(t) {
		h := &guarded{rnd: rand.New(rand.NewPCG(seed, 1)), exports: map[string]rib.Export{}}
		params := map[string]rib.Params{"both": external(), "paths": external(), "four": external()}
		four, paths := params["four"], params["paths"]
		four.Families, paths.AddPath = []wire.Family{wire.IPv4Unicast}, []wire.Family{wire.IPv4Unicast}
		params["four"], params["paths"] = four, paths
		table := rib.New()
		sessions := map[string]*peer{}
		for _, name := range slices.Sorted(maps.Keys(params)) {
			sessions[name] = attach(t, table, name, params[name])
			sessions[name].lenient = true
		}
		for step := range 12 {
			for _, name := range slices.Sorted(maps.Keys(params)) {
				h.export(name, step)
			}
			h.change()
			h.grant()
			fresh := rib.New()
			for _, updated := range []*rib.Table{table, fresh} {
				if err := updated.Update(h.all, h.exports); err != nil {
					t.Fatal(err)
				}
			}
			if err := table.Check(); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
			for name, p := range sessions {
				if h.rnd.IntN(3) == 0 {
					continue
				}
				p.drain()
				q := attach(t, fresh, name, params[name])
				q.drain()
				if got, want := held(p), held(q); got != want {
					t.Fatalf("seed %d, step %d, %s has\n%s\nwant\n%s", seed, step, name, got, want)
				}
			}
		}
	}
}

// held says what a peer holds and what the session reports.
func held(p *peer) string {
	var lines []string
	for path, r := range p.paths {
		lines = append(lines, fmt.Sprint(path, " med ", r.med))
	}
	slices.Sort(lines)
	r := p.out.Report()
	for _, w := range withheld(p.out) {
		lines = append(lines, fmt.Sprint(w.Announcement.ID, " ", w.Reason, " ", w.Prefixes, " ", w.Example, " ", w.Winner))
	}
	return fmt.Sprint(lines, r.Announced, r.Token)
}

// change makes another set of announcements.
func (h *guarded) change() {
	for range 1 + h.rnd.IntN(2) {
		n := len(h.current)
		switch at := h.rnd.IntN(max(n, 1)); {
		case n == 0 || n < 6 && h.rnd.IntN(3) == 0:
			h.made++
			h.current = append(h.current, h.announcement(fmt.Sprint("a", h.made)))
		case h.rnd.IntN(3) == 0:
			h.current = slices.Delete(h.current, at, at+1)
		default:
			a := h.announcement(h.current[at].ID)
			if h.rnd.IntN(2) == 0 {
				a.Prefixes = h.current[at].Prefixes
			}
			if h.rnd.IntN(2) == 0 {
				a.Attributes = h.current[at].Attributes
			}
			h.current[at] = a
		}
	}
	h.all = h.all.Replace(h.current...)
	for _, name := range slices.Sorted(maps.Keys(h.exports)) {
		e := h.exports[name]
		some := slices.DeleteFunc(slices.Clone(h.current), func(*rib.Announcement) bool { return h.rnd.IntN(4) == 0 })
		e.Announcements = e.Announcements.Replace(some...)
		h.exports[name] = e
	}
}

// export changes an export, but for its announcements.
func (h *guarded) export(name string, token int) {
	e := h.exports[name]
	e.Token = token
	if h.rnd.IntN(6) == 0 {
		e.Defaults.MED = ptr(h.rnd.Uint32N(2))
	}
	switch h.rnd.IntN(9) {
	case 0:
		e.Guard = nil
	case 3: // the guard of another peer: both may have one profile
		e.Guard = h.exports["both"].Guard
	case 1, 2:
		families := []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
		owned := rib.Grant{Prefix: netip.MustParsePrefix("10.0.0.0/15"), MaxLength: 24, NextHop: h.rnd.IntN(2) == 0}
		e.Guard = &rib.Guard{
			Families: families[:1+h.rnd.IntN(2)], Counted: families[:1+h.rnd.IntN(2)], MaxPrefixes: 1 + h.rnd.IntN(20),
			DefaultRoute: h.rnd.IntN(2) == 0, Trusted: []string{"o0"}, Grants: map[string][]rib.Grant{"o1": {owned}},
		}
	}
	h.exports[name] = e
}

// grant grants an owner something else, at some peers. Peers of equal guards may have others then.
func (h *guarded) grant() {
	if h.rnd.IntN(2) == 0 {
		return
	}
	owner, grants := fmt.Sprint("o", 1+h.rnd.IntN(2)), []rib.Grant(nil)
	for range h.rnd.IntN(3) {
		grants = append(grants, rib.Grant{
			Prefix: netip.MustParsePrefix([]string{"10.0.0.0/15", "10.2.0.0/16", "2001:db8::/32"}[h.rnd.IntN(3)]), MaxLength: 18 + 30*h.rnd.IntN(2),
			NextHop: h.rnd.IntN(2) == 0,
		})
	}
	all := h.rnd.IntN(2) == 0
	for _, name := range slices.Sorted(maps.Keys(h.exports)) {
		e := h.exports[name]
		if e.Guard == nil || !all && h.rnd.IntN(2) == 0 {
			continue
		}
		other := *e.Guard
		if other.Grants = maps.Clone(other.Grants); grants == nil {
			delete(other.Grants, owner)
		} else {
			other.Grants[owner] = grants
		}
		e.Guard = &other
		h.exports[name] = e
	}
}

func (h *guarded) announcement(id string) *rib.Announcement {
	var list []string
	for range 1 + h.rnd.IntN(3) {
		n := h.rnd.IntN(3)
		list = append(list, []string{
			fmt.Sprintf("10.%d.0.0/%d", n, 16+h.rnd.IntN(3)), fmt.Sprintf("10.%d.0.0/16 18", n), fmt.Sprintf("10.%d.64.0/18", n),
			fmt.Sprintf("2001:db8:%d::/48", n), "0.0.0.0/0",
		}[h.rnd.IntN(5)])
	}
	attributes := []rib.Attributes{
		{}, {MED: ptr(uint32(0))}, {MED: ptr(uint32(1))}, {NextHop4: addr("192.0.2.77")}, {NextHop4: external().PeerAddress},
	}[h.rnd.IntN(5)]
	a := announcement(id, attributes, list...)
	a.Owner, a.Age, a.PathID = fmt.Sprint("o", h.rnd.IntN(3)), int64(h.rnd.IntN(3)), h.rnd.Uint32N(2)
	return a
}
