// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import "net/netip"

// attach starts a session in the family.
func (f *family[K]) attach(o *Out) *cursor[K] {
	m := f.refuse(o.export.members, o.params.PeerAddress)
	c := &cursor[K]{family: f, out: o, self: nextHopSelf(&o.params, f.ops.family), mayHold: append(members(nil), m...)}
	c.view = f.viewFor(f.profileFor(&o.params, &o.export.Defaults), m)
	c.view.cursors[c] = struct{}{}
	return c
}

// profileOf is the profile of a session with these defaults.
func (f *family[K]) profileOf(c *cursor[K], defaults *Attributes) *profile {
	if p := c.view.profile; p.defaults.Equal(defaults) {
		return p // all else that decides stays while the session lasts
	}
	return f.profileFor(&c.out.params, defaults)
}

// profileFor finds or makes the profile of sessions with these parameters and defaults.
func (f *family[K]) profileFor(p *Params, defaults *Attributes) *profile {
	k := profileKey{
		family: f.ops.family, external: p.External, localASN: p.LocalASN, as4: p.AS4, maxLen: p.MaxLen,
		self: len(nextHopSelf(p, f.ops.family)),
	}
	nextHop := defaults.nextHop(f.ops.family)
	k.refuses = nextHop.IsValid() && nextHop.WithZone("") == p.PeerAddress
	for _, known := range f.profiles {
		if known.key == k && known.defaults.Equal(defaults) {
			return known
		}
	}
	made := &profile{key: k, params: *p, defaults: *defaults, sets: map[string]*attributeSet{}}
	made.params.PeerAddress = netip.Addr{} // sessions of a profile have different peers: see refuse
	f.profiles = append(f.profiles, made)
	return made
}

// forget drops what is known of a source's encoding.
func (f *family[K]) forget(number uint32) {
	for _, p := range f.profiles {
		p.forget(number)
	}
}
