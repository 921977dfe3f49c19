// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Out is the Adj-RIB-Out of one session. One goroutine writes: it alone calls [Out.Next] and [Out.Written]. The other
// methods may be called from anywhere.
type Out struct {
	table     *Table
	peer      string
	params    Params
	ready     chan struct{}
	changed   chan struct{}
	condemned chan struct{}
	report    atomic.Pointer[Report]

	// What follows is guarded by the table's mutex.
	cursors  []reader
	first    int // the cursor whose turn it is
	export   *exported
	reported *exported // that a report was made about
	prepared *Report   // to be published when all is written
	ended    bool      // by WithdrawAll
	detached bool
	inFlight bool      // a batch was handed out and not written yet
	moved    time.Time // when a batch was last written, or nothing was due
	pace     pace
}

// reader is a cursor of any family.
type reader interface {
	fill(*batch)
	due() bool
	refresh(wire.Family, refresh)
	told() uint64
	withdraw()
	readdress()
	count() FamilyCount
	withheld(withholding)
	routes(yield func(Route) bool) bool
	detach()
}

// Ready is poked when [Out.Next] may have something: after Attach, a change, a refresh, and each batch that was not the
// last.
func (o *Out) Ready() <-chan struct{} { return o.ready }

// Changed is poked when the content of [Out.Report] changed.
func (o *Out) Changed() <-chan struct{} { return o.changed }

// Condemned is poked when the session holds up too much: its peer reads nothing, and withdrawals for it are all that is kept.
// The caller ends it (RFC 4486 §4, subcode 8).
func (o *Out) Condemned() <-chan struct{} { return o.condemned }

// Next appends whole messages to b, up to about limit octets but at least one if there is any, and returns it. An
// unchanged b means that nothing is due. The caller writes what was appended and calls [Out.Written] before Next again, or
// ends the session. There are none of the intervals of RFC 4271 §9.2.1: what changed goes at once.
func (o *Out) Next(b []byte, limit int) []byte {
	o.table.mu.Lock()
	next := batch{bytes: b, end: len(b) + max(limit, 1), left: math.MaxInt}
	rate := o.export.RatePerSecond
	if rate > 0 {
		next.left = o.pace.allow(rate)
	}
	allowed := next.left
	for i := range o.cursors {
		o.cursors[(o.first+i)%len(o.cursors)].fill(&next)
	}
	if next.full() && len(next.bytes) > len(b) {
		o.first++ // a family that always has something keeps no other waiting
	}
	if rate > 0 {
		o.pace.spend(allowed - next.left)
	}
	o.inFlight = len(next.bytes) > len(b)
	if rate > 0 && !o.inFlight && o.due() {
		o.pace.wait(func() { poke(o.ready) })
	}
	o.prepareReport()
	promoted := o.promote()
	o.table.mu.Unlock()
	if promoted {
		poke(o.changed)
	}
	return next.bytes
}

// Written says that all that Next returned was written to the socket.
func (o *Out) Written() {
	o.table.mu.Lock()
	o.inFlight = false
	o.moved = time.Now()
	more := o.due()
	promoted := o.promote()
	o.table.mu.Unlock()
	if promoted {
		poke(o.changed)
	}
	if more {
		poke(o.ready)
	}
}

func (o *Out) due() bool {
	for _, c := range o.cursors {
		if c.due() {
			return true
		}
	}
	return false
}

// Refresh sends all routes of a family again, without End-of-RIB (RFC 2918 §4); where enhanced refresh was negotiated, it
// says when that begins and when it has ended (RFC 7313 §4). What a peer asks for while a walk of the
// family is under way waits until its end, and counts once.
func (o *Out) Refresh(f wire.Family, enhanced bool) {
	how := plainRefresh
	if enhanced {
		how = enhancedRefresh
	}
	o.table.mu.Lock()
	for _, c := range o.cursors {
		c.refresh(f, how)
	}
	o.table.mu.Unlock()
	poke(o.ready)
}

// WithdrawAll makes the desired state of this session empty, whatever the table says from now on. [Out.Drained] tells when
// the withdrawals were written; no rate limits them, as the session ends. The report then speaks of an export without a token.
func (o *Out) WithdrawAll() {
	o.table.mu.Lock()
	if !o.ended {
		o.ended = true
		o.export = nothing
		for _, c := range o.cursors {
			c.withdraw()
		}
	}
	o.table.mu.Unlock()
	poke(o.ready)
}

// Drained reports whether nothing is due and all that was handed out was written.
func (o *Out) Drained() bool {
	o.table.mu.Lock()
	defer o.table.mu.Unlock()
	return !o.inFlight && !o.due()
}

// Detach ends the Adj-RIB-Out: it is poked no more.
func (o *Out) Detach() {
	o.table.mu.Lock()
	defer o.table.mu.Unlock()
	o.detach()
	o.table.reclaim()
}

// detach leaves the table. There is nothing more to be handed out.
func (o *Out) detach() {
	o.detached = true
	o.pace.stop()
	delete(o.table.outs, o)
	for _, c := range o.cursors {
		c.detach()
	}
	o.cursors = nil
}
