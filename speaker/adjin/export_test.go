// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package adjin

import "testing"

// Busy calls f while the table is locked, as during a change that takes long.
func (t *Table) Busy(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// CheckReferences fails the test if a count of references is wrong.
func (t *Table) CheckReferences(tb testing.TB) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	refs := map[uint32]int{}
	total := 0
	for _, f := range t.families {
		switch f := f.(type) {
		case *family[key4]:
			total += check(tb, f, refs)
		case *family[key6]:
			total += check(tb, f, refs)
		}
	}
	if total != t.total {
		tb.Errorf("%d routes, counted %d", total, t.total)
	}
	if len(refs) != len(t.sets.index) || len(t.sets.list)-len(t.sets.free) != len(refs) {
		tb.Errorf("%d attribute sets in use, %d known, %d of %d free", len(refs), len(t.sets.index), len(t.sets.free), len(t.sets.list))
	}
	size := 0
	for number, n := range refs {
		set := t.sets.list[number]
		size += octetsOfSet(len(set.octets))
		if set.refs != n || t.sets.index[set.octets] != number {
			tb.Errorf("set %d: %d references, want %d", number, set.refs, n)
		}
	}
	if size != t.sets.size || size > t.policy.maxOctets() && !t.policy.Teardown {
		tb.Errorf("attribute sets of %d octets, counted %d, of %d at most", size, t.sets.size, t.policy.maxOctets())
	}
}

func check[K key[K]](tb testing.TB, f *family[K], refs map[uint32]int) int {
	tb.Helper()
	stale, leaks := 0, 0
	for k, e := range f.kept {
		refs[e.set]++
		if e.generation != f.generation {
			stale++
		}
		if leaked(f.table.sets.octets(e.set)) {
			leaks++
		}
		if _, dropped := f.dropped[k]; dropped {
			tb.Errorf("%v is kept and dropped", k.path())
		}
	}
	if stale != f.stale || leaks != f.leaked {
		tb.Errorf("%v: %d stale, counted %d; %d leaked, counted %d", f.family, stale, f.stale, leaks, f.leaked)
	}
	return len(f.kept)
}
