// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Form is all that decides how an announcement is encoded for a session in one family, but for the defaults: the wire key of an
// update group.
type Form struct {
	Family      wire.Family
	MaxLen      int // of a message
	AddPath     bool
	external    bool
	localASN    uint32
	as4         bool
	self        nextHopForm
	extended    bool // RFC 8950
	linkLocal   bool // a link-local next hop may stand alone
	sharedLink  bool // a link-local next hop may be named
	otc         uint32
	withholdOTC bool
	// refuses: the defaults name the peer itself as next hop, which must not be (RFC 4271 §5.1.3).
	refuses bool
}

// FormOf is the form of a family in sessions with these parameters and defaults.
func FormOf(f wire.Family, p *Params, defaults *Attributes) Form {
	return Form{
		Family: f, MaxLen: p.MaxLen, AddPath: slices.Contains(p.AddPath, f),
		external: p.External, localASN: p.LocalASN, as4: p.AS4, self: formOf(p.NextHopSelf(f)),
		extended: p.ExtendedNextHop, linkLocal: p.LinkLocalNextHop, otc: p.OTC, withholdOTC: p.WithholdOTC,
		sharedLink: p.SharedLink && (f.AFI == wire.AFIIPv6 || p.ExtendedNextHop),
		refuses:    p.PeerAddress.IsValid() && p.asked(f, defaults).has(p.PeerAddress),
	}
}

// PathLen is how many octets of path identifier an NLRI has (RFC 7911 §3).
func (f *Form) PathLen() int {
	if f.AddPath {
		return wire.PathIDLen
	}
	return 0
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

// Encoder makes attribute sets for all sessions with one form and one set of defaults.
type Encoder struct {
	form     Form
	params   Params
	defaults Attributes
	// placeholder stands for next hop self.
	placeholder []netip.Addr
	sets        map[string]*Set
	// unused are the numbers below numbers that no set has.
	unused  []uint32
	numbers uint32
	// refusals are the sets that stand for a reason.
	refusals map[Reason]*Set

	// scratch is for one encoding after the other.
	scratch struct {
		merged     Attributes
		attributes wire.Attributes
		key        []byte
	}
}

// NewEncoder returns the encoder for sessions with this form, of the parameters and defaults of one of them.
func NewEncoder(form Form, p *Params, defaults *Attributes) *Encoder {
	e := &Encoder{
		form: form, params: *p, defaults: *defaults, placeholder: form.self.placeholder(),
		sets: map[string]*Set{}, refusals: map[Reason]*Set{},
	}
	e.params.PeerAddress = netip.Addr{} // the sessions have different peers
	return e
}

// Refusal is a set that stands for a reason.
func (e *Encoder) Refusal(reason Reason) *Set {
	if e.refusals[reason] == nil {
		e.refusals[reason] = &Set{Reason: reason}
	}
	return e.refusals[reason]
}

// Hold returns the set for what sessions are sent with the attributes of an announcement: the one that there is, or a new one. It has
// one user more, until Release. Where nothing is sent it is a refusal, which has no users.
func (e *Encoder) Hold(a *Attributes) *Set {
	merged := &e.scratch.merged
	inherit(merged, a, &e.defaults)
	nextHop, ok := e.params.NextHop(e.form.Family, merged)
	switch {
	case !ok, nextHop == nil && e.form.self == noNextHop,
		e.form.refuses && e.params.asked(e.form.Family, merged) == e.params.asked(e.form.Family, &e.defaults):
		return e.Refusal(NoNextHop)
	case e.form.withholdOTC && hasRaw(merged.Raw, wire.AttrOTC):
		return e.Refusal(OnlyToCustomer) // RFC 9234 §5, egress 2
	}
	set := e.intern(merged, nextHop)
	if set.Room < 1+e.form.PathLen() { // RFC 4271 §9.2: what fits no message is not sent; the shortest prefix takes one octet
		e.Release(set)
		return e.Refusal(TooLong)
	}
	return set
}

// intern returns the one set for these attributes, with one user more.
func (e *Encoder) intern(a *Attributes, nextHop []netip.Addr) *Set {
	scratch := &e.scratch
	self := nextHop == nil
	if self {
		nextHop = e.placeholder
	}
	e.params.encode(&scratch.attributes, a)
	key, offset := wire.AppendAttributes(scratch.key[:0], &scratch.attributes, wire.EncodeOptions{AS4: e.form.as4})
	length := len(key)
	for _, a := range nextHop {
		key = append(key, a.AsSlice()...)
	}
	key = append(key, byte(len(key)-length)) // so that no block and next hop are as those of another
	scratch.key = key
	s := e.sets[string(key)]
	if s == nil {
		s = &Set{NextHop: nextHop, Self: self, Number: e.number(), key: string(key)}
		s.Block = wire.AttributeBlock{Bytes: s.key[:length], NextHopOffset: offset}
		s.Room = wire.ReachRoom(e.form.Family, s.Block, nextHop, e.form.MaxLen)
		e.sets[s.key] = s
	}
	s.users++
	return s
}

// Release ends one use of a set. The last one forgets it.
func (e *Encoder) Release(s *Set) {
	if s.Reason != Sent {
		return
	}
	if s.users--; s.users == 0 {
		delete(e.sets, s.key)
		e.unused = append(e.unused, s.Number)
	}
}

// number is a number that no set has.
func (e *Encoder) number() uint32 {
	if n := len(e.unused); n > 0 {
		number := e.unused[n-1]
		e.unused = e.unused[:n-1]
		return number
	}
	e.numbers++
	return e.numbers - 1
}

// Numbers is how many numbers sets have had: all are less.
func (e *Encoder) Numbers() int { return int(e.numbers) }

// Sets is how many sets there are that are no refusals.
func (e *Encoder) Sets() int { return len(e.sets) }

// Attributes are what sessions send with the attributes of an announcement, but for the next hop.
func (e *Encoder) Attributes(a *Attributes) *wire.Attributes {
	inherit(&e.scratch.merged, a, &e.defaults)
	encoded := &wire.Attributes{}
	e.params.encode(encoded, &e.scratch.merged)
	return encoded
}
