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

// TestHistories runs random histories of exports, batches, refreshes and
// sessions against a peer that keeps what it decodes. At rest, and whenever a
// report says so, its routes are those of the model.
func TestHistories(t *testing.T) {
	fixed, random := uint64(20260101), rand.Uint64()
	n := 200
	if testing.Short() {
		n = 20
	}
	for _, seed := range []uint64{fixed, random} {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Logf("seed %d", seed)
			for i := range uint64(n) {
				newHistory(t, rand.New(rand.NewPCG(seed, i))).run()
				if t.Failed() {
					t.Fatalf("history %d of seed %d failed", i, seed)
				}
			}
		})
	}
}

// history is a table with a few sessions and the exports that it was given.
type history struct {
	t        *testing.T
	rnd      *rand.Rand
	table    *rib.Table
	exports  []map[string]rib.Export // tokens are indexes into it
	sessions []*session
}

// session is a peer under test and the batch that is on its way to it.
type session struct {
	*peer
	name  string
	batch []byte
	token any // of the last report
	ended bool
}

func newHistory(t *testing.T, rnd *rand.Rand) *history {
	h := &history{t: t, rnd: rnd, table: rib.New()}
	h.update()
	return h
}

func (h *history) run() {
	for range 60 {
		switch op := h.rnd.IntN(20); {
		case op < 5:
			h.update()
		case op < 7 && len(h.sessions) < 4:
			h.attach()
		case len(h.sessions) == 0:
			continue
		default:
			h.touch(h.sessions[h.rnd.IntN(len(h.sessions))], op)
		}
	}
	for _, s := range h.sessions {
		h.settle(s)
	}
}

// touch does something with a session.
func (h *history) touch(s *session, op int) {
	switch {
	case op < 14 && s.batch == nil:
		s.batch = s.out.Next(nil, 1+h.rnd.IntN(400))
		h.checkReport(s)
	case op < 16:
		h.deliver(s)
	case op < 18:
		s.out.Refresh(s.params.Families[h.rnd.IntN(len(s.params.Families))])
	case op == 18 && h.rnd.IntN(10) == 0:
		s.out.WithdrawAll()
		s.ended = true
	case op == 19 && h.rnd.IntN(5) == 0:
		s.out.Detach()
		h.sessions = slices.DeleteFunc(h.sessions, func(o *session) bool { return o == s })
	}
}

// deliver hands the batch that is on its way to the peer.
func (h *history) deliver(s *session) {
	if s.batch == nil {
		return
	}
	s.receive(s.batch)
	s.batch = nil
	s.out.Written()
	h.checkReport(s)
}

// settle delivers all there is and checks what must hold at rest.
func (h *history) settle(s *session) {
	h.deliver(s)
	s.drain()
	h.checkReport(s)
	e := h.exports[len(h.exports)-1][s.name]
	if s.ended {
		e = rib.Export{}
	}
	h.compare(s, e)
	for _, f := range s.params.Families {
		if s.ends[f] != 1 {
			h.t.Errorf("%s: %d End-of-RIBs for %v, want 1", s.name, s.ends[f], f)
		}
	}
	if !s.out.Drained() {
		h.t.Errorf("%s: not drained at rest", s.name)
	}
	if got := s.out.Report().Token; got != e.Token {
		h.t.Errorf("%s: token %v at rest, want %v", s.name, got, e.Token)
	}
	routes := make(map[netip.Prefix]uint32)
	s.out.Routes(func(r rib.Route) bool { routes[r.Prefix] = r.Attributes.MED; return true })
	for prefix, r := range s.routes {
		if med, ok := routes[prefix]; !ok || med != r.med {
			h.t.Errorf("%s: Routes says %v %v for %v, the peer %v", s.name, ok, med, prefix, r.med)
		}
	}
}

// checkReport holds a new report against the peer's routes at this moment.
func (h *history) checkReport(s *session) {
	r := s.out.Report()
	if r.Token == s.token || r.Token == nil {
		return
	}
	if s.token != nil && r.Token.(int) < s.token.(int) {
		h.t.Errorf("%s: token %v after %v", s.name, r.Token, s.token)
	}
	s.token = r.Token
	e := h.exports[r.Token.(int)][s.name]
	h.compare(s, e)
	withheld, announced := 0, 0
	for _, w := range r.Withheld {
		withheld += w.Prefixes
	}
	for _, c := range r.Announced {
		announced += c.Routes
	}
	if total := listed(e); withheld+announced != total || announced != len(s.routes) {
		h.t.Errorf("%s: %d announced and %d withheld of %d prefixes, the peer holds %d",
			s.name, announced, withheld, total, len(s.routes))
	}
}

// compare holds the peer's routes against the model.
func (h *history) compare(s *session, e rib.Export) {
	got := make(map[netip.Prefix]uint32)
	for prefix, r := range s.routes {
		got[prefix] = r.med
	}
	if want := model(e, s.params.Families); !maps.Equal(got, want) {
		h.t.Errorf("%s: peer holds %v, want %v", s.name, got, want)
	}
}

