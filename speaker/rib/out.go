// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import "sync/atomic"

// Out is the Adj-RIB-Out of one session. One goroutine writes: it alone calls [Out.Next] and [Out.Written]. The other
// methods may be called from anywhere.
type Out struct {
	table   *Table
	peer    string
	params  Params
	ready   chan struct{}
	changed chan struct{}
	report  atomic.Pointer[Report]

	// What follows is guarded by the table's mutex.
	cursors  []reader
	export   *exported
	reported *exported // that a report was made about
	prepared *Report   // to be published when all is written
	ended    bool      // by WithdrawAll
	detached bool
	inFlight bool // a batch was handed out and not written yet
}

// reader is a cursor of any family.
type reader interface {
	fill(b []byte, end int) []byte
	due() bool
	refresh(f familyID)
	withdraw()
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

// Next appends whole messages to b, up to about limit octets but at least one if there is any, and returns it. An
// unchanged b means that nothing is due. The caller writes what was appended and calls [Out.Written] before Next again, or
// ends the session.
func (o *Out) Next(b []byte, limit int) []byte {
	o.table.mu.Lock()
	start, end := len(b), len(b)+max(limit, 1)
	for _, c := range o.cursors {
		b = c.fill(b, end)
	}
	o.inFlight = len(b) > start
	o.prepareReport()
	promoted := o.promote()
	o.table.mu.Unlock()
	if promoted {
		poke(o.changed)
	}
	return b
}

// Written says that all that Next returned was written to the socket.
func (o *Out) Written() {
	o.table.mu.Lock()
	o.inFlight = false
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

// Refresh sends all routes of a family again, without End-of-RIB (RFC 2918 §4). What a peer asks for while a walk of the
// family is under way waits until its end, and counts once.
func (o *Out) Refresh(f familyID) {
	o.table.mu.Lock()
	for _, c := range o.cursors {
		c.refresh(f)
	}
	o.table.mu.Unlock()
	poke(o.ready)
}

// WithdrawAll makes the desired state of this session empty, whatever the table says from now on. [Out.Drained] tells when
// the withdrawals were written. The report then speaks of an export without a token.
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
	o.detached = true
	delete(o.table.outs, o)
	for _, c := range o.cursors {
		c.detach()
	}
	o.cursors = nil
	o.table.four.reclaim()
	o.table.six.reclaim()
}
