// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"net/netip"

	"github.com/herald-bgp/herald/speaker/wire"
)

// profileKey is all that decides how an announcement is encoded for a session in one family.
type profileKey struct {
	family   wire.Family
	external bool
	localASN uint32
	as4      bool
	maxLen   int
	// self is how many addresses next hop self has: none, one, or one with a link-local beside it.
	self int
	// refuses: the defaults name the peer itself as next hop, which must not be (RFC 4271 §5.1.3).
	refuses bool
}

// profile is how announcements are encoded for all sessions with one key and one set of defaults.
type profile struct {
	key      profileKey
	params   Params
	defaults Attributes
	offers   []*offer // by the number of the source
	sets     map[string]*attributeSet
	// views that use it.
	views int
}

// offer is what a session could send of an announcement in one family.
type offer struct {
	set    *attributeSet // nil: nothing, for the reason
	reason Reason
}

// offer returns what sessions of the profile are sent of a source.
func (p *profile) offer(s *source) *offer {
	for int(s.number) >= len(p.offers) {
		p.offers = append(p.offers, nil)
	}
	o := p.offers[s.number]
	if o == nil {
		o = p.make(s.Announcement)
		p.offers[s.number] = o
	}
	return o
}

func (p *profile) make(a *Announcement) *offer {
	attributes := a.Attributes.inherit(&p.defaults)
	nextHop, ok := p.nextHop(attributes.nextHop(p.key.family))
	if !ok || p.key.refuses && !a.Attributes.nextHop(p.key.family).IsValid() {
		return &offer{reason: ReasonNoNextHop}
	}
	set := p.intern(&attributes, nextHop)
	if set.room < 1 { // the shortest prefix takes one octet
		p.release(set)
		return &offer{reason: ReasonTooLong}
	}
	return &offer{set: set}
}

// nextHop returns the explicit next hop, or nothing for next hop self, and whether there is one that may be sent.
func (p *profile) nextHop(asked netip.Addr) ([]netip.Addr, bool) {
	if !asked.IsValid() {
		return nil, p.key.self > 0
	}
	nextHop := p.params.nextHop(p.key.family, asked)
	return nextHop, nextHop != nil
}

// forget drops the offer of a source whose announcement changed or went.
func (p *profile) forget(number uint32) {
	if int(number) < len(p.offers) {
		if o := p.offers[number]; o != nil && o.set != nil {
			p.release(o.set)
		}
		p.offers[number] = nil
	}
}

// intern returns the one attribute set for these attributes.
func (p *profile) intern(a *Attributes, nextHop []netip.Addr) *attributeSet {
	encoded := p.params.encode(a)
	block := wire.NewAttributeBlock(encoded, wire.EncodeOptions{AS4: p.key.as4})
	s := newAttributeSet(p.key, encoded, block, nextHop)
	if known := p.sets[s.key]; known != nil {
		s = known
	} else {
		p.sets[s.key] = s
	}
	s.offers++
	return s
}

func (p *profile) release(s *attributeSet) {
	if s.offers--; s.offers == 0 {
		delete(p.sets, s.key)
	}
}

// selfPlaceholder stands for next hop self in messages that sessions share.
func selfPlaceholder(k profileKey) []netip.Addr {
	unspecified := netip.IPv6Unspecified()
	if k.family == wire.IPv4Unicast {
		unspecified = netip.IPv4Unspecified()
	}
	if k.self == 2 {
		return []netip.Addr{unspecified, unspecified}
	}
	return []netip.Addr{unspecified}
}

// nextHop returns what a says of the next hop of a family.
func (a *Attributes) nextHop(f wire.Family) netip.Addr {
	if f == wire.IPv4Unicast {
		return a.NextHop4
	}
	return a.NextHop6
}
