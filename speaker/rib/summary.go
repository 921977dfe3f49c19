// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
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
	// lost is how many prefixes another source is sent for, with other attributes. example is the lowest of them with its winner, unless it is stale.
	lost    int
	example wire.NLRI
	winner  string
	stale   bool
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
	if k := sum.withheld[number]; k != nil && k.own.Prefixes == 0 && k.lost == 0 {
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
	f.losers(v, head, func(s, winner *source, union bool) {
		sum.routes--
		if union {
			return
		}
		k, nlri := sum.of(s.number), f.ops.NLRI(f.store.At(head).Key())
		if k.lost++; k.lost == 1 {
			k.stale = false
		}
		if !k.stale && (k.lost == 1 || nlri.Compare(k.example) < 0) {
			k.example, k.winner = nlri, winner.Name
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
	f.losers(v, f.store.Head(key), func(s, _ *source, union bool) {
		sum.routes++
		if union {
			return
		}
		k := sum.withheld[s.number]
		k.lost--
		k.stale = k.stale || f.ops.NLRI(key) == k.example
		sum.tidy(s.number)
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

// withheldOf is what is kept back of a source, by reason.
func (f *family[A]) withheldOf(v *view[A], number uint32) []Withheld {
	s, k := f.table.sources[number], v.summed.withheld[number]
	var list []Withheld
	if k.own.Prefixes > 0 {
		own := k.own
		own.Announcement = s.Announcement
		list = append(list, own)
	}
	if k.lost > 0 {
		if k.stale {
			f.renewExample(v, s, k)
		}
		list = append(list, Withheld{
			Announcement: s.Announcement, Reason: ReasonConflict, Prefixes: k.lost, Example: k.example, Winner: k.winner,
		})
	}
	return list
}

// renewExample looks for the lowest prefix that a source loses.
func (f *family[A]) renewExample(v *view[A], s *source, k *kept) {
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
		f.losers(v, f.store.Head(entry.Key()), func(loser, winner *source, union bool) {
			if loser == s && !union {
				k.example, k.winner, first = nlri, winner.Name, false
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

// losers calls yield for the routes of a prefix that could be sent if another were not. union: the winner's attribute set is theirs
// too, so that the peer has the route of both.
func (f *family[A]) losers(v *view[A], head store.Slot, yield func(s, winner *source, union bool)) {
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
			yield(s, winner, sent == set)
		}
	}
}
