// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"slices"
)

// regrant gives a profile a guard that grants some owners something else and is otherwise the same. The profile stays, and only the
// sources of these owners are judged anew.
type regrant struct {
	profile *profile
	sources []*source // of these owners
}

// regrant finds the profiles that get another guard.
func (p *prepared[A]) regrant(u *update) {
	f := p.changes.f
	if !u.renewed {
		return
	}
	for _, q := range f.profiles {
		if q.next = f.nextGuard(u, q); q.next == nil {
			continue
		}
		r := regrant{profile: q}
		for owner := range q.guard.regranted(q.next) {
			for number := range f.table.owners[owner] {
				r.sources = append(r.sources, f.table.sources[number])
			}
		}
		slices.SortFunc(r.sources, func(a, b *source) int { return cmp.Compare(a.number, b.number) })
		p.regrants = append(p.regrants, r)
	}
}

// nextGuard is the guard that all sessions of a profile get, where it differs from theirs in grants alone, else nil. It is nil too
// where another profile has that guard: the sessions go there.
func (f *family[A]) nextGuard(u *update, p *profile) *Guard {
	var next *Guard
	for _, v := range f.views {
		for c := range v.cursors {
			e := u.targets[c.out]
			if v.profile != p {
				break
			}
			if p.guard == nil || e.Guard == nil || !p.suits(e) || next != nil && !next.Equal(e.Guard) {
				return nil
			}
			next = e.Guard
		}
	}
	if next == nil || next.Equal(p.guard) || !next.equalButGrants(p.guard) {
		return nil
	}
	for _, other := range f.profiles {
		if other != p && other.form == p.form && other.paced == p.paced && other.defaults.Equal(&p.defaults) && other.willGuard().Equal(next) {
			return nil
		}
	}
	return next
}

// rejudge marks what sessions are sent of the sources that are judged anew.
func (p *prepared[A]) rejudge(u *update, r regrant, concerned func(n uint32, before bool) []*view[A]) {
	for _, s := range r.sources {
		views := slices.DeleteFunc(concerned(s.number, true), func(v *view[A]) bool { return v.profile != r.profile })
		if len(views) > 0 && u.keeps(s) {
			p.changes.each(s, s.Prefixes, changed, p.exclude(s, views))
		}
	}
}

// apply gives the profile its guard. What it made of the sources is made anew.
func (r regrant) apply() {
	p := r.profile
	p.guard, p.next = p.next, nil
	for _, s := range r.sources {
		p.forget(s.number)
	}
}

// suits reports whether a profile is that of sessions with an export, but for the guard and for what stays as long as a session.
func (p *profile) suits(e *exported) bool {
	return p.defaults.Equal(&e.Defaults) && (p.paced != nil) == (e.RatePerSecond > 0)
}

// willGuard is the guard of the profile after the update that is prepared, if one is.
func (p *profile) willGuard() *Guard { return cmp.Or(p.next, p.guard) }
