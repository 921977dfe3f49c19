// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"

	"github.com/herald-bgp/herald/speaker/rib/encode"
	"github.com/herald-bgp/herald/speaker/wire"
)

// cursor is one session in one family. It reads the log of its view. While the session has not been told what is older than the
// log, it is told from the table, by a walk or a scan.
type cursor[A comparable] struct {
	family *family[A]
	out    *Out
	view   *view[A]
	self   []netip.Addr // next hop self

	at   *record // the record that was read last; nil while the session is told from the table, by walk or scan
	walk *walk[A]
	scan *scan[A]
	// done is the change up to which everything was handed out.
	done uint64
	// owed is the first change of a tombstone that the last scan left to the next one, 0 for none.
	owed uint64
	// mayHold are the sources that the session may hold routes of, while it is told from the table.
	mayHold members
	// warned is the change up to which withdrawals go ahead of a walk. warnings are the withdrawals that have not gone out yet,
	// with the announcements that may cover them.
	warned   uint64
	warnings plan
	// warning: some of them went out, and nothing of the walk since then.
	warning bool
	// asked is the refresh that the peer asks for (RFC 2918) and that has not begun; refreshing is the refresh that goes on.
	asked, refreshing refresh
	// complete: the session was told all that there was when it began, or when the refresh that goes on did.
	complete bool
	// endOfRIB: End-of-RIB went out.
	endOfRIB bool
}

// refresh is a way in which all routes are sent again.
type refresh uint8

const (
	noRefresh refresh = iota
	plainRefresh
	// enhancedRefresh tells the peer when the refresh begins and ends (RFC 7313 §4).
	enhancedRefresh
)

// leaveLog has the session told from the table from now on.
func (c *cursor[A]) leaveLog() {
	if v := c.view; c.at != nil {
		c.mayHold = nil
		if c.at.next != nil || v.due() {
			c.mayHold.union(v.past)
		}
		c.at = nil
	}
	c.mayHold.union(c.view.members)
}

// lag takes the session off the log, which grew too long for it.
func (c *cursor[A]) lag() {
	c.leaveLog()
	c.view.forgetUnread()
}

// everything has a session that was told something told all of it again, since its routes are encoded otherwise.
func (c *cursor[A]) everything() {
	if c.done > 0 || c.walk != nil || c.scan != nil {
		c.walk, c.scan = nil, newScan(c, 0, true)
		c.warnings = plan{} // the scan finds them
	}
}

// due reports whether fill would append something or move on.
func (c *cursor[A]) due() bool {
	return !c.current() || c.asked != noRefresh || c.refreshing != noRefresh || !c.endOfRIB
}

// refresh asks for all routes once more.
func (c *cursor[A]) refresh(f wire.Family, how refresh) {
	if f == c.family.ops.Family {
		c.asked = max(c.asked, how)
	}
}

// withdraw moves the session to a view without sources, which has all its routes withdrawn.
func (c *cursor[A]) withdraw() {
	c.family.leave(c)
	c.family.move(move[A]{cursor: c, profile: c.view.profile, everything: true})
}

func (c *cursor[A]) detach() {
	c.family.leave(c)
	c.family.prune()
}

// current reports whether the session was told everything.
func (c *cursor[A]) current() bool { return c.at != nil && c.at.next == nil && !c.view.due() }

// told is the change up to which the session was handed everything.
func (c *cursor[A]) told() uint64 {
	told := c.done
	if c.owed > 0 {
		told = min(told, c.owed-1)
	}
	if c.scan != nil {
		return min(c.scan.since, told) // its plan names entries from there on, even where the session was told of them
	}
	if c.current() {
		return c.family.table.seq
	}
	return told
}

// fill appends messages until b is full or nothing is due. What says that the session was told everything goes before newer changes, and
// no rate holds it up: under constant change the peer would wait for it for ever.
func (c *cursor[A]) fill(b *batch) {
	f := c.family
	for !b.long() {
		switch {
		case c.complete && !c.endOfRIB:
			// RFC 4724 §2: End-of-RIB follows the initial routing update, and nothing else.
			c.endOfRIB = true
			b.bytes = wire.AppendEndOfRIB(b.bytes, f.ops.Family)
		case c.complete && c.refreshing != noRefresh:
			c.endRefresh(b)
		case c.asked != noRefresh && c.current():
			c.beginRefresh(b)
		case b.full():
			return
		case c.at == nil:
			c.tell(b)
		case c.at.next != nil:
			c.read(b)
		case c.view.due():
			f.pack(c.view)
		default:
			return
		}
	}
}

