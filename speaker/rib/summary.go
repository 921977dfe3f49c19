// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/internal/store"
	"github.com/herald-bgp/herald/speaker/wire"
)

// summary counts what the sessions of a view are sent, and what is kept back from all of them. It is made when a report asks for it,
// in a pass over all sources. From then on each update takes what it changes out of it first, and puts it back when it is done.
type summary[A comparable] struct {
	routes int
	// withheld are the sources of which something is kept back, by number.
	withheld map[uint32]*kept
	// sources and chains are out of the count while an update is under way.
	sources map[uint32]struct{}
	chains  map[store.Key[A]]struct{}
}

// kept says what is kept back of a source.
type kept struct {
	// own is what is kept back because of the source's own attributes.
	own Withheld
	// lost are the prefixes that another source is sent for, by the next hop self that makes no difference of it.
	lost []lost
}

// lost is prefixes that another source is sent for, with other attributes.
type lost struct {
	// self is the next hop self of the sessions that see no difference: to these the route is that of both. It is nil where each sees one.
	self     []netip.Addr
	prefixes int
	// example is the lowest prefix, and winner the source that is sent for it, unless they are stale.
	example wire.NLRI
	winner  string
	stale   bool
}

// to returns what is lost but for sessions with a next hop self.
func (k *kept) to(self []netip.Addr) *lost {
	for i := range k.lost {
		if l := &k.lost[i]; slices.Equal(l.self, self) {
			return l
		}
	}
	k.lost = append(k.lost, lost{self: self})
	return &k.lost[len(k.lost)-1]
}

// summary of the newest configuration.
func (f *family[A]) summary(v *view[A]) *summary[A] {
	if v.summed == nil {
		v.summed = f.sum(v)
	}
	return v.summed
}

// sum makes a summary in a pass over all.
func (f *family[A]) sum(v *view[A]) *summary[A] {
	sum := &summary[A]{withheld: map[uint32]*kept{}}
	for n := range v.members.all() {
		f.include(v, sum, f.table.sources[n])
	}
	for head := range f.conflicts {
		f.includeChain(v, sum, head)
	}
	return sum
}

// of is what is kept back of a source, which is something now.
func (sum *summary[A]) of(number uint32) *kept {
	k := sum.withheld[number]
	if k == nil {
		k = &kept{}
		sum.withheld[number] = k
	}
	return k
}

// tidy forgets a source of which nothing is kept back.
func (sum *summary[A]) tidy(number uint32) {
	k := sum.withheld[number]
	if k == nil {
		return
	}
	if k.lost = slices.DeleteFunc(k.lost, func(l lost) bool { return l.prefixes == 0 }); len(k.lost) == 0 && k.own.Prefixes == 0 {
		delete(sum.withheld, number)
	}
}

// include counts a source of the view, but for conflicts.
func (f *family[A]) include(v *view[A], sum *summary[A], s *source) {
	if f.live(s) == 0 {
		return
	}
	set, reason := v.offer(s)
	if set == nil {
		sum.of(s.number).own = Withheld{Reason: reason, Prefixes: f.live(s), Example: f.example(s.Announcement)}
		return
	}
	sum.routes += f.live(s)
	if set.Room >= v.maxNLRI {
		return
	}
	own := Withheld{Reason: ReasonTooLong}
	f.tooLong(s, set.Room-v.pathLen, func(r store.Span[A]) {
		if nlri := f.ops.NLRI(r.First()); own.Prefixes == 0 || nlri.Compare(own.Example) < 0 {
			own.Example = nlri
		}
		own.Prefixes += r.Count()
	})
	if own.Prefixes > 0 {
		sum.routes -= own.Prefixes
		sum.of(s.number).own = own
	}
}

// includeChain counts the conflicts of a prefix.
func (f *family[A]) includeChain(v *view[A], sum *summary[A], head store.Slot) {
	f.losers(v, head, func(l loser) {
		sum.routes--
		if l.union {
			return
		}
		k, nlri := sum.of(l.source.number).to(l.self), f.ops.NLRI(f.store.At(head).Key())
		if k.prefixes++; !k.stale && (k.prefixes == 1 || nlri.Compare(k.example) < 0) {
			k.example, k.winner = nlri, l.winner.Name
		}
	})
}

// exclude takes a source out of the count, but for conflicts, before an update changes it or its place among the members.
func (f *family[A]) exclude(v *view[A], s *source) {
	sum := v.summed
	if sum == nil {
		return
	}
	if _, out := sum.sources[s.number]; out {
		return
	}
	if sum.sources == nil {
		sum.sources = map[uint32]struct{}{}
	}
	sum.sources[s.number] = struct{}{}
	if !v.members.has(s.number) {
		return
	}
	if f.live(s) == 0 {
		return
	}
	own := 0
	if k := sum.withheld[s.number]; k != nil {
		own = k.own.Prefixes
		k.own = Withheld{}
		sum.tidy(s.number)
	}
	if set, _ := v.offer(s); set != nil {
		sum.routes -= f.live(s) - own
	}
}

