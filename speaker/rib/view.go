// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/encode"
	"github.com/herald-bgp/herald/speaker/rib/internal/store"
)

// view is an update group: sessions that are sent the same. They read one log of messages.
type view[A comparable] struct {
	*profile
	members members
	// past are former members. A session that reads the log may not have read yet that they left.
	past    members
	cursors map[*cursor[A]]struct{}

	marks []mark // what changed since the plan was made
	// overflowed: there were more marks than the view may have, and some are missing. Its sessions will be told from the table.
	overflowed bool
	compactAt  int // marks at which those that are not needed are dropped
	plan       plan
	tail       *record     // the newest
	summed     *summary[A] // nil until a report asks for it
}

// record is a message of a view's log. It is immutable but for next and complete, which are set once, before a session
// reads it. Nothing refers to a record that every session has read.
type record struct {
	next    *record
	bytes   []byte
	patches []int // where next hop self goes
	end     int64 // octets in the log up to here
	// complete is the change up to which a session that has read this is told everything, 0 where more is due.
	complete uint64
}

func newView[A comparable](p *profile, m members) *view[A] {
	p.views++
	return &view[A]{profile: p, members: m, cursors: map[*cursor[A]]struct{}{}, tail: &record{}}
}

// choose finds what the sessions of a view are sent for the prefix and path of an entry: the route of the first source, in order of
// precedence, that they may be sent and that can be sent.
func (f *family[A]) choose(v *view[A], i store.Slot) (*encode.Set, *source) {
	return f.winner(v.profile, v.members, f.store.Head(f.store.At(i).Key()), f.pathOf(v.profile, i))
}

// winner finds the entry that is sent among those of a chain that have a path, and returns its attribute set and its source; nil
// where none is sent.
func (f *family[A]) winner(p *profile, m members, head store.Slot, path uint32) (*encode.Set, *source) {
	var set *encode.Set
	var best *source
	for i := head; i != store.NoSlot; i = f.store.Next(i) {
		e := f.store.At(i)
		if e.Dead() || !m.has(e.Number()) {
			continue
		}
		s := f.table.sources[e.Number()]
		if best != nil && best.before(s) || p.path(s) != path {
			continue
		}
		if o, _ := p.offer(s); o != nil && f.fits(p, o, e.Key()) {
			set, best = o, s
		}
	}
	return set, best
}

// fits reports whether a prefix fits into a message with the attributes.
func (f *family[A]) fits(p *profile, s *encode.Set, k store.Key[A]) bool {
	return s.Room >= p.maxNLRI || p.pathLen+f.ops.Len(k) <= s.Room
}

// same reports whether the view's sessions see no difference between two sets: next hop self may be the address that was explicit.
func (v *view[A]) same(a, b *encode.Set) bool {
	if a.Same(b) {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	self := a.SameWith(b)
	if len(self) == 0 {
		return false
	}
	for c := range v.cursors {
		if !slices.Equal(c.self, self) {
			return false
		}
	}
	return true
}

// nextHop is what the session is sent with a set.
func (c *cursor[A]) nextHop(s *encode.Set) []netip.Addr {
	if s.Self {
		return c.self
	}
	return s.NextHop
}

// due reports whether the view has changes that are not in its log.
func (v *view[A]) due() bool { return len(v.marks) > 0 || !v.plan.empty() }

// marksLimit is how many marks a view may have before its sessions are told from the table: its part of those that all may
// have. A session whose rate is limited plans what is due anew with each change, so it is no more than a scan collects.
func (f *family[A]) marksLimit(v *view[A]) int {
	limit := f.table.limits.Marks / max(len(f.views), 1)
	if v.paced != nil {
		return min(limit, f.table.limits.Scan)
	}
	return limit
}

// compact drops the marks that another one of the same prefix precedes, each time they have doubled: what flaps while nobody
// reads takes no more than what there is.
func (f *family[A]) compact(v *view[A]) {
	if len(v.marks) >= max(v.compactAt, 1024) {
		v.marks = f.first(v.profile, v.marks)
		v.compactAt = 2 * len(v.marks)
	}
}

// append adds a record to the log.
func (v *view[A]) append(r *record) {
	r.end = v.tail.end + int64(len(r.bytes)) + recordOverhead
	v.tail.next = r
	v.tail = r
}

// pack adds some messages of what is due to the log, each a record. For a session whose rate is limited it is one: what
// comes later may be a withdrawal, which goes first.
func (f *family[A]) pack(v *view[A]) {
	if len(v.marks) > 0 {
		v.plan = f.plan(v, append(v.plan.rest(), v.marks...), false)
		v.marks = nil
	}
	r := &record{}
	for size := 0; !v.plan.empty() && size < f.table.limits.Record && (size == 0 || v.paced == nil); size += len(r.bytes) {
		r = &record{}
		r.bytes = f.appendMessage(nil, v.profile, &v.plan, nil, &r.patches)
		v.append(r)
	}
	if v.plan.empty() {
		if len(r.bytes) == 0 {
			v.append(r) // nothing that a session does not hold already
		}
		r.complete = f.table.seq
	}
	for c := range v.cursors {
		if c.at != nil && v.tail.end-c.at.end > f.table.limits.Lag {
			c.lag()
		}
	}
}

// forgetUnread drops what is due when no session reads the log.
func (v *view[A]) forgetUnread() {
	for c := range v.cursors {
		if c.at != nil {
			return
		}
	}
	v.marks, v.plan = nil, plan{}
}

// read reports whether every session that reads the log has read all there is.
func (v *view[A]) read() bool {
	for c := range v.cursors {
		if c.at != nil && c.at.next != nil {
			return false
		}
	}
	return !v.due()
}

// leave takes a session out of its view, which goes when it was the last.
func (f *family[A]) leave(c *cursor[A]) {
	c.leaveLog()
	v := c.view
	delete(v.cursors, c)
	if len(v.cursors) > 0 {
		v.forgetUnread()
		return
	}
	v.profile.views--
	f.views = slices.DeleteFunc(f.views, func(o *view[A]) bool { return o == v })
}

// prune forgets the profiles that no view uses, but for the one that was used last: a session that comes back finds everything
// encoded. That of a paced session is its own.
func (f *family[A]) prune() {
	for _, p := range f.profiles {
		if p.views == 0 && p != f.idle && p.paced == nil {
			f.idle = p
			break
		}
	}
	f.profiles = slices.DeleteFunc(f.profiles, func(p *profile) bool { return p.views == 0 && p != f.idle })
}

// renew forgets the profile that no view uses: exports have other defaults or guards now.
func (f *family[A]) renew() {
	if f.idle != nil && f.idle.views == 0 {
		f.profiles = slices.DeleteFunc(f.profiles, func(p *profile) bool { return p == f.idle })
	}
	f.idle = nil
}
