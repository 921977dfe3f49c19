// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// TestHistories drives tables through random histories: exports that change, sessions that come, stall, ask for a refresh
// and go. Whenever a report says so, and at rest, each peer holds what a model says; the table's invariants hold after every
// step, and in the end nothing is left.
func TestHistories(t *testing.T) {
	seed := rand.Uint64()
	if s := os.Getenv("HERALD_RIB_SEED"); s != "" {
		if _, err := fmt.Sscan(s, &seed); err != nil {
			t.Fatalf("HERALD_RIB_SEED: %v", err)
		}
	}
	for i := range histories(t) {
		runHistory(t, seed, i)
	}
}

// histories is how many histories a test runs.
func histories(t *testing.T) uint64 {
	n := uint64(300)
	if s := os.Getenv("HERALD_RIB_HISTORIES"); s != "" {
		if _, err := fmt.Sscan(s, &n); err != nil {
			t.Fatalf("HERALD_RIB_HISTORIES: %v", err)
		}
	}
	return n
}

// TestHistoriesThatFailed runs those in which a session once kept a route: a scan left a prefix that several announce to the next
// one, and the tombstone that told of it was reclaimed between the two.
func TestHistoriesThatFailed(t *testing.T) {
	for _, failed := range [][2]uint64{{8247417068948204530, 1691}, {10362454259194761702, 3765}, {7298578595335204199, 3747}} {
		runHistory(t, failed[0], failed[1])
	}
}

func runHistory(t *testing.T, seed, i uint64) {
	synctest.Test(t, func(t *testing.T) {
		h := newHistory(t, rand.New(rand.NewPCG(seed, i)))
		h.rates = map[string]int{}
		h.limit()
		h.update()
		if h.run(80, 6); t.Failed() { // the test ends with a bubble that failed
			t.Fatalf("HERALD_RIB_SEED=%d, history %d:\n%s", seed, i, strings.Join(h.log, "\n"))
		}
	})
}

// history is a table with a few sessions and the exports that it was given.
type history struct {
	t        *testing.T
	rnd      *rand.Rand
	table    *rib.Table
	all      []*rib.Announcement
	lists    map[string]*rib.List // the newest, by peer, that of all under ""
	lent     []lentList
	chosen   map[string]bool // by peer and announcement
	defaults map[string]rib.Attributes
	rates    map[string]int // nil: none is limited
	nodes    map[string]*rib.NodeAddresses
	exports  []map[string]rib.Export // tokens are indexes into it
	applied  *rib.List               // with the newest of them
	sessions []*session
	log      []string
}

func newHistory(t *testing.T, rnd *rand.Rand) *history {
	return &history{
		t: t, rnd: rnd, table: rib.New(), chosen: map[string]bool{}, lists: map[string]*rib.List{},
		defaults: map[string]rib.Attributes{}, nodes: map[string]*rib.NodeAddresses{},
	}
}

// lentList is a list that was published, and what it held then.
type lentList struct {
	list  *rib.List
	holds []*rib.Announcement
}

// list publishes a list of announcements: most often it is an edit of the one before.
func (h *history) list(name string, announcements []*rib.Announcement) *rib.List {
	l := h.lists[name]
	if l == nil || h.rnd.IntN(12) == 0 {
		l = rib.NewListOf(2+h.rnd.IntN(7), announcements...)
	} else {
		e := l.Edit()
		for a := range l.All() {
			if !slices.Contains(announcements, a) {
				e.Delete(a)
			}
		}
		for _, i := range h.rnd.Perm(len(announcements)) {
			e.Put(announcements[i])
		}
		l = e.List()
	}
	h.lists[name] = l
	h.lent = append(h.lent, lentList{l, slices.Collect(l.All())})
	return l
}

// session is a peer under test and the batch that is on its way to it.
type session struct {
	*peer
	name  string
	batch []byte
	token any // of the last report
	ended bool
}

var (
	peerNames     = []string{"a", "b", "c"}
	peerAddresses = []string{"192.0.2.1", "192.0.2.9", "2001:db8::9", "fe80::99"}
)

// limit makes the table's limits small, so that short histories go beyond them.
func (h *history) limit() {
	pick := func(v ...int) int { return v[h.rnd.IntN(len(v))] }
	l := rib.Limits{
		Lag: int64(pick(1, 100, 1000, 4<<20)), Record: pick(1, 200, 64<<10), Ring: uint64(pick(1, 2, 7, 64)),
		Sources: pick(0, 18, 24), Scan: pick(1, 3, 20, 1000), Walk: pick(40, 100, 300, 2<<20), Marks: pick(0, 1, 20, 1<<20, 1<<20), Graves: pick(0, 10, 1<<20), Patience: time.Hour,
	}
	h.table.SetLimits(l)
	h.logf("limits %+v", l)
}

