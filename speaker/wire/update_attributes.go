// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// The path attributes of a received UPDATE and their errors: RFC 4271 §6.3,
// RFC 7606 §3 to §5.

package wire

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
)

// maxFaults is the greatest number of errors that are kept of one message.
const maxFaults = 8

// updateParser reads the path attributes of one UPDATE.
type updateParser struct {
	opt UpdateOptions
	u   *Update

	seen               [4]uint64    // a bit for each type
	current            rawAttribute // the attribute that is being read
	nextHopAttribute   rawAttribute // read last, since it may have to be ignored
	as4AggregatorValue Aggregator
	reachable          bool // the message has reachable NLRI
	strongest          Action
	faults             []*AttributeError
}

// rawAttribute is an attribute in the message.
type rawAttribute struct {
	flags uint8
	kind  AttributeType
	whole []byte // with its header
	value []byte
}

// cutAttribute cuts off the first attribute. RFC 7606 §4: too few octets for a
// header, and a length that exceeds what is left, are errors.
func cutAttribute(b []byte) (a rawAttribute, rest []byte, ok bool) {
	if len(b) < 2 {
		return a, nil, false
	}
	a.flags, a.kind = b[0], AttributeType(b[1])
	if len(b) < 3 {
		return a, nil, false
	}
	header, n := 3, int(b[2])
	if a.flags&FlagExtendedLength != 0 {
		if len(b) < 4 {
			return a, nil, false
		}
		header, n = 4, int(binary.BigEndian.Uint16(b[2:]))
	}
	if n > len(b)-header {
		return a, nil, false
	}
	a.whole, a.value = b[:header+n], b[header:header+n]
	return a, b[header+n:], true
}

// parse reads all attributes. The first error that resets the session ends it.
func (p *updateParser) parse(b []byte) {
	for len(b) > 0 && p.strongest < Reset {
		a, rest, ok := cutAttribute(b)
		p.u.attributes++
		p.current = a
		if !ok {
			// RFC 7606 §4: treat-as-withdraw; the rest cannot be divided into attributes.
			p.unread(TreatAsWithdraw, UpdateMalformedAttributeList)
			break
		}
		p.attribute(a)
		b = rest
	}
	if p.strongest == Reset {
		return
	}
	p.finish()
}

// attribute reads one attribute as p.current, unless it repeats an earlier one.
func (p *updateParser) attribute(a rawAttribute) {
	if p.has(a.kind) {
		// RFC 7606 §3 g: all but the first are discarded; an attribute that holds NLRI MUST NOT be repeated.
		p.unread(Discard, UpdateMalformedAttributeList)
		return
	}
	p.seen[a.kind/64] |= 1 << (a.kind % 64)
	if a.kind == AttrNextHop {
		p.nextHopAttribute = a
		return
	}
	p.decode(a)
}

func (p *updateParser) has(t AttributeType) bool {
	return p.seen[t/64]&(1<<(t%64)) != 0
}

// decode checks the flags of an attribute and reads its value.
func (p *updateParser) decode(a rawAttribute) {
	flags, known := a.kind.flags()
	switch {
	case !known:
		p.unknown(a)
	case p.unwanted(a.kind):
		p.fault(Discard, UpdateMalformedAttributeList)
	case a.flags&(FlagOptional|FlagTransitive) != flags:
		// RFC 7606 §3 c: wrong Optional or Transitive flags: treat-as-withdraw; §5.3: attributes that hold NLRI are incorrect then.
		p.unread(TreatAsWithdraw, UpdateAttributeFlags)
	default:
		p.decodeValue(a)
	}
}

func (p *updateParser) decodeValue(a rawAttribute) {
	switch a.kind {
	case AttrOrigin:
		p.origin(a.value)
	case AttrASPath:
		p.asPath(a.value)
	case AttrNextHop:
		p.nextHop(a.value)
	case AttrMED:
		p.med(a.value)
	case AttrLocalPref:
		p.localPref(a.value)
	case AttrAtomicAggregate:
		p.atomicAggregate(a.value)
	case AttrAggregator:
		p.aggregator(a.value)
	case AttrCommunities:
		p.communities(a.value)
	case AttrOriginatorID:
		p.originatorID(a.value)
	case AttrClusterList:
		p.clusterList(a.value)
	case AttrMPReachNLRI:
		p.mpReach(a.value)
	case AttrMPUnreachNLRI:
		p.mpUnreach(a.value)
	case AttrExtendedCommunities:
		p.extendedCommunities(a.value)
	case AttrAS4Path:
		p.as4Path(a.value)
	case AttrAS4Aggregator:
		p.as4Aggregator(a.value)
	case AttrLargeCommunities:
		p.largeCommunities(a.value)
	case AttrOTC:
		p.otc(a.value)
	}
}

