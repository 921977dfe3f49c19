// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/internal/store"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Report says what the peer was sent. Its slices must not be modified.
func (o *Out) Report() Report { return *o.report.Load() }

// prepareReport makes the report about the newest export, once all of it is handed out.
func (o *Out) prepareReport() {
	if o.detached || o.reported == o.export || o.due() {
		return
	}
	o.reported = o.export
	o.prepared = &Report{Token: o.export.Token, Withheld: o.withheld()}
	for _, c := range o.cursors {
		o.prepared.Announced = append(o.prepared.Announced, c.count())
	}
}

// promote publishes the report that was prepared, once all that was handed out is written. It reports whether the content
// changed.
func (o *Out) promote() bool {
	newest := o.prepared
	if o.inFlight || newest == nil {
		return false
	}
	o.prepared = nil
	if newest.equal(o.report.Load()) {
		return false
	}
	o.report.Store(newest)
	return true
}

// equal reports whether two reports have the same content.
func (r *Report) equal(other *Report) bool {
	return equalTokens(r.Token, other.Token) &&
		slices.Equal(r.Withheld, other.Withheld) && slices.Equal(r.Announced, other.Announced)
}

// withholding is what is withheld, by the numbers of the sources.
type withholding map[uint32][]Withheld

// add counts prefixes of a source under a reason. The example is the lowest.
func (w withholding) add(s *source, one Withheld) {
	list := w[s.number]
	for i := range list {
		if known := &list[i]; known.Reason == one.Reason {
			known.Prefixes += one.Prefixes
			if one.Example.Compare(known.Example) < 0 {
				known.Example, known.Winner = one.Example, one.Winner
			}
			return
		}
	}
	one.Announcement = s.Announcement
	w[s.number] = append(list, one)
}

// withheld is the list for the report, in the order of the export.
func (o *Out) withheld() []Withheld {
	w := withholding{}
	o.table.four.notNegotiated(o, w)
	o.table.six.notNegotiated(o, w)
	for _, c := range o.cursors {
		c.withheld(w)
	}
	if len(w) == 0 {
		return nil
	}
	sources := make([]*source, 0, len(w))
	for number := range w {
		sources = append(sources, o.table.sources[number])
	}
	slices.SortFunc(sources, func(a, b *source) int { return a.Announcement.Compare(b.Announcement) })
	list := make([]Withheld, 0, len(w))
	for _, s := range sources {
		list = append(list, w[s.number]...)
	}
	return list
}

// notNegotiated adds the prefixes of the family if the session does not have it.
func (f *family[A]) notNegotiated(o *Out, w withholding) {
	if slices.Contains(o.params.Families, f.ops.Family) {
		return
	}
	f.eachSource(o.export.members, func(s *source) {
		w.add(s, Withheld{Reason: ReasonFamilyNotNegotiated, Prefixes: f.live(s), Example: f.example(s)})
	})
}

// withheld adds what is kept back from the session in the family.
func (c *cursor[A]) withheld(w withholding) {
	f := c.family
	for number, list := range f.summary(c.view).withheld {
		w[number] = append(w[number], list...)
	}
	f.eachSource(c.out.export.refused, func(s *source) {
		w.add(s, Withheld{Reason: ReasonGuardRefused, Prefixes: f.live(s), Example: f.example(s)})
	})
	for number := range f.namingPeer(c.out) {
		if s := f.table.sources[number]; c.out.export.members.has(number) && f.live(s) > 0 {
			w.add(s, Withheld{Reason: ReasonNoNextHop, Prefixes: f.live(s), Example: f.example(s)})
		}
	}
}

// count is how many routes of the family the session has.
func (c *cursor[A]) count() FamilyCount {
	return FamilyCount{Family: c.family.ops.Family, Routes: c.family.summary(c.view).routes}
}

// eachSource calls yield for the sources among m that announce something of the family.
func (f *family[A]) eachSource(m members, yield func(*source)) {
	for n := range m.all() {
		if s := f.table.sources[n]; f.live(s) > 0 {
			yield(s)
		}
	}
}

// summary is what the sessions of a view are sent, and what is kept back from all of them.
type summary struct {
	update   uint64 // that it is about
	routes   int
	withheld withholding
}

// summary of the newest configuration.
func (f *family[A]) summary(v *view[A]) *summary {
	if v.summed != nil && v.summed.update == f.table.updates {
		return v.summed
	}
	sum := &summary{update: f.table.updates, withheld: withholding{}}
	f.eachSource(v.members, func(s *source) {
		set, reason := v.offer(s)
		if set == nil {
			sum.withheld.add(s, Withheld{Reason: reason, Prefixes: f.live(s), Example: f.example(s)})
			return
		}
		sum.routes += f.live(s)
		if set.Room < v.maxNLRI {
			f.tooLong(s, set.Room-v.pathLen, func(r PrefixRange) {
				sum.routes -= r.count()
				sum.withheld.add(s, Withheld{Reason: ReasonTooLong, Prefixes: r.count(), Example: r.first()})
			})
		}
	})
	for head := range f.conflicts {
		example := f.ops.Prefix(f.store.At(head).Key())
		f.losers(v, head, func(s, winner *source) {
			sum.routes--
			sum.withheld.add(s, Withheld{Reason: ReasonConflict, Prefixes: 1, Example: example, Winner: winner.Name})
		})
	}
	v.summed = sum
	return sum
}

// tooLong calls yield for the ranges of a source whose prefixes are longer than there is room for.
func (f *family[A]) tooLong(s *source, room int, yield func(PrefixRange)) {
	var long []PrefixRange
	for r := range f.ranges(s.Prefixes) {
		if wire.PrefixLen(r.first()) > room {
			long = append(long, r)
		}
	}
	// Ranges of one length are nested or apart: sorted, only the last that counted can hold the next.
	slices.SortFunc(long, compareRanges)
	var last PrefixRange
	for i, r := range long {
		if i == 0 || !last.covers(r) {
			yield(r)
			last = r
		}
	}
}

// example is the first prefix of the family that a source lists.
func (f *family[A]) example(s *source) netip.Prefix {
	for r := range f.ranges(s.Prefixes) {
		return r.first()
	}
	return netip.Prefix{}
}

// losers calls yield for the routes of a prefix that could be sent if another were not.
func (f *family[A]) losers(v *view[A], head store.Slot, yield func(s, winner *source)) {
	for i := head; i != store.NoSlot; i = f.store.Next(i) {
		e := f.store.At(i)
		if e.Dead() || !v.members.has(e.Number()) {
			continue
		}
		s := f.table.sources[e.Number()]
		if set, _ := v.offer(s); set == nil || !f.fits(v.profile, set, e.Key()) {
			continue
		}
		if _, winner := f.winner(v.profile, v.members, head, v.path(s)); winner != s {
			yield(s, winner)
		}
	}
}
