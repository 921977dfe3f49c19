// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import "net/netip"

// cursor is one session in one family. It reads its view's log, or, where it has not read what came before, is told from
// the table.
type cursor[K comparable] struct {
	family *family[K]
	out    *Out
	view   *view[K]
	self   []netip.Addr // next hop self

	at   *record // the last that was read; nil: it is told from the table
	pass *pass[K]
	// done is the change up to which everything was handed out.
	done uint64
	// mayHold are the sources that the session may hold routes of, while it is told from the table.
	mayHold members
	// again asks for all routes once more (RFC 2918).
	again bool
	// endOfRIB: it went out.
	endOfRIB bool
}

// lag takes the session off the log, which grew too long for it.
func (c *cursor[K]) lag() {
	c.at = nil
	c.mayHold = c.view.mayHold()
	c.view.forgetUnread()
}

// leaveLog makes the session one that is told from the table.
func (c *cursor[K]) leaveLog() {
	if c.at != nil {
		c.at = nil
		c.mayHold = c.view.mayHold()
	}
	c.mayHold.union(c.view.members)
}

// due reports whether fill would append something or move on.
func (c *cursor[K]) due() bool {
	return c.at == nil || c.again || c.at.next != nil || c.view.due() || !c.endOfRIB
}

// refresh asks for all routes once more.
func (c *cursor[K]) refresh(f familyID) {
	if f == c.family.ops.family {
		c.again = true
	}
}

// withdraw makes the session one that is sent nothing.
func (c *cursor[K]) withdraw() {
	c.family.leave(c)
	c.family.move(move[K]{cursor: c, profile: c.view.profile, everything: true})
}

func (c *cursor[K]) detach() {
	c.family.leave(c)
	c.family.prune()
}

// told is the change up to which the session was handed everything.
func (c *cursor[K]) told() uint64 {
	if c.pass != nil && !c.pass.walking {
		return c.pass.since // its plan names entries from there on, even where the session was told of them
	}
	if c.at != nil && c.at.next == nil && !c.view.due() {
		return c.family.table.seq
	}
	return c.done
}

// fill appends messages until b is end octets long or nothing is due.
func (c *cursor[K]) fill(b []byte, end int) []byte {
	f := c.family
	for len(b) < end {
		switch {
		case c.at == nil:
			if c.pass == nil {
				c.pass = f.begin(c)
			}
			if b = c.pass.fill(b, end); c.pass.over {
				c.finish()
			}
		case c.at.next != nil:
			b = c.read(b)
		case c.view.due():
			f.pack(c.view)
		case !c.endOfRIB:
			// RFC 4724 §2: End-of-RIB follows the initial routing update, and nothing else.
			c.endOfRIB = true
			b = appendEndOfRIB(b, f)
		case c.again:
			// Only when all has been read: nothing older may follow.
			c.again = false
			c.at = nil
			c.mayHold = c.view.mayHold()
			c.pass = f.walk(c)
		default:
			return b
		}
	}
	return b
}

// read appends the next record of the log.
func (c *cursor[K]) read(b []byte) []byte {
	r := c.at.next
	start := len(b)
	b = append(b, r.bytes...)
	for _, at := range r.patches {
		patch(b, start+at, c.self)
	}
	c.at = r
	if r.complete > 0 {
		c.done = r.complete
	}
	return b
}

// finish ends a pass: with the log where nothing changed since it began, with another pass for what did where it did.
func (c *cursor[K]) finish() {
	f, v := c.family, c.view
	began := c.pass.began
	c.pass = nil
	c.done = began
	if began < f.table.seq {
		return // begin looks at what changed since
	}
	// What is due in the view is older than what the session was just told.
	for v.due() {
		f.pack(v)
	}
	c.at = v.tail
	c.mayHold = nil
}
