// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"sync"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Table holds what each peer is to be sent and, for each established session, how far it was. Its methods may be called
// from several goroutines.
type Table struct {
	mu sync.Mutex // a leaf: nothing else is locked under it

	limits limits
	// seq numbers the changes of entries.
	seq     uint64
	sources []*source // by number
	unused  []uint32  // numbers without a source
	byID    map[sourceID]*source
	// owners has the sources that are wanted, by owner.
	owners  index[string]
	exports map[string]*exported
	// announcements are the newest configuration's.
	announcements *List
	updates       uint64 // number of the newest
	comparisons   uint64 // of lists
	outs          map[*Out]struct{}
	families      []familyTable
	kinds         []kind
}

// New returns a table that sends nothing to anybody.
func New() *Table {
	t := &Table{limits: defaultLimits, seq: 1, byID: map[sourceID]*source{}, owners: index[string]{}, outs: map[*Out]struct{}{}, kinds: kinds}
	t.of(wire.IPv4Unicast)
	t.of(wire.IPv6Unicast)
	return t
}

// Updates is how many configurations the table has taken up.
func (t *Table) Updates() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.updates
}

// Attach starts the Adj-RIB-Out of a session that became Established: a walk over all routes, then End-of-RIB for each
// negotiated family, those without a route included (RFC 4724 §2). The caller ends it with [Out.Detach].
func (t *Table) Attach(peer string, p Params) *Out {
	p = p.Normal()
	o := &Out{
		table:     t,
		peer:      peer,
		params:    p,
		ready:     make(chan struct{}, 1),
		changed:   make(chan struct{}, 1),
		condemned: make(chan struct{}, 1),
		moved:     time.Now(),
	}
	initial := &Report{}
	for _, f := range p.Families {
		initial.Announced = append(initial.Announced, FamilyCount{Family: f})
	}
	o.report.Store(initial)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.outs[o] = struct{}{}
	o.export = t.exportOf(o)
	o.takeAddresses(o.export)
	for _, f := range p.Families {
		if table := t.of(f); table != nil {
			o.cursors = append(o.cursors, table.attach(o))
		}
	}
	poke(o.ready)
	return o
}

// numbered returns the source of an announcement, with a number of its own.
func (t *Table) numbered(a *Announcement) *source {
	if s := t.byID[idOf(a)]; s != nil {
		return s
	}
	s := &source{Announcement: a, safi: a.safi()}
	if n := len(t.unused); n > 0 {
		s.number, t.unused = t.unused[n-1], t.unused[:n-1]
		t.sources[s.number] = s
	} else {
		s.number = uint32(len(t.sources))
		t.sources = append(t.sources, s)
	}
	t.byID[idOf(a)] = s
	return s
}

// release gives up the number of a source that nothing refers to any more.
func (t *Table) release(s *source) {
	if s.wanted || s.entries > 0 || t.sources[s.number] != s {
		return
	}
	t.forget(s)
	delete(t.byID, idOf(s.Announcement))
	t.sources[s.number] = nil
	t.unused = append(t.unused, s.number)
}

// forget drops what is known of a source's encoding.
func (t *Table) forget(s *source) {
	for _, f := range t.families {
		f.forget(s.number)
	}
}

// poke leaves a token in a channel of capacity 1, unless there is one.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