// beginRefresh starts a refresh, once the session has read the log: nothing older may follow.
func (c *cursor[A]) beginRefresh(b *batch) {
	c.refreshing, c.asked, c.complete = c.asked, noRefresh, false
	if c.refreshing == enhancedRefresh {
		b.bytes = wire.RouteRefresh{Family: c.family.ops.Family, Subtype: wire.RefreshBegin}.Append(b.bytes)
	}
	c.leaveLog()
	c.walk = c.family.walk(c, c.family.table.seq, false)
}

// endRefresh ends a refresh, once the session was also told of what changed before it could be sent again: the peer drops each route
// that it was not sent again (RFC 7313 §4).
func (c *cursor[A]) endRefresh(b *batch) {
	if c.refreshing == enhancedRefresh {
		b.bytes = wire.RouteRefresh{Family: c.family.ops.Family, Subtype: wire.RefreshEnd}.Append(b.bytes)
	}
	c.refreshing = noRefresh
}

// read appends the next record of the log.
func (c *cursor[A]) read(b *batch) {
	r := c.at.next
	if len(r.bytes) > 0 {
		start := len(b.bytes)
		b.add(append(b.bytes, r.bytes...))
		for _, at := range r.patches {
			encode.Patch(b.bytes, start+at, c.family.ops.Family, c.self)
		}
	}
	c.at = r
	if r.complete > 0 {
		c.done = r.complete
	}
}

// tell appends messages made from the table: a walk at first, then scans for what changed since, until nothing did.
func (c *cursor[A]) tell(b *batch) {
	f := c.family
	switch {
	case c.walk != nil:
		if c.view.paced != nil && c.warn(b) {
			return
		}
		if c.walk.fill(b); c.walk.over {
			began := c.walk.began
			c.walk, c.warnings = nil, plan{}
			c.catchUp(began)
		}
	case c.scan != nil:
		if c.scan.fill(b); !c.scan.over {
			return
		}
		s := c.scan
		c.owed = s.owed
		if c.scan = nil; s.withdrawals {
			c.walk = f.walk(c, s.began, false)
			c.walk.told = s.told
		} else {
			c.complete = c.complete || !s.left // what changed before the walk could send it was told by now
			c.catchUp(s.began)
		}
	case c.done == 0:
		c.walk = f.walk(c, f.table.seq, false)
	default:
		c.scan = newScan(c, c.done, false)
	}
}

// catchUp ends a walk or a scan that began at a change. Where nothing changed since then, the session reads the log again.
func (c *cursor[A]) catchUp(began uint64) {
	f, v := c.family, c.view
	c.done = began
	if began < f.table.seq {
		return // a scan looks at what changed
	}
	c.complete = true
	// What is due in the view is older than what the session was just told.
	for v.due() {
		f.pack(v)
	}
	c.at = v.tail
	c.mayHold = nil
}

// warn lets withdrawals, and the announcements that cover them, go ahead of a walk that a rate limit makes long. The scan after the
// walk sends them again. Newer ones follow a part of the walk, which would have no end under constant change. It reports whether b is
// full.
func (c *cursor[A]) warn(b *batch) (full bool) {
	f := c.family
	c.warned = max(c.warned, c.walk.began)
	if c.warned < f.table.seq && !c.warning {
		recent, all := f.recent(c.warned)
		marks := append(c.warnings.rest(), c.changed(recent, c.warned)...)
		c.warnings, c.warned = f.plan(c.view, marks, true), f.table.seq
		if c.walk.missed = c.walk.missed || !all || len(marks) > 2*f.table.limits.Scan; c.walk.missed {
			c.warnings = plan{withdrawals: c.warnings.withdrawals}
		}
	}
	for c.warnings.urgent() && !b.full() {
		b.add(f.appendMessage(b.bytes, c.view.profile, &c.warnings, c.self, nil))
		c.warning = true
	}
	if b.full() {
		return true
	}
	c.warning = false
	return false
}
