// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"testing"
)

// listModel is the oracle: a slice that is sorted anew after each edit.
type listModel []*Announcement

func (m listModel) without(a *Announcement) listModel {
	return slices.DeleteFunc(slices.Clone(m), func(b *Announcement) bool { return a.Compare(b) == 0 })
}

func (m listModel) with(a *Announcement) listModel {
	m = append(m.without(a), a)
	slices.SortFunc(m, (*Announcement).Compare)
	return m
}

// published is a list as it was when it was returned.
type published struct {
	list  *List
	model listModel
	hash  uint64
}

// hashOf hashes the pointers in a list, with the places where chunks begin.
func hashOf(l *List) uint64 {
	var h maphash.Hash
	h.SetSeed(listSeed)
	for _, c := range l.chunks {
		maphash.WriteComparable(&h, c)
		for _, a := range c.announcements {
			maphash.WriteComparable(&h, a)
		}
	}
	return h.Sum64()
}

var listSeed = maphash.MakeSeed()

// someAnnouncement is one of few, so that ages, names and IDs are equal often.
func someAnnouncement(rnd *rand.Rand) *Announcement {
	names := []string{"a/x", "a-b/x", "a/y", "b/x"}
	return &Announcement{Age: rnd.Int64N(5) - 2, Name: names[rnd.IntN(len(names))], ID: fmt.Sprint(rnd.IntN(6))}
}

func checkList(t *testing.T, l *List, want listModel) {
	t.Helper()
	if got := slices.Collect(l.All()); !slices.Equal(got, want) || l.Len() != len(want) {
		t.Fatalf("list of %d: %v, want %v", l.Len(), got, want)
	}
	for i, c := range l.chunks {
		if n := len(c.announcements); n == 0 || n > l.chunkLen() {
			t.Fatalf("chunk of %d announcements, limit %d", n, l.chunkLen())
		}
		if i > 0 && len(l.chunks[i-1].announcements)+len(c.announcements) <= l.chunkLen()/2 {
			t.Fatalf("chunks of %d and %d announcements are not joined, limit %d", len(l.chunks[i-1].announcements), len(c.announcements), l.chunkLen())
		}
	}
	for _, a := range want {
		if other := *a; !l.Has(a) || l.Has(&other) {
			t.Fatalf("has %v: %v, another value of it: %v", a, l.Has(a), l.Has(&other))
		}
	}
}

// checkDiff applies the difference of two lists to the first, in any order.
func checkDiff(t *testing.T, a, b published) {
	t.Helper()
	got := slices.Clone(a.model)
	var come []*Announcement
	Diff(a.list, b.list, func(x *Announcement) {
		i := slices.Index(got, x)
		if i < 0 {
			t.Fatalf("%v is gone, and was not there", x)
		}
		got = slices.Delete(got, i, i+1)
	}, func(x *Announcement) {
		if slices.Contains(a.model, x) {
			t.Fatalf("%v comes, and was there", x)
		}
		come = append(come, x)
	})
	for _, x := range come {
		got = got.with(x)
	}
	if !slices.Equal(got, b.model) {
		t.Fatalf("difference leads to %v, want %v", got, b.model)
	}
}

// TestListHistories edits lists at random and compares them with a sorted slice: what they hold, the difference of any two of
// them, and that no edit changes a list that was returned.
func TestListHistories(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		list := newList(2+rnd.IntN(7), nil)
		history := []published{{list, nil, hashOf(list)}}
		for range 60 {
			from := history[len(history)-1]
			if rnd.IntN(4) == 0 {
				from = history[rnd.IntN(len(history))] // several lists may come from one
			}
			e, model := from.list.Edit(), from.model
			for edits := rnd.IntN(30); edits >= 0; edits-- {
				switch a := someAnnouncement(rnd); {
				case rnd.IntN(5) == 0 && len(model) > 0:
					e.Put(model[rnd.IntN(len(model))])
				case rnd.IntN(5) < 2:
					e.Delete(a)
					model = model.without(a)
				default:
					e.Put(a)
					model = model.with(a)
				}
				if rnd.IntN(10) == 0 {
					history = append(history, published{e.List(), model, hashOf(e.List())})
				}
			}
			l := e.List()
			if l != e.List() || l.Edit().List() != l {
				t.Fatal("no edit leads to another list")
			}
			checkList(t, l, model)
			history = append(history, published{l, model, hashOf(l)})
			checkDiff(t, history[rnd.IntN(len(history))], history[rnd.IntN(len(history))])
			checkDiff(t, from, history[len(history)-1])
			if same := from.list.Replace(model...); from.list.Replace(from.model...) != from.list || !slices.Equal(slices.Collect(same.All()), model) {
				t.Fatalf("replaced %v by %v, want %v", from.model, slices.Collect(same.All()), model)
			}
		}
		for _, p := range history {
			if checkList(t, p.list, p.model); hashOf(p.list) != p.hash {
				t.Fatalf("seed %d: a list changed after it was returned", seed)
			}
		}
	}
}