func (h *history) logf(f string, a ...any) { h.log = append(h.log, fmt.Sprintf(f, a...)) }

func (h *history) attach() {
	p := external()
	p.External = h.rnd.IntN(3) > 0
	p.AS4 = h.rnd.IntN(3) > 0
	if h.rnd.IntN(4) == 0 {
		p.MaxLen = wire.MaxExtendedMessageLen
	}
	if h.rnd.IntN(2) == 0 {
		p.MaxLen = 70 + h.rnd.IntN(60)
	}
	p.PeerAddress = addr(peerAddresses[h.rnd.IntN(4)])
	p.LocalAddress = addr(fmt.Sprintf("192.0.2.%d", 100+h.rnd.IntN(3)))
	if h.rnd.IntN(6) == 0 {
		p.LinkLocal = addr("fe80::7")
	}
	if h.rnd.IntN(5) == 0 {
		p.LocalAddress = addr(fmt.Sprintf("2001:db8::%d", 100+h.rnd.IntN(2)))
	}
	p.SharedLink = p.LinkLocal.IsValid() || p.PeerAddress == addr("fe80::99")
	p.ExtendedNextHop, p.LinkLocalNextHop = h.rnd.IntN(3) == 0, h.rnd.IntN(3) == 0
	p.OTC = []uint32{0, 0, 64512}[h.rnd.IntN(3)]
	p.WithholdOTC = h.rnd.IntN(3) == 0
	if h.rnd.IntN(3) == 0 {
		p.AddPath = []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}[:1+h.rnd.IntN(2)]
	}
	h.rnd.Shuffle(2, func(i, j int) { p.Families[i], p.Families[j] = p.Families[j], p.Families[i] })
	p.Families = p.Families[:1+h.rnd.IntN(2)]
	name := peerNames[h.rnd.IntN(3)]
	s := &session{peer: attach(h.t, h.table, name, p), name: name}
	s.lenient = true
	h.sessions = append(h.sessions, s)
	h.logf("attach %s %v ext=%v as4=%v max=%d peer=%v", name, p.Families, p.External, p.AS4, p.MaxLen, p.PeerAddress)
}

func (h *history) update() {
	token := len(h.exports)
	h.logf("update %d", token)
	for range h.rnd.IntN(4) {
		h.change()
	}
	all := h.list("", h.all)
	next := make(map[string]rib.Export)
	for _, name := range peerNames {
		if h.rnd.IntN(15) == 0 {
			h.logf("  no export %s", name)
			continue
		}
		if h.rnd.IntN(10) == 0 {
			d := h.attributes()
			if len(d.Communities) > 1000 {
				d.Communities = nil
			}
			h.defaults[name] = d
			h.logf("  defaults %s %s", name, desc(&d))
		}
		if h.rates != nil && h.rnd.IntN(10) == 0 {
			h.rates[name] = []int{0, 0, 1, 3, 1000}[h.rnd.IntN(5)]
			h.logf("  rate %s %d", name, h.rates[name])
		}
		if h.nodes[name] == nil || h.rnd.IntN(10) == 0 {
			h.nodes[name] = &rib.NodeAddresses{
				Four: []netip.Addr{{}, addr("192.0.2.77"), addr("192.0.2.78")}[h.rnd.IntN(3)],
				Six:  []netip.Addr{{}, addr("2001:db8::2"), addr("2001:db8::3")}[h.rnd.IntN(3)],
			}
			h.logf("  node of %s %v", name, *h.nodes[name])
		}
		e := rib.Export{Token: token, Defaults: h.defaults[name], RatePerSecond: h.rates[name], Node: h.nodes[name]}
		var chosen []*rib.Announcement
		for _, a := range h.all {
			key := name + a.ID
			if name == "c" {
				key = "a" + a.ID // a and c merge and split with their defaults
			}
			if _, known := h.chosen[key]; !known || h.rnd.IntN(20) == 0 {
				h.chosen[key] = h.rnd.IntN(4) > 0
			}
			if h.chosen[key] {
				chosen = append(chosen, a)
			}
		}
		e.Announcements = h.list(name, chosen)
		ids := ""
		for a := range e.Announcements.All() {
			ids += a.ID + " "
		}
		h.logf("  export %s: %s", name, ids)
		next[name] = e
	}
	if token > 0 && h.rnd.IntN(5) == 0 {
		h.logf("  skipped") // a newer one came before the table was told
		return
	}
	h.exports = append(h.exports, next)
	h.applied = all
	if err := h.table.Update(all, next); err != nil {
		h.t.Errorf("%d announcements: %v", len(h.all), err)
	}
	h.sessions = slices.DeleteFunc(h.sessions, func(s *session) bool {
		condemned := poked(s.out.Condemned())
		if condemned { // it held up numbers of sources
			h.logf("condemned %s", s.name)
			s.out.Detach()
		}
		return condemned
	})
}

