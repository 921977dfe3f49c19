// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"sync"
	"sync/atomic"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Table holds what each peer is to be sent and, for each established session,
// what it was sent. Its methods may be called from several goroutines.
type Table struct {
	mu      sync.Mutex // a leaf: nothing else is locked under it
	exports map[string]*Export
	outs    map[*Out]struct{}
	// nothing is what a peer without an export is sent.
	nothing *Export
}

// New returns a table that sends nothing to anybody.
func New() *Table {
	return &Table{outs: make(map[*Out]struct{}), nothing: &Export{}}
}

// Update replaces the whole desired state: exports by the names of peers. A
// peer that is absent is sent nothing. Update returns at once: the sessions do
// the work when they can write. The exports must not be modified afterwards.
func (t *Table) Update(exports map[string]Export) {
	newest := make(map[string]*Export, len(exports))
	for peer, e := range exports {
		newest[peer] = &e
	}
	t.mu.Lock()
	t.exports = newest
	outs := make([]*Out, 0, len(t.outs))
	for o := range t.outs {
		outs = append(outs, o)
	}
	t.mu.Unlock()
	for _, o := range outs {
		poke(o.ready)
	}
}

// Attach starts the Adj-RIB-Out of a session that became Established: a walk
// over all routes, then End-of-RIB for each negotiated family, those without a
// route included (RFC 4724 §2). The caller ends it with [Out.Detach].
func (t *Table) Attach(peer string, p Params) *Out {
	p = p.normal()
	o := &Out{
		table:    t,
		peer:     peer,
		params:   p,
		ready:    make(chan struct{}, 1),
		changed:  make(chan struct{}, 1),
		refresh:  make([]atomic.Bool, len(p.Families)),
		families: make([]*adjOut, len(p.Families)),
	}
	for i, f := range p.Families {
		o.families[i] = newAdjOut(f, p.MaxLen)
	}
	o.report.Store(&Report{Announced: o.counts()})
	t.mu.Lock()
	t.outs[o] = struct{}{}
	t.mu.Unlock()
	poke(o.ready)
	return o
}

// export returns the newest export of a peer. Its identity tells whether there
// is a newer one.
func (t *Table) export(peer string) *Export {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.exports[peer]; ok {
		return e
	}
	return t.nothing
}

func (t *Table) detach(o *Out) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.outs, o)
}

// poke leaves a token in a channel of capacity 1, unless there is one.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// familyIndex returns the place of f among the negotiated families, or -1.
func (p *Params) familyIndex(f wire.Family) int {
	for i := range p.Families {
		if p.Families[i] == f {
			return i
		}
	}
	return -1
}