// unwanted reports whether this peer must not send the attribute. An unwanted
// attribute is discarded with any value.
func (p *updateParser) unwanted(t AttributeType) bool {
	switch t {
	case AttrLocalPref, AttrOriginatorID, AttrClusterList:
		return p.opt.EBGP // RFC 7606 §7.5, §7.9, §7.10, RFC 4271 §5.1.5: from an external neighbor
	case AttrAS4Path, AttrAS4Aggregator:
		return p.opt.AS4 // RFC 6793 §4.1: from a NEW speaker
	default:
		return false
	}
}

// unknown keeps an attribute that is not understood, transitive or not: Herald
// passes none along.
func (p *updateParser) unknown(a rawAttribute) {
	if a.flags&FlagOptional == 0 {
		// RFC 4271 §6.3: a well-known attribute that is not recognized.
		p.fault(Reset, UpdateUnrecognizedWellKnown)
		return
	}
	p.u.Attributes.Unknown = append(p.u.Attributes.Unknown, RawAttribute{
		Flags: a.flags & (FlagOptional | FlagTransitive | FlagPartial),
		Type:  a.kind,
		Value: a.value,
	})
}

// finish makes the checks that need all attributes.
func (p *updateParser) finish() {
	onlyMP := len(p.u.NLRI) == 0 && p.has(AttrMPReachNLRI)
	// RFC 4760 §3: beside MP_REACH_NLRI alone NEXT_HOP SHOULD be ignored.
	if p.has(AttrNextHop) && !onlyMP {
		p.current = p.nextHopAttribute
		p.decode(p.current)
	}
	p.missing()
	onlyUnreach := p.u.attributes == 1 && p.has(AttrMPUnreachNLRI)
	if p.strongest == TreatAsWithdraw && !p.reachable && !onlyUnreach {
		// RFC 7606 §5.2: attributes without reachable NLRI: there is nothing to
		// treat as withdrawn, and routes may have been lost: session reset.
		p.escalate()
		return
	}
	if !p.opt.AS4 {
		p.mergeAS4()
	}
}

// missing checks that the mandatory attributes of reachable NLRI are there
// (RFC 4271 §6.3, RFC 4760 §3; RFC 7606 §3 d: treat-as-withdraw).
func (p *updateParser) missing() {
	classic := len(p.u.NLRI) > 0
	if !classic && (p.u.MPReach == nil || len(p.u.MPReach.NLRI) == 0) {
		return
	}
	mandatory := [...]struct {
		kind   AttributeType
		demand bool
	}{
		{AttrOrigin, true},
		{AttrASPath, true},
		{AttrNextHop, classic},
		{AttrLocalPref, !p.opt.EBGP},
	}
	for _, m := range mandatory {
		if m.demand && !p.has(m.kind) {
			p.record(&AttributeError{Type: m.kind, Action: TreatAsWithdraw, Notification: &Notification{
				Code: CodeUpdate, Subcode: UpdateMissingWellKnown,
				Data: []byte{byte(m.kind)}, // RFC 4271 §6.3: the type MUST be the data
			}})
		}
	}
}

// fault records an error in the current attribute. RFC 4271 §6.3: the data is
// the erroneous attribute with its type, length and value.
func (p *updateParser) fault(action Action, subcode uint8) {
	whole := p.current.whole
	n := &Notification{Code: CodeUpdate, Subcode: subcode}
	if subcode != UpdateMalformedAttributeList && subcode != UpdateMalformedASPath {
		n.Data = append(n.Data, whole[:min(len(whole), maxNotificationData)]...)
	}
	p.record(&AttributeError{Type: p.current.kind, Action: action, Notification: n, whole: whole})
}

// unread records an error for which the value of the current attribute is not
// read. RFC 7606 §3 j: if the attribute holds NLRI, its routes cannot be treated
// as withdrawn, and the session is reset.
func (p *updateParser) unread(action Action, subcode uint8) {
	if p.current.kind.holdsNLRI() {
		action = Reset
	}
	p.fault(action, subcode)
}

// record keeps the first errors, and a stronger one in place of the last.
func (p *updateParser) record(e *AttributeError) {
	if len(p.faults) == maxFaults {
		if e.Action <= p.strongest {
			return
		}
		p.faults = p.faults[:maxFaults-1]
	}
	p.faults = append(p.faults, e)
	p.strongest = max(p.strongest, e.Action)
}

// escalate turns each treat-as-withdraw error into one that resets the session.
func (p *updateParser) escalate() {
	for _, e := range p.faults {
		if e.Action == TreatAsWithdraw {
			e.Action = Reset
		}
	}
	p.strongest = Reset
}

// err returns the errors, the strongest first.
func (p *updateParser) err() error {
	if len(p.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(p.faults, func(a, b *AttributeError) int {
		return cmp.Compare(b.Action, a.Action)
	})
	if first := p.faults[0]; first.Action == Reset {
		first.Notification.Detail = first.detail()
	}
	if len(p.faults) == 1 {
		return p.faults[0]
	}
	joined := make([]error, len(p.faults))
	for i, e := range p.faults {
		joined[i] = e
	}
	return errors.Join(joined...)
}
