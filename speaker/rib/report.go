// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import "slices"

// Report says what the peer was sent. Its slices must not be modified.
func (o *Out) Report() Report { return *o.report.Load() }

// prepareReport makes the report about the newest export, once all of it is handed out.
func (o *Out) prepareReport() {
	if o.detached || o.reported == o.export || o.due() {
		return
	}
	o.reported = o.export
	o.prepared = &Report{Token: o.export.Token, Withheld: o.withheld(), foreign: o.foreign()}
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
		slices.Equal(r.Withheld, other.Withheld) && slices.Equal(r.Announced, other.Announced) &&
		r.foreign.equal(&other.foreign)
}

// withholding is what is withheld, by the numbers of the sources.
type withholding map[uint32][]Withheld

// add notes what is withheld of a source for a reason, in all or in one family.
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

// withheld adds what is kept back from the session in the family.
func (c *cursor[A]) withheld(w withholding) {
	f := c.family
	sum := f.summary(c.view)
	for number := range sum.withheld {
		if list := f.withheldOf(c.view, number, c.self); len(list) > 0 {
			w[number] = append(w[number], list...)
		}
	}
	f.eachSource(c.out.export.refused, func(s *source) {
		w.add(s, Withheld{Reason: ReasonGuardRefused, Prefixes: f.live(s), Example: f.example(s.Announcement)})
	})
	for number := range f.namingPeer(c.out) {
		if s := f.table.sources[number]; c.out.export.members.has(number) && f.live(s) > 0 {
			w.add(s, Withheld{Reason: ReasonNoNextHop, Prefixes: f.live(s), Example: f.example(s.Announcement)})
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