// TestListMadeOfAnything makes lists of announcements in any order, some of them twice.
func TestListMadeOfAnything(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var given []*Announcement
		var model listModel
		for range rnd.IntN(600) {
			a := someAnnouncement(rnd)
			a.Age = rnd.Int64N(100)
			given, model = append(given, a), model.with(a)
		}
		before := slices.Clone(given)
		checkList(t, NewList(given...), model)
		if !slices.Equal(given, before) {
			t.Fatal("the order of what was given changed")
		}
	}
	for _, l := range []*List{nil, {}} {
		e := l.Edit()
		for range 3 * listChunkLen {
			e.Put(&Announcement{Age: rnd.Int64()})
		}
		if got := e.List(); got.Len() != 3*listChunkLen || len(got.chunks) < 3 {
			t.Fatalf("%d announcements in %d chunks", got.Len(), len(got.chunks))
		}
	}
	var none *List
	none.Edit().Delete(&Announcement{})
	if checkList(t, none.Edit().List(), nil); none.Len() != 0 || none.Has(&Announcement{}) || len(slices.Collect(none.All())) != 0 {
		t.Fatal("the nil list is not empty")
	}
}

// TestListOrder has the namespace decide before the name, and the order be total.
func TestListOrder(t *testing.T) {
	want := []*Announcement{
		{Age: -1, Name: "z/z", ID: "9"}, {Name: "a/x", ID: "1"}, {Name: "a/x", ID: "1#part"}, {Name: "a/y", ID: "0"},
		{Name: "a-b/x", ID: "0"}, {Name: "ab/x", ID: "0"}, {Age: 1, Name: "a/x", ID: "1"},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, (*Announcement).Compare)
	if !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i, a := range want {
		for j, b := range want {
			if c := a.Compare(b); (c < 0) != (i < j) || (c == 0) != (i == j) {
				t.Fatalf("%v and %v compare as %d", a, b, c)
			}
		}
	}
}

// TestListCosts counts what edits and comparisons do: an edit copies one chunk, and a comparison looks at what differs, at the rest
// of its chunk, and once at each other chunk.
func TestListCosts(t *testing.T) {
	for _, n := range []int{1000, 10_000} {
		var all []*Announcement
		for i := range n {
			all = append(all, &Announcement{Age: int64(i), ID: fmt.Sprint(i)})
		}
		list := NewList(all...)
		if got, want := len(list.chunks), (n+listChunkLen-1)/listChunkLen; got != want {
			t.Fatalf("%d announcements in order fill %d chunks, want %d", n, got, want)
		}
		for _, at := range []int{0, n / 2, n - 1} {
			changed := *all[at]
			for name, edit := range map[string]func(e *Editor){
				"put": func(e *Editor) { e.Put(&changed) },
				"put twice": func(e *Editor) {
					e.Put(&changed)
					e.Put(&Announcement{Age: int64(at), ID: fmt.Sprint(at), Owner: "another"})
				},
				"insert": func(e *Editor) { e.Put(&Announcement{Age: int64(at), ID: "new"}) },
				"delete": func(e *Editor) { e.Delete(all[at]) },
			} {
				e := list.Edit()
				edit(e)
				next := e.List()
				if e.copied != 1 && name != "insert" || e.copied > 1 {
					t.Errorf("%s at %d of %d: %d chunks copied", name, at, n, e.copied)
				}
				nothing := func(*Announcement) {}
				if steps, most := diff(list, next, nothing, nothing, func(_, _ *Announcement) {}), len(next.chunks)+listChunkLen+1; steps > most {
					t.Errorf("%s at %d of %d: %d steps to compare, want %d at most", name, at, n, steps, most)
				}
			}
			e := list.Edit()
			if e.Put(all[at]); e.copied > 0 || e.List() != list {
				t.Errorf("to put what is there makes another list")
			}
		}
	}
}

// TestEqualCountsEachField has announcements be equal only where the precedence and the note are, too.
func TestEqualCountsEachField(t *testing.T) {
	a := Announcement{ID: "a", Note: 1}
	for name, change := range map[string]func(*Announcement){
		"age":                      func(a *Announcement) { a.Age = 1 },
		"note":                     func(a *Announcement) { a.Note = 2 },
		"no note":                  func(a *Announcement) { a.Note = nil },
		"note that has no equal":   func(a *Announcement) { a.Note = []int{1} },
		"path identifier":          func(a *Announcement) { a.PathID = 1 },
		"owner":                    func(a *Announcement) { a.Owner = "b" },
		"what prefixes come to":    func(a *Announcement) { a.Prefixes = NewPrefixes(PrefixRange{}) },
		"attributes of any length": func(a *Announcement) { a.Attributes.ASPath = []uint32{} },
	} {
		b := a
		if same := b; !same.Equal(&a) {
			t.Fatal("a copy is not equal")
		}
		if change(&b); b.Equal(&a) {
			t.Errorf("%s: another one is equal", name)
		}
	}
	if none := (&Announcement{}); !none.Equal(&Announcement{}) {
		t.Error("two without a note are not equal")
	}
}
