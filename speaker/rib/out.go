// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"sync"
	"sync/atomic"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Out is the Adj-RIB-Out of one session. One goroutine writes: it alone calls
// [Out.Next] and [Out.Written]. The other methods may be called from anywhere.
type Out struct {
	table   *Table
	peer    string
	params  Params
	ready   chan struct{}
	changed chan struct{}

	refresh []atomic.Bool // asked for, by family
	ended   atomic.Bool   // by WithdrawAll
	report  atomic.Pointer[Report]

	mu       sync.Mutex // a leaf too; guards what follows
	export   *Export    // the newest that was looked at
	reported *Export    // the one that report speaks of
	view     *view      // of export
	families []*adjOut
	inFlight bool // a batch was handed out and not written yet
}

// Ready is poked when [Out.Next] may have something: after Attach, a change, a
// refresh, and each batch that was not the last.
func (o *Out) Ready() <-chan struct{} { return o.ready }

// Changed is poked when the content of [Out.Report] changed.
func (o *Out) Changed() <-chan struct{} { return o.changed }

// Next appends whole messages to b, up to about limit octets but at least one if
// there is any, and returns it. An unchanged b means that nothing is due. The
// caller writes what was appended and calls [Out.Written] before Next again, or
// ends the session.
func (o *Out) Next(b []byte, limit int) []byte {
	newest := o.newest()
	o.mu.Lock()
	o.adopt(newest)
	start, end := len(b), len(b)+max(limit, 1)
	for i := range o.families {
		b = o.fill(i, b, end)
	}
	o.inFlight = len(b) > start
	promoted := o.promote()
	o.mu.Unlock()
	if promoted {
		poke(o.changed)
	}
	return b
}

// Written says that all that Next returned was written to the socket.
func (o *Out) Written() {
	o.mu.Lock()
	o.inFlight = false
	more := !o.idle() || o.refreshAsked()
	promoted := o.promote()
	o.mu.Unlock()
	if promoted {
		poke(o.changed)
	}
	if more {
		poke(o.ready)
	}
}

// Refresh sends all routes of a family again, without End-of-RIB (RFC 2918 §4).
// What a peer asks for while a walk of the family is under way waits until its
// end, and counts once.
func (o *Out) Refresh(f wire.Family) {
	i := o.params.familyIndex(f)
	if i < 0 {
		return // RFC 2918 §4: a family that was not advertised is ignored
	}
	o.refresh[i].Store(true)
	poke(o.ready)
}

// WithdrawAll makes the desired state of this session empty, whatever the table
// says from now on. [Out.Drained] tells when the withdrawals were written. The
// report then speaks of an export without a token.
func (o *Out) WithdrawAll() {
	o.ended.Store(true)
	poke(o.ready)
}

// Drained reports whether nothing is due and all that was handed out was written.
func (o *Out) Drained() bool {
	newest := o.newest()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.export == newest && !o.inFlight && o.idle() && !o.refreshAsked()
}

// Detach ends the Adj-RIB-Out: it is poked no more.
func (o *Out) Detach() { o.table.detach(o) }

// newest returns the export that the peer is to be sent now.
func (o *Out) newest() *Export {
	if o.ended.Load() {
		return o.table.nothing
	}
	return o.table.export(o.peer)
}

// adopt makes an export the one that is being sent. Called with mu held.
func (o *Out) adopt(e *Export) {
	if o.view == nil || !o.export.sameRoutes(e) {
		v, routes := resolve(e, &o.params, o.view)
		for i, a := range o.families {
			a.want(routes[i])
		}
		o.view = v
	}
	o.export = e
}

// fill appends messages of a family until b is end octets long or nothing is
// due. Called with mu held.
func (o *Out) fill(family int, b []byte, end int) []byte {
	a := o.families[family]
	for len(b) < end {
		switch {
		case a.due():
			b = a.appendMessage(b)
		case a.walking:
			a.walking = false
			// RFC 4724 §2: End-of-RIB follows the initial routing update, and
			// nothing else.
			if !a.endOfRIB {
				a.endOfRIB = true
				b = wire.AppendEndOfRIB(b, a.family)
			}
		case o.refresh[family].Swap(false):
			a.refresh()
		default:
			return b
		}
	}
	return b
}

// idle reports whether nothing is due. Called with mu held.
func (o *Out) idle() bool {
	for _, a := range o.families {
		if !a.idle() {
			return false
		}
	}
	return true
}

// refreshAsked reports whether a refresh waits.
func (o *Out) refreshAsked() bool {
	for i := range o.refresh {
		if o.refresh[i].Load() {
			return true
		}
	}
	return false
}
