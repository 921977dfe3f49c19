// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// familyTable is the table of one address family, whatever its keys are: what a Table asks of it.
type familyTable interface {
	is() wire.Family
	// attach starts a session in the family.
	attach(*Out) reader
	// prepare finds what an update changes, while everything is as it was.
	prepare(*update) preparation
	// reclaim frees the tombstones that every session has been told of.
	reclaim()
	// name notes the next hops that the announcement of a source names, unname forgets them.
	name(number uint32, a *Attributes)
	unname(*source)
	// forget drops what is known of a source's encoding, renew that of the profile that no view uses.
	forget(number uint32)
	renew()
	// judgedOtherwise reports whether a guard judges another announcement of a source otherwise than the one that it has.
	judgedOtherwise(s *source, next *Announcement) bool
	// listed is how many prefixes of the family the ranges of an announcement stand for, with the first. It needs no lock.
	listed(*Announcement) (prefixes int, example wire.NLRI)
	// size is how many entries and tombstones there are.
	size() (entries, graves int)
	// unused reports whether it has neither sessions nor entries.
	unused() bool
}

// preparation is an update of one family that is ready to be applied.
type preparation interface{ apply(*update) }

// kind is a family that a table can have.
type kind struct {
	family wire.Family
	table  func(*Table) familyTable
}

func kindOf[A comparable](ops *familyOps[A]) kind {
	return kind{ops.Family, func(t *Table) familyTable { return newFamily(t, ops) }}
}

// kinds are the families that every table can have. Those of unicast it has always, others as long as an announcement or a session has
// them.
var kinds = []kind{kindOf(&ops4), kindOf(&ops6)}

// of returns the table of a family, a new one where there was none; nil for a family that this table cannot have.
func (t *Table) of(f wire.Family) familyTable {
	for _, table := range t.families {
		if table.is() == f {
			return table
		}
	}
	for _, k := range t.kinds {
		if k.family == f {
			return t.add(k)
		}
	}
	return nil
}

// add makes the table of a family. The order of tables is that of families.
func (t *Table) add(k kind) familyTable {
	made := k.table(t)
	t.families = append(t.families, made)
	slices.SortFunc(t.families, func(a, b familyTable) int {
		x, y := a.is(), b.is()
		return cmp.Or(cmp.Compare(x.SAFI, y.SAFI), cmp.Compare(x.AFI, y.AFI))
	})
	for _, s := range t.sources {
		if s != nil && s.wanted && s.safi == k.family.SAFI {
			made.name(s.number, &s.Attributes)
		}
	}
	return made
}

// need sees to it that the families of an announcement are there.
func (t *Table) need(a *Announcement) {
	for _, k := range t.kinds {
		if k.family.SAFI == a.safi() {
			t.of(k.family)
		}
	}
}

// reclaim frees what no session has to be told of any more.
func (t *Table) reclaim() {
	for _, f := range t.families {
		f.reclaim()
	}
	t.families = slices.DeleteFunc(t.families, func(f familyTable) bool { return f.is().SAFI != wire.SAFIUnicast && f.unused() })
}

// size is how many entries and tombstones there are.
func (t *Table) size() (entries, graves int) {
	for _, f := range t.families {
		e, g := f.size()
		entries, graves = entries+e, graves+g
	}
	return entries, graves
}

func (f *family[A]) is() wire.Family { return f.ops.Family }

func (f *family[A]) size() (entries, graves int) { return f.store.Used(), len(f.dead) }

func (f *family[A]) unused() bool { return len(f.views) == 0 && f.store.Used() == 0 }

// indexOf is the place of a family in what a source keeps by family: its families have one SAFI and differ in their AFI.
func indexOf(f wire.Family) int {
	if f.AFI == wire.AFIIPv6 {
		return 1
	}
	return 0
}
