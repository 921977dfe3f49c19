// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// UPDATE messages, each as full as it can be: RFC 4271 §4.3, RFC 4760 §3 and §4, RFC 7606 §5.1 (one kind of NLRI a message).

package rib

import (
	"cmp"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/encode"
	"github.com/herald-bgp/herald/speaker/rib/internal/store"
	"github.com/herald-bgp/herald/speaker/wire"
)

// mark says that what is sent for a prefix has changed.
type mark struct {
	// at is the entry that changed. It is not freed before its change was told; others of the prefix may be.
	at store.Slot
	// held is what the sessions hold for it as far as they were told, nil for nothing.
	held *encode.Set
}

// plan is what is due, in the order in which it goes out: withdrawals, then announcements by attribute set. An announcement that
// covers a withdrawn prefix, or a part of it, goes before the withdrawal: so an address that has a route before and after has one
// all the time.
type plan struct {
	withdrawals []mark // that no announcement covers
	step               // the other withdrawals, with what covers them
	later       []step // the steps after it
	groups      []group
}

// step is withdrawals, and the announcements that cover them and go out before them.
type step struct {
	covers  []group
	covered []mark
}

// group is the prefixes that are announced with one attribute set, in order.
type group struct {
	set   *encode.Set
	first *source // the first of their sources
	marks []mark
}

func (p *plan) empty() bool { return !p.urgent() && len(p.groups) == 0 }

// urgent reports whether the plan has withdrawals, or announcements that go before them.
func (p *plan) urgent() bool { return len(p.withdrawals)+len(p.covers)+len(p.covered) > 0 }

// rest returns the marks that have not gone out.
func (p *plan) rest() []mark {
	if p.empty() {
		return nil
	}
	marks := slices.Concat(p.withdrawals, p.covered)
	for _, groups := range [][]group{p.covers, p.groups} {
		marks = appendMarks(marks, groups)
	}
	for _, s := range p.later {
		marks = appendMarks(append(marks, s.covered...), s.covers)
	}
	return marks
}

func appendMarks(marks []mark, groups []group) []mark {
	for _, g := range groups {
		marks = append(marks, g.marks...)
	}
	return marks
}

// plan makes a plan of marks. Of several marks for one path the first says what the sessions hold. Unless again is set, the plan
// leaves out routes that they hold already.
func (f *family[A]) plan(v *view[A], marks []mark, again bool) plan {
	return f.planWithin(v, marks, again, math.MaxInt)
}

// planWithin makes a plan in which no more than room withdrawals wait for what covers them.
func (f *family[A]) planWithin(v *view[A], marks []mark, again bool, room int) plan {
	marks = f.first(v.profile, marks)
	var p plan
	groups := map[*encode.Set]int{}
	var last *encode.Set
	at := 0
	for _, m := range marks {
		set, s := f.choose(v, m.at)
		switch {
		case set == nil && m.held != nil:
			p.withdrawals = append(p.withdrawals, m)
		case set == nil || !again && v.same(set, m.held):
		default:
			if set != last {
				var ok bool
				if at, ok = groups[set]; !ok {
					at = len(p.groups)
					groups[set] = at
					p.groups = append(p.groups, group{set: set, first: s})
				}
				last = set
			}
			g := &p.groups[at]
			if s != g.first && s.before(g.first) {
				g.first = s
			}
			g.marks = append(g.marks, m)
		}
	}
	slices.SortStableFunc(p.groups, func(a, b group) int { return a.first.Announcement.Compare(b.first.Announcement) })
	if len(p.withdrawals) > 0 && len(p.groups) > 0 {
		f.cover(v, &p, min(room, f.room(v)))
	}
	return p
}

// first sorts marks by path, and keeps the first of each.
func (f *family[A]) first(p *profile, marks []mark) []mark {
	compare := func(a, b mark) int {
		if c := f.ops.Compare(f.store.At(a.at).Key(), f.store.At(b.at).Key()); c != 0 || !p.form.AddPath {
			return c
		}
		return cmp.Compare(f.pathOf(p, a.at), f.pathOf(p, b.at))
	}
	slices.SortStableFunc(marks, compare)
	return slices.CompactFunc(marks, func(a, b mark) bool { return compare(a, b) == 0 })
}

// pathOf is the path identifier of an entry, 0 where there are none.
func (f *family[A]) pathOf(p *profile, i store.Slot) uint32 {
	if !p.form.AddPath {
		return 0
	}
	return f.table.sources[f.store.At(i).Number()].PathID
}

// pathIn is the path identifier at the start of an NLRI, 0 where there are none.
func pathIn(nlri []byte, pathLen int) uint32 {
	if pathLen == 0 {
		return 0
	}
	return binary.BigEndian.Uint32(nlri)
}

func appendPathID(b []byte, id uint32) []byte { return binary.BigEndian.AppendUint32(b, id) }

// appendMessage appends one message of the plan, which is not empty.
func (f *family[A]) appendMessage(b []byte, q *profile, p *plan, self []netip.Addr, patches *[]int) []byte {
	f.nlri = f.nlri[:0]
	switch {
	case len(p.withdrawals) > 0:
		return f.appendWithdrawals(b, q, &p.withdrawals)
	case len(p.covers) > 0:
		b = f.appendGroup(b, q, &p.covers, self, patches)
	case len(p.covered) > 0:
		b = f.appendWithdrawals(b, q, &p.covered)
	default:
		return f.appendGroup(b, q, &p.groups, self, patches)
	}
	if len(p.covers)+len(p.covered) == 0 && len(p.later) > 0 {
		p.step, p.later = p.later[0], p.later[1:]
	}
	return b
}

// appendWithdrawals appends one message, and takes what is in it from marks.
func (f *family[A]) appendWithdrawals(b []byte, q *profile, marks *[]mark) []byte {
	n := f.gather(q, *marks, wire.UnreachRoom(f.ops.Family, q.form.MaxLen))
	*marks = (*marks)[n:]
	return wire.AppendUnreach(b, f.ops.Family, f.nlri)
}

// appendGroup appends one message of the first group, and takes what is in it from groups.
func (f *family[A]) appendGroup(b []byte, q *profile, groups *[]group, self []netip.Addr, patches *[]int) []byte {
	g := &(*groups)[0]
	n := f.gather(q, g.marks, g.set.Room)
	b = g.set.AppendReach(b, f.ops.Family, f.nlri, self, patches)
	if g.marks = g.marks[n:]; len(g.marks) == 0 {
		*groups = (*groups)[1:]
	}
	return b
}

// gather puts as many prefixes as there is room for into f.nlri.
func (f *family[A]) gather(q *profile, marks []mark, room int) int {
	for i, m := range marks {
		before := len(f.nlri)
		if q.pathLen > 0 {
			f.nlri = appendPathID(f.nlri, f.pathOf(q, m.at))
		}
		if f.nlri = f.ops.AppendNLRI(f.nlri, f.store.At(m.at).Key()); len(f.nlri) > room {
			f.nlri = f.nlri[:before]
			return i
		}
	}
	return len(marks)
}
