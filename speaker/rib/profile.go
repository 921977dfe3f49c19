// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"slices"

	"github.com/herald-bgp/herald/speaker/rib/encode"
	"github.com/herald-bgp/herald/speaker/wire"
)

// profile is how announcements are encoded for all sessions with one form, one set of defaults and one guard.
type profile struct {
	form     encode.Form
	defaults Attributes
	guard    *Guard
	// next is the guard that takes its place, while an update is prepared: see regrant.
	next *Guard
	// paced is the session itself where its rate is limited. It has the profile for itself, so that no other session waits with it.
	paced   *Out
	encoder *encode.Encoder
	// pathLen is how many octets of path identifier a prefix has, maxNLRI how many octets it has at most, with that.
	pathLen, maxNLRI int
	// offers say what a session could send of each source, by the source's number; nil where nobody has asked yet.
	offers []*encode.Set
	// views that use it.
	views int
}

// profileOf is the profile of a session with this export.
func (f *family[A]) profileOf(c *cursor[A], e *exported) *profile {
	if p := c.view.profile; p.suits(e) && p.willGuard().Equal(e.Guard) {
		return p // all else that decides stays while the session lasts
	}
	return f.profileFor(c.out, e)
}

// profileFor finds or makes the profile of sessions with these parameters and defaults.
func (f *family[A]) profileFor(o *Out, e *exported) *profile {
	form := encode.FormOf(f.ops.Family, &o.params, &e.Defaults)
	var paced *Out
	if e.RatePerSecond > 0 {
		paced = o
	}
	for _, known := range f.profiles {
		if known.form == form && known.paced == paced && known.suits(e) && known.willGuard().Equal(e.Guard) {
			return known
		}
	}
	made := &profile{
		form: form, defaults: e.Defaults, guard: e.Guard, paced: paced, encoder: encode.NewEncoder(form, &o.params, &e.Defaults),
		pathLen: form.PathLen(), maxNLRI: form.PathLen() + f.ops.MaxLen,
	}
	f.profiles = append(f.profiles, made)
	return made
}

// path is the path identifier that routes of a source have, 0 where there are none.
func (p *profile) path(s *source) uint32 {
	if p.form.AddPath {
		return s.PathID
	}
	return 0
}

// offer returns what sessions of the profile are sent of a source, or nil and the reason why nothing is sent.
func (p *profile) offer(s *source) (*encode.Set, Reason) {
	if int(s.number) >= len(p.offers) {
		p.offers = append(p.offers, make([]*encode.Set, int(s.number)+1-len(p.offers))...)
	}
	o := p.offers[s.number]
	if o == nil {
		o = p.make(s.Announcement)
		p.offers[s.number] = o
	}
	if o.Reason != encode.Sent {
		return nil, o.Reason
	}
	return o, encode.Sent
}

func (p *profile) make(a *Announcement) *encode.Set {
	if !p.guard.permits(a, p.form.Family) {
		return p.encoder.Refusal(ReasonGuardRefused)
	}
	return p.encoder.Hold(&a.Attributes)
}

// encoded is what sessions of the profile send of a source, but for the next hop.
func (p *profile) encoded(s *source) *wire.Attributes { return p.encoder.Attributes(&s.Attributes) }

// forget drops the offer of a source whose announcement changed or went.
func (p *profile) forget(number uint32) {
	if int(number) < len(p.offers) {
		if set := p.offers[number]; set != nil {
			p.encoder.Release(set)
		}
		p.offers[number] = nil
	}
}

// judgedOtherwise reports whether some guard permits another announcement of a source and refuses the one that it has, or the reverse.
func (f *family[A]) judgedOtherwise(s *source, next *Announcement) bool {
	return slices.ContainsFunc(f.profiles, func(p *profile) bool {
		return p.guard != nil && p.guard.permits(next, p.form.Family) != p.permitted(s)
	})
}

// permitted reports whether the guard permits the announcement that a source has. The offer may not be known yet: nobody asked for it.
func (p *profile) permitted(s *source) bool {
	if int(s.number) < len(p.offers) && p.offers[s.number] != nil {
		return p.offers[s.number].Reason != ReasonGuardRefused
	}
	return p.guard.permits(s.Announcement, p.form.Family)
}

// forget drops what is known of a source's encoding.
func (f *family[A]) forget(number uint32) {
	for _, p := range f.profiles {
		p.forget(number)
	}
}