// model says which routes an export yields: the first announcement that can
// send a prefix does. The MED stands for all attributes.
func model(e rib.Export, families []wire.Family) map[netip.Prefix]uint32 {
	routes := make(map[netip.Prefix]uint32)
	for _, a := range e.Announcements {
		for prefix := range subnets(a) {
			ipv6 := prefix.Addr().Is6()
			sendable := len(a.Attributes.Communities) < 2000 && !(ipv6 && a.Attributes.NextHop6.IsMulticast()) &&
				slices.ContainsFunc(families, func(f wire.Family) bool { return ipv6 == (f == wire.IPv6Unicast) })
			if _, taken := routes[prefix]; sendable && !taken {
				routes[prefix] = *a.Attributes.MED
			}
		}
	}
	return routes
}

// listed counts the prefixes of an export, each as often as it is listed by
// different announcements.
func listed(e rib.Export) int {
	n := 0
	for _, a := range e.Announcements {
		n += len(subnets(a))
	}
	return n
}

// subnets expands the prefixes of an announcement.
func subnets(a *rib.Announcement) map[netip.Prefix]bool {
	set := make(map[netip.Prefix]bool)
	for _, r := range a.Prefixes {
		prefix := netip.PrefixFrom(r.Prefix.Addr(), r.Length)
		for r.Prefix.Contains(prefix.Addr()) {
			set[prefix] = true
			if prefix.Bits() != prefix.Addr().BitLen() {
				break // the histories deaggregate into host routes alone
			}
			prefix = netip.PrefixFrom(prefix.Addr().Next(), prefix.Bits())
		}
	}
	return set
}

// update replaces the exports: of each peer some announcements go, come or
// change, and others are the same or equal values.
func (h *history) update() {
	token := len(h.exports)
	next := make(map[string]rib.Export)
	for _, name := range []string{"a", "b"} {
		if h.rnd.IntN(12) == 0 {
			continue
		}
		var list []*rib.Announcement
		if token > 0 {
			list = slices.Clone(h.exports[token-1][name].Announcements)
		}
		for range h.rnd.IntN(4) {
			list = h.change(list)
		}
		next[name] = rib.Export{Announcements: list, Token: token}
	}
	h.exports = append(h.exports, next)
	h.table.Update(next)
}

// change makes one change to a list of announcements.
func (h *history) change(list []*rib.Announcement) []*rib.Announcement {
	if len(list) == 0 || h.rnd.IntN(3) == 0 && len(list) < 8 {
		a := h.announcement(fmt.Sprint(h.rnd.IntN(1000)))
		if slices.ContainsFunc(list, func(o *rib.Announcement) bool { return o.ID == a.ID }) {
			return list
		}
		return slices.Insert(list, h.rnd.IntN(len(list)+1), a)
	}
	i := h.rnd.IntN(len(list))
	switch h.rnd.IntN(4) {
	case 0:
		return slices.Delete(list, i, i+1)
	case 1:
		list[i] = h.announcement(list[i].ID)
	case 2:
		same := *list[i]
		list[i] = &same
	default:
		h.rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return list
}

// announcement returns a random one: few prefixes, so that conflicts abound, in
// distinct blocks, so that none lists a prefix twice; now and then one that
// cannot be sent.
func (h *history) announcement(id string) *rib.Announcement {
	a := rib.Attributes{MED: ptr(h.rnd.Uint32N(4))}
	switch h.rnd.IntN(10) {
	case 0:
		a.Communities = make([]wire.Community, 2000)
		for i := range a.Communities {
			a.Communities[i] = wire.Community(i)
		}
	case 1:
		a.NextHop6 = addr("ff02::1")
	case 2:
		// Long enough to have several messages for a few prefixes.
		a.Communities = make([]wire.Community, 990)
		for i := range a.Communities {
			a.Communities[i] = wire.Community(i)
		}
	}
	var prefixes []string
	for _, p := range []string{
		"10.0.0.0/24", "10.0.1.0/28 32", "10.0.2.0/26 32", "10.0.0.0/8", "0.0.0.0/0",
		"2001:db8::/32", "2001:db8:1::/124 128", "::/0",
	} {
		if h.rnd.IntN(3) == 0 {
			prefixes = append(prefixes, p)
		}
	}
	return announcement(id, a, prefixes...)
}

func (h *history) attach() {
	p := external()
	p.External = h.rnd.IntN(2) == 0
	p.AS4 = h.rnd.IntN(2) == 0
	h.rnd.Shuffle(2, func(i, j int) { p.Families[i], p.Families[j] = p.Families[j], p.Families[i] })
	p.Families = p.Families[:1+h.rnd.IntN(2)]
	name := []string{"a", "b"}[h.rnd.IntN(2)]
	h.sessions = append(h.sessions, &session{peer: attach(h.t, h.table, name, p), name: name})
}