func (h *history) deliver(s *session) {
	if s.batch == nil {
		return
	}
	s.receive(s.batch)
	s.batch = nil
	s.out.Written()
	h.checkReport(s)
}

func (h *history) settle(s *session) {
	h.deliver(s)
	for s.drain(); !s.out.Drained(); s.drain() {
		<-s.out.Ready() // when its rate allows more
	}
	h.checkReport(s)
	e := h.exports[len(h.exports)-1][s.name]
	if s.ended {
		e = rib.Export{}
	}
	h.compare(s, e, "rest")
	for _, f := range s.params.Families {
		if s.ends[f] != 1 {
			h.t.Errorf("%d End-of-RIBs", s.ends[f])
		}
	}
	if !s.out.Drained() {
		h.t.Errorf("not drained")
	}
	if got := s.out.Report().Token; got != e.Token {
		h.t.Errorf("%s: token %v at rest, want %v", s.name, got, e.Token)
	}
	n := 0
	s.out.Routes(func(r rib.Route) bool {
		n++
		g, ok := s.paths[wire.Path{ID: r.PathID, Prefix: r.NLRI.Prefix}]
		if !ok || g.attributes != describe(r.Attributes) || g.nextHop != r.NextHop {
			h.t.Errorf("Routes says %v", r.NLRI.Prefix)
		}
		return true
	})
	if n != len(s.paths) {
		h.t.Errorf("Routes has %d, peer %d", n, len(s.paths))
	}
}

func (h *history) run(steps, maxSessions int) {
	for range steps {
		switch op := h.rnd.IntN(24); {
		case op < 5:
			h.update()
		case op < 8:
			if len(h.sessions) < maxSessions {
				h.attach()
			}
		case len(h.sessions) == 0:
		default:
			i := h.rnd.IntN(len(h.sessions))
			s := h.sessions[i]
			switch {
			case op < 15 && s.batch == nil:
				s.batch = s.out.Next(nil, 1+h.rnd.IntN(300))
				h.logf("next %d %s: %d", i, s.name, len(s.batch))
				if len(s.batch) == 0 {
					s.batch = nil
				}
				h.checkReport(s)
			case op < 18:
				h.logf("deliver %d", i)
				h.deliver(s)
			case op < 20:
				h.logf("refresh %d", i)
				s.out.Refresh(s.params.Families[h.rnd.IntN(len(s.params.Families))], h.rnd.IntN(2) == 0)
			case op == 20 && h.rnd.IntN(6) == 0:
				h.logf("withdrawall %d", i)
				s.out.WithdrawAll()
				s.ended = true
			case op == 21 && h.rnd.IntN(3) == 0:
				h.logf("detach %d", i)
				s.out.Detach()
				h.sessions = slices.DeleteFunc(h.sessions, func(o *session) bool { return o == s })
			case op == 22:
				h.logf("settle %d", i)
				h.settle(s)
			}
		}
		if err := h.table.Check(); err != nil {
			h.t.Errorf("invariant: %v", err)
		}
		if h.t.Failed() {
			return
		}
	}
	for i, s := range h.sessions {
		h.logf("settle %d", i)
		h.settle(s)
	}
	if h.t.Failed() {
		return
	}
	// All were told: nothing that is dead may stay.
	h.table.Update(h.applied, h.exports[len(h.exports)-1])
	if st := h.table.Stats(); st.Dead > 0 || st.Graves > 0 || st.Sources != h.applied.Len() {
		h.t.Errorf("leak: %+v, %d announcements", st, h.applied.Len())
	}
	h.table.Update(nil, nil)
	for _, s := range h.sessions {
		s.drain()
		if len(s.paths) > 0 {
			h.t.Errorf("%d routes after all went", len(s.paths))
		}
	}
	h.table.Update(nil, nil)
	if st := h.table.Stats(); st.Entries+st.Keys+st.Graves+st.Conflicts+st.Sets+st.Sources+st.Marks > 0 {
		h.t.Errorf("leak at end: %+v", st)
	}
	for _, s := range h.sessions {
		s.out.Detach()
	}
	if st := h.table.Stats(); st.Views+st.Profiles > 0 {
		h.t.Errorf("leak after detach: %+v", st)
	}
	for _, l := range h.lent {
		if !slices.Equal(slices.Collect(l.list.All()), l.holds) {
			h.t.Errorf("a list changed after it was published")
		}
	}
}
