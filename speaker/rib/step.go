// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"slices"
)

// placedMark is a mark with the place of a withdrawal, its own or the first that it goes before.
type placedMark struct {
	mark
	place int32
}

// placedGroup is a message of announcements with the first place of its marks.
type placedGroup struct {
	group
	place int32
}

// inPlace returns marks with their places, in the order of those.
func inPlace(marks []mark, places []int32) []placedMark {
	list := make([]placedMark, len(places))
	for i, place := range places {
		list[i] = placedMark{marks[i], place}
	}
	slices.SortStableFunc(list, func(a, b placedMark) int { return cmp.Compare(a.place, b.place) })
	return list
}

// messages splits a group into messages, in the order of the places of its marks. So one that has to go takes along what it can.
func (f *family[A]) messages(v *view[A], g group, places []int32) (list []placedGroup) {
	for marks := inPlace(g.marks, places); len(marks) > 0; {
		n, octets := 0, 0
		for n < len(marks) {
			octets += v.pathLen + f.ops.Len(f.store.At(marks[n].at).Key())
			if octets > g.set.Room && n > 0 {
				break
			}
			n++
		}
		list = append(list, placedGroup{group{g.set, g.first, bare(marks[:n])}, marks[0].place})
		marks = marks[n:]
	}
	return list
}

func bare(list []placedMark) []mark {
	marks := make([]mark, len(list))
	for i, m := range list {
		marks[i] = m.mark
	}
	return marks
}

// steps has each withdrawal follow the last of the messages that cover it, within a number of them. The withdrawals are in order.
func steps(covers []placedGroup, covered []placedMark, size int) (first step, later []step) {
	slices.SortStableFunc(covers, func(a, b placedGroup) int { return cmp.Compare(a.place, b.place) })
	for len(covers) > 0 {
		var s step
		n := min(len(covers), size)
		for _, g := range covers[:n] {
			if last := len(s.covers) - 1; last >= 0 && s.covers[last].set == g.set {
				s.covers[last].marks = append(s.covers[last].marks, g.marks...)
			} else {
				s.covers = append(s.covers, g.group)
			}
		}
		covers, n = covers[n:], len(covered)
		if len(covers) > 0 {
			n = slices.IndexFunc(covered, func(m placedMark) bool { return m.place >= covers[0].place })
		}
		if n < 0 {
			n = len(covered)
		}
		s.covered, covered = bare(covered[:n]), covered[n:]
		later = append(later, s)
	}
	return later[0], later[1:]
}
