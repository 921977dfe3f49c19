// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/herald-bgp/herald/speaker/rib/internal/store"
)

// losses are prefixes that are withdrawn, in order. They tell which of them a prefix that is announced covers, all or a part.
type losses[A comparable] struct {
	ops  *familyOps[A]
	list []loss[A]
	last int // that was found
	// places are the order in which they go, nil where they go together.
	places []int32
}

type loss[A comparable] struct {
	key store.Key[A]
	at  store.Slot
	// within is the place of the longest prefix that holds it and comes before it, -1 for none.
	within  int32
	covered bool
	// certain: the sessions hold it until it is withdrawn.
	certain bool
}

// nest finds what holds what in the list, which is in order.
func (l *losses[A]) nest() {
	for i := range l.list {
		j := int32(i) - 1
		for j >= 0 && !l.ops.Holds(l.list[j].key, l.list[i].key) {
			j = l.list[j].within
		}
		l.list[i].within = j
	}
}

// order has the shortest prefixes go first: they draw the most traffic.
func (l *losses[A]) order() {
	order := make([]int32, len(l.list))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(l.list[a].key.Bits, l.list[b].key.Bits) })
	l.places = make([]int32, len(l.list))
	for place, i := range order {
		l.places[i] = int32(place)
	}
}

// place is the place of a loss in the order in which they go.
func (l *losses[A]) place(i int) int32 {
	if l.places == nil {
		return 0
	}
	return l.places[i]
}

// cover notes that a prefix is announced, and returns the first place of the losses that it covers, nowhere if there is none. It
// covers the losses within the prefix, and the losses that hold the prefix from the longest to the first that sessions certainly
// hold. Shorter losses need not wait: until that one is withdrawn there is a route.
func (l *losses[A]) cover(k store.Key[A]) (place int32) {
	place = nowhere
	note := func(i int) {
		l.list[i].covered = true
		place = min(place, l.place(i))
	}
	first := l.find(k)
	for i := first; i < len(l.list) && l.ops.Holds(k, l.list[i].key); i++ {
		note(i)
	}
	for i := int32(first) - 1; i >= 0; i = l.list[i].within {
		if l.ops.Holds(l.list[i].key, k) {
			if note(int(i)); l.list[i].certain {
				break
			}
		}
	}
	return place
}

// nowhere is the place of no loss.
const nowhere = math.MaxInt32

// find returns the place of the first that does not come before a prefix. It looks near the last that it found: prefixes are asked
// for in order, most often.
func (l *losses[A]) find(k store.Key[A]) int {
	before := func(i int) bool { return l.ops.Compare(l.list[i].key, k) < 0 }
	low, high := l.last, l.last
	for step := 1; low > 0 && !before(low-1); step *= 2 {
		low = max(low-step, 0)
	}
	for step := 1; high < len(l.list) && before(high); step *= 2 {
		low, high = high+1, min(high+step, len(l.list))
	}
	l.last = low + sort.Search(high-low, func(i int) bool { return !before(low + i) })
	return l.last
}

// limit leaves no more covered than there is room for, and returns how many are left.
func (l *losses[A]) limit(room int) (covered int) {
	for i := range l.list {
		if one := &l.list[i]; one.covered {
			if one.covered = covered < room; one.covered {
				covered++
			}
		}
	}
	return covered
}

// comes reports whether the sessions may not have had a route for the path until now.
func (m mark) comes() bool { return m.held == nil || m.held == anything }

// cover takes the withdrawals of a plan that something covers behind what covers them, as many as there is room for: until they
// are withdrawn the neighbour holds both. The others stay first.
func (f *family[A]) cover(v *view[A], p *plan, room int) {
	if room <= 0 {
		return
	}
	gone := losses[A]{ops: f.ops, list: make([]loss[A], len(p.withdrawals))}
	for i, m := range p.withdrawals {
		gone.list[i] = loss[A]{key: f.store.At(m.at).Key(), at: m.at, certain: m.held != anything}
	}
	gone.nest()
	paced := v.paced != nil
	if paced {
		gone.order()
	}
	var covers, rest []group
	var placed []placedGroup
	for _, g := range p.groups {
		first := g
		var places []int32
		first.marks, g.marks = split(g.marks, func(m mark) bool {
			place := int32(nowhere)
			if m.comes() {
				place = gone.cover(f.store.At(m.at).Key())
			}
			if paced && place != nowhere {
				places = append(places, place)
			}
			return place != nowhere
		})
		if len(first.marks) > 0 {
			covers = append(covers, first)
			if paced {
				placed = append(placed, f.messages(v, first, places)...)
			}
		}
		if len(g.marks) > 0 {
			rest = append(rest, g)
		}
	}
	p.covers, p.groups = covers, rest
	gone.limit(room)
	var places []int32
	i := -1
	p.covered, p.withdrawals = split(p.withdrawals, func(mark) bool {
		i++
		if paced && gone.list[i].covered {
			places = append(places, gone.places[i])
		}
		return gone.list[i].covered
	})
	if paced && len(covers) > 0 {
		p.step, p.later = steps(placed, inPlace(p.covered, places), f.table.limits.Step)
	}
}

// split takes those marks out of a list of which chosen is true. Both lists stay in order.
func split(marks []mark, chosen func(mark) bool) (out, rest []mark) {
	rest = marks[:0]
	for i, m := range marks {
		if !chosen(m) {
			rest = append(rest, m)
			continue
		}
		if out == nil {
			out = make([]mark, 0, len(marks)-i)
		}
		out = append(out, m)
	}
	return out, rest
}

// room is how many routes that they are to lose the sessions of a view may hold beside all that they are to be sent, by the
// guard's limit. Where several families count each has its part of it.
func (f *family[A]) room(v *view[A]) int {
	if v.guard == nil || !slices.Contains(v.guard.Counted, f.ops.Family) {
		return math.MaxInt
	}
	room := math.MaxInt
	for c := range v.cursors {
		prefixes, families := v.guard.counted(&c.out.export.prefixes)
		room = min(room, (v.guard.MaxPrefixes-prefixes)/max(families, 1))
	}
	return room
}
