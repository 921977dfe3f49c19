// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Encoding of path attributes: RFC 4271 §4.3 and §5 (ascending order of types),
// RFC 6793 §4.2.2 (peers without 4-octet ASNs).

package wire

// EncodeOptions hold the decisions of a session about path attributes.
type EncodeOptions struct {
	AS4 bool // the peer supports 4-octet ASNs (RFC 6793)
}

// AttributeBlock holds encoded path attributes without NEXT_HOP and
// MP_REACH_NLRI: the octets that all messages of one attribute set to sessions of
// one kind share. It is immutable.
type AttributeBlock struct {
	Bytes         string
	NextHopOffset int // where NEXT_HOP belongs in Bytes
}

// NewAttributeBlock encodes the attributes into a block of their own.
func NewAttributeBlock(a *Attributes, opt EncodeOptions) AttributeBlock {
	b, offset := AppendAttributes(nil, a, opt)
	return AttributeBlock{Bytes: string(b), NextHopOffset: offset}
}

// AppendAttributes appends the path attributes in ascending order of their
// types, without NEXT_HOP and MP_REACH_NLRI, and returns how many octets of
// what it appended precede the place of NEXT_HOP. Communities are written as
// given. AppendAttributes leaves out an unknown attribute whose type has a field
// that is set, one that the session decides on, and one that repeats a type.
// The caller must not send attributes longer than a message: [ReachRoom] is not
// positive then.
func AppendAttributes(b []byte, a *Attributes, opt EncodeOptions) (out []byte, nextHopOffset int) {
	e := attributeEncoder{b: b, unknown: a.Unknown}
	e.origin(a.Origin)
	e.asPath(a.ASPath, opt.AS4)
	nextHopOffset = len(e.b) - len(b)
	if a.HasMED {
		e.med(a.MED)
	}
	if a.HasLocalPref {
		e.localPref(a.LocalPref)
	}
	if a.AtomicAggregate {
		e.atomicAggregate()
	}
	aggregator := a.Aggregator
	if !aggregator.Addr.IsValid() && !opt.AS4 {
		aggregator = rawAggregator(a.Unknown) // RFC 6793 §4.2.2: an OLD speaker takes no ASN of 4 octets
	}
	if aggregator.Addr.IsValid() {
		e.aggregator(aggregator, opt.AS4)
	}
	if len(a.Communities) > 0 {
		e.communities(a.Communities)
	}
	if a.OriginatorID.IsValid() {
		e.originatorID(a.OriginatorID)
	}
	if len(a.ClusterList) > 0 {
		e.clusterList(a.ClusterList)
	}
	if len(a.ExtendedCommunities) > 0 {
		e.extendedCommunities(a.ExtendedCommunities)
	}
	if !opt.AS4 {
		e.as4(a.ASPath, aggregator)
	}
	if len(a.LargeCommunities) > 0 {
		e.largeCommunities(a.LargeCommunities)
	}
	if a.HasOTC {
		e.otc(a.OTC)
	}
	e.unknownBelow(maxAttributeType + 1)
	return e.b, nextHopOffset
}

const maxAttributeType = 255

// attributeEncoder appends attributes; the unknown ones fall into their places.
type attributeEncoder struct {
	b       []byte
	unknown []RawAttribute
	next    int // the least type that may still be appended
}

// header appends unknown attributes of lower types and the header of type t.
func (e *attributeEncoder) header(flags uint8, t AttributeType, length int) {
	e.unknownBelow(int(t))
	e.next = int(t) + 1
	e.b = appendAttributeHeader(e.b, flags, t, length)
}

// unknownBelow appends the unknown attributes whose type is below t, in ascending
// order. It sorts by searching: they are few.
func (e *attributeEncoder) unknownBelow(t int) {
	for e.next < t && len(e.unknown) > 0 {
		var least *RawAttribute
		for i := range e.unknown {
			u := &e.unknown[i]
			if int(u.Type) < e.next || int(u.Type) >= t || u.Type.ofSession() {
				continue
			}
			if least == nil || u.Type < least.Type {
				least = u
			}
		}
		if least == nil {
			break
		}
		e.next = int(least.Type) + 1
		flags := least.Flags & (FlagOptional | FlagTransitive | FlagPartial | FlagExtendedLength)
		e.b = appendAttributeHeader(e.b, flags, least.Type, len(least.Value))
		e.b = append(e.b, least.Value...)
	}
	e.next = max(e.next, t)
}
