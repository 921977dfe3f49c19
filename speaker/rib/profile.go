// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// profileKey is all that decides how an announcement is encoded for a session in one family, but for the defaults: the wire
// key of an update group.
type profileKey struct {
	family      wire.Family
	external    bool
	localASN    uint32
	as4         bool
	maxLen      int
	addPath     bool
	self        nextHopForm
	extended    bool // RFC 8950
	linkLocal   bool // a link-local next hop may stand alone
	otc         uint32
	withholdOTC bool
	// refuses: the defaults name the peer itself as next hop, which must not be (RFC 4271 §5.1.3).
	refuses bool
	// paced is the session itself where its rate is limited: it waits alone, and holds up nobody.
	paced *Out
}

// nextHopForm is what next hop self is made of.
type nextHopForm uint8

const (
	noNextHop      nextHopForm = iota
	ipv4NextHop                // 4 octets
	ipv6NextHop                // 16 octets
	ipv6LinkLocals             // a global address and a link-local one, 32 octets
)

func formOf(self []netip.Addr) nextHopForm {
	switch {
	case len(self) == 0:
		return noNextHop
	case len(self) == 2:
		return ipv6LinkLocals
	case self[0].Is4():
		return ipv4NextHop
	}
	return ipv6NextHop
}

// placeholder stands for next hop self in messages that sessions share.
func (n nextHopForm) placeholder() []netip.Addr {
	switch n {
	case ipv4NextHop:
		return []netip.Addr{netip.IPv4Unspecified()}
	case ipv6LinkLocals:
		return []netip.Addr{netip.IPv6Unspecified(), netip.IPv6Unspecified()}
	}
	return []netip.Addr{netip.IPv6Unspecified()}
}

// profile is how announcements are encoded for all sessions with one key and one set of defaults.
type profile struct {
	key      profileKey
	params   Params
	defaults Attributes
	guard    *Guard
	// pathLen is how many octets of path identifier a prefix has, maxNLRI how many octets it has at most, with that.
	pathLen, maxNLRI int
	// placeholder stands for next hop self.
	placeholder []netip.Addr
	// offers are what a session could send of each source, by its number; nil where that was not asked for yet.
	offers []*attributeSet
	sets   map[string]*attributeSet
	// refusals are those that stand for a reason.
	refusals map[Reason]*attributeSet
	// views that use it.
	views int

	// scratch is for one encoding after the other.
	scratch struct {
		merged     Attributes
		attributes wire.Attributes
		key        []byte
	}
}

// profileOf is the profile of a session with this export.
func (f *family[A]) profileOf(c *cursor[A], e *exported) *profile {
	if p := c.view.profile; p.defaults.Equal(&e.Defaults) && p.guard.Equal(e.Guard) && (p.key.paced != nil) == (e.RatePerSecond > 0) {
		return p // all else that decides stays while the session lasts
	}
	return f.profileFor(c.out, e)
}

// profileFor finds or makes the profile of sessions with these parameters and defaults.
func (f *family[A]) profileFor(o *Out, e *exported) *profile {
	p, defaults := &o.params, &e.Defaults
	k := profileKey{
		family: f.ops.Family, external: p.External, localASN: p.LocalASN, as4: p.AS4, maxLen: p.MaxLen,
		addPath: slices.Contains(p.AddPath, f.ops.Family), self: formOf(p.nextHopSelf(f.ops.Family)),
		extended: p.ExtendedNextHop, linkLocal: p.LinkLocalNextHop, otc: p.OTC, withholdOTC: p.WithholdOTC,
	}
	asked := p.asked(f.ops.Family, defaults)
	k.refuses = asked.IsValid() && asked == p.PeerAddress
	if e.RatePerSecond > 0 {
		k.paced = o
	}
	for _, known := range f.profiles {
		if known.key == k && known.defaults.Equal(defaults) && known.guard.Equal(e.Guard) {
			return known
		}
	}
	made := &profile{
		key: k, params: *p, defaults: *defaults, guard: e.Guard, maxNLRI: f.ops.MaxLen,
		placeholder: k.self.placeholder(), sets: map[string]*attributeSet{}, refusals: map[Reason]*attributeSet{},
	}
	made.params.PeerAddress = netip.Addr{} // sessions of a profile have different peers: see refuse
	if k.addPath {
		made.pathLen = wire.PathIDLen
		made.maxNLRI += wire.PathIDLen
	}
	f.profiles = append(f.profiles, made)
	return made
}

// path is the path identifier that routes of a source have, 0 where there are none.
func (p *profile) path(s *source) uint32 {
	if p.key.addPath {
		return s.PathID
	}
	return 0
}

// offer returns what sessions of the profile are sent of a source: nil and why, where that is nothing.
func (p *profile) offer(s *source) (*attributeSet, Reason) {
	if int(s.number) >= len(p.offers) {
		p.offers = append(p.offers, make([]*attributeSet, int(s.number)+1-len(p.offers))...)
	}
	o := p.offers[s.number]
	if o == nil {
		o = p.make(s.Announcement)
		p.offers[s.number] = o
	}
	if o.reason != "" {
		return nil, o.reason
	}
	return o, ""
}

// refusal is an offer of nothing.
func (p *profile) refusal(reason Reason) *attributeSet {
	if p.refusals[reason] == nil {
		p.refusals[reason] = &attributeSet{reason: reason}
	}
	return p.refusals[reason]
}

func (p *profile) make(a *Announcement) *attributeSet {
	if !p.guard.permits(a, p.key.family) {
		return p.refusal(ReasonGuardRefused)
	}
	attributes := &p.scratch.merged
	inherit(attributes, &a.Attributes, &p.defaults)
	nextHop, ok := p.params.nextHop(p.key.family, attributes)
	switch {
	case !ok, nextHop == nil && p.key.self == noNextHop,
		p.key.refuses && p.params.asked(p.key.family, attributes) == p.params.asked(p.key.family, &p.defaults):
		return p.refusal(ReasonNoNextHop)
	case p.key.withholdOTC && slices.ContainsFunc(attributes.Raw, func(r wire.RawAttribute) bool { return r.Type == wire.AttrOTC }):
		return p.refusal(ReasonOnlyToCustomer) // RFC 9234 §5, egress 2
	}
	set := p.intern(attributes, nextHop)
	if set.room < 1+p.pathLen { // RFC 4271 §9.2: what fits no message is not sent; the shortest prefix takes one octet
		p.release(set)
		return p.refusal(ReasonTooLong)
	}
	return set
}

// encoded is what sessions of the profile send of a source, but for the next hop.
func (p *profile) encoded(s *source) *wire.Attributes {
	inherit(&p.scratch.merged, &s.Attributes, &p.defaults)
	encoded := &wire.Attributes{}
	p.params.encode(encoded, &p.scratch.merged)
	return encoded
}

// forget drops the offer of a source whose announcement changed or went.
func (p *profile) forget(number uint32) {
	if int(number) < len(p.offers) {
		if set := p.offers[number]; set != nil && set.reason == "" {
			p.release(set)
		}
		p.offers[number] = nil
	}
}

func (p *profile) release(s *attributeSet) {
	if s.offers--; s.offers == 0 {
		delete(p.sets, s.key)
	}
}

// forget drops what is known of a source's encoding.
func (f *family[A]) forget(number uint32) {
	for _, p := range f.profiles {
		p.forget(number)
	}
}