// excludeChain takes the conflicts of a prefix out of the count before an update changes one of its entries.
func (f *family[A]) excludeChain(v *view[A], i store.Slot) {
	sum, entry := v.summed, f.store.At(i)
	if sum == nil || !entry.Shared() {
		return
	}
	key := entry.Key()
	if _, out := sum.chains[key]; out {
		return
	}
	if sum.chains == nil {
		sum.chains = map[store.Key[A]]struct{}{}
	}
	sum.chains[key] = struct{}{}
	f.losers(v, f.store.Head(key), func(l loser) {
		sum.routes++
		if l.union {
			return
		}
		k := sum.withheld[l.source.number].to(l.self)
		k.prefixes--
		k.stale = k.stale || f.ops.NLRI(key) == k.example
		sum.tidy(l.source.number)
	})
}

// recount puts back into the count what an update took out of it.
func (f *family[A]) recount(v *view[A]) {
	sum := v.summed
	if sum == nil {
		return
	}
	for n := range sum.sources {
		if v.members.has(n) {
			f.include(v, sum, f.table.sources[n])
		}
	}
	for key := range sum.chains {
		if head := f.store.Head(key); head != store.NoSlot {
			f.includeChain(v, sum, head)
		}
	}
	sum.sources, sum.chains = nil, nil
}

// withheldOf is what is kept back of a source from sessions with a next hop self, by reason.
func (f *family[A]) withheldOf(v *view[A], number uint32, self []netip.Addr) []Withheld {
	s, k := f.table.sources[number], v.summed.withheld[number]
	var list []Withheld
	if k.own.Prefixes > 0 {
		own := k.own
		own.Announcement = s.Announcement
		list = append(list, own)
	}
	conflict := Withheld{Announcement: s.Announcement, Reason: ReasonConflict}
	for i := range k.lost {
		l := &k.lost[i]
		if l.self != nil && slices.Equal(l.self, self) {
			continue
		}
		if l.stale {
			f.renewExample(v, s, l)
		}
		if conflict.Prefixes == 0 || l.example.Compare(conflict.Example) < 0 {
			conflict.Example, conflict.Winner = l.example, l.winner
		}
		conflict.Prefixes += l.prefixes
	}
	if conflict.Prefixes > 0 {
		list = append(list, conflict)
	}
	return list
}

// renewExample looks for the lowest of the prefixes that a source lost.
func (f *family[A]) renewExample(v *view[A], s *source, k *lost) {
	first := true
	f.announced(s, s.Prefixes, func(i store.Slot) {
		entry := f.store.At(i)
		if !entry.Shared() {
			return
		}
		nlri := f.ops.NLRI(entry.Key())
		if !first && nlri.Compare(k.example) >= 0 {
			return
		}
		f.losers(v, f.store.Head(entry.Key()), func(l loser) {
			if l.source == s && !l.union && slices.Equal(l.self, k.self) {
				k.example, k.winner, first = nlri, l.winner.Name, false
			}
		})
	})
	k.stale = false
}

// tooLong calls yield for the ranges of a source whose prefixes are longer than there is room for.
func (f *family[A]) tooLong(s *source, room int, yield func(store.Span[A])) {
	var long []store.Span[A]
	for r := range f.spans(s.Announcement, s.Prefixes) {
		if f.ops.Len(r.First()) > room {
			long = append(long, r)
		}
	}
	// Ranges of one length are nested or apart: sorted, only the last that counted can hold the next.
	slices.SortFunc(long, f.ops.CompareSpans)
	var last store.Span[A]
	for i, r := range long {
		if i == 0 || !f.ops.Covers(last, r) {
			yield(r)
			last = r
		}
	}
}

// example is the first prefix of the family that an announcement lists.
func (f *family[A]) example(a *Announcement) wire.NLRI {
	for r := range f.spans(a, a.Prefixes) {
		return f.ops.NLRI(r.First())
	}
	return wire.NLRI{}
}

// loser is a source whose route of a prefix could be sent if another, the winner, were not.
type loser struct {
	source, winner *source
	// union: the winner's attribute set is its own too, so that each peer has the route of both. self is the next hop self of the
	// sessions whose peers have it though the sets are different.
	union bool
	self  []netip.Addr
}

// losers calls yield for the losers of a prefix.
func (f *family[A]) losers(v *view[A], head store.Slot, yield func(loser)) {
	for i := head; i != store.NoSlot; i = f.store.Next(i) {
		e := f.store.At(i)
		if e.Dead() || !v.members.has(e.Number()) {
			continue
		}
		s := f.table.sources[e.Number()]
		set, _ := v.offer(s)
		if set == nil || !f.fits(v.profile, set, e.Key()) {
			continue
		}
		if sent, winner := f.winner(v.profile, v.members, head, v.path(s)); winner != s {
			yield(loser{source: s, winner: winner, union: sent == set, self: sent.SameWith(set)})
		}
	}
}
