// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"iter"
	"slices"
)

// foreign is what an export has of families that the session does not have. Whoever reads the report spells it out: the table does
// not look at each announcement for it. It is immutable.
type foreign struct {
	announcements *List
	families      []familyTable
}

// foreign finds what the newest export has of families that the session does not have.
func (o *Out) foreign() foreign {
	var found foreign
	for _, f := range o.table.families {
		if o.export.prefixes.of(f.is()) > 0 && !slices.Contains(o.params.Families, f.is()) {
			found.families = append(found.families, f)
		}
	}
	if found.families != nil {
		found.announcements = o.export.sent(o.table)
	}
	return found
}

// sent is the list of the members' announcements.
func (x *exported) sent(t *Table) *List {
	if x.missing == 0 && x.refused == nil {
		return x.Announcements
	}
	var list []*Announcement
	for n := range x.members.all() {
		list = append(list, t.sources[n].Announcement)
	}
	return NewList(list...)
}

func (x *foreign) equal(o *foreign) bool {
	return x.announcements == o.announcements && slices.Equal(x.families, o.families)
}

// of is what is withheld of an announcement, if anything is.
func (x *foreign) of(a *Announcement) (w Withheld, some bool) {
	w = Withheld{Announcement: a, Reason: ReasonFamilyNotNegotiated}
	for _, f := range x.families {
		prefixes, example := f.listed(a)
		if prefixes > 0 && (w.Prefixes == 0 || example.Compare(w.Example) < 0) {
			w.Example = example
		}
		w.Prefixes += prefixes
	}
	return w, w.Prefixes > 0
}

// All yields all that is withheld, in the order of the export. Of a family that the session does not have it yields what each
// announcement lists: a prefix that is listed twice counts twice. It looks at each announcement where there is such a family.
func (r *Report) All() iter.Seq[Withheld] {
	return func(yield func(Withheld) bool) {
		rest := r.Withheld
		for a := range r.foreign.announcements.All() {
			for ; len(rest) > 0 && rest[0].Announcement.Compare(a) < 0; rest = rest[1:] {
				if !yield(rest[0]) {
					return
				}
			}
			if len(rest) > 0 && rest[0].Announcement.Compare(a) == 0 {
				a = rest[0].Announcement // the list may have an equal value in its place
			}
			if w, some := r.foreign.of(a); some && !yield(w) {
				return
			}
		}
		for _, w := range rest {
			if !yield(w) {
				return
			}
		}
	}
}
