// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Path attributes: RFC 4271 §4.3 and §5.

package wire

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// AttributeType is the type code of a path attribute.
type AttributeType uint8

// The path attributes that are understood.
const (
	AttrOrigin              AttributeType = 1  // RFC 4271 §5.1.1
	AttrASPath              AttributeType = 2  // RFC 4271 §5.1.2
	AttrNextHop             AttributeType = 3  // RFC 4271 §5.1.3
	AttrMED                 AttributeType = 4  // RFC 4271 §5.1.4
	AttrLocalPref           AttributeType = 5  // RFC 4271 §5.1.5
	AttrAtomicAggregate     AttributeType = 6  // RFC 4271 §5.1.6
	AttrAggregator          AttributeType = 7  // RFC 4271 §5.1.7
	AttrCommunities         AttributeType = 8  // RFC 1997
	AttrOriginatorID        AttributeType = 9  // RFC 4456 §8
	AttrClusterList         AttributeType = 10 // RFC 4456 §8
	AttrMPReachNLRI         AttributeType = 14 // RFC 4760 §3
	AttrMPUnreachNLRI       AttributeType = 15 // RFC 4760 §4
	AttrExtendedCommunities AttributeType = 16 // RFC 4360 §2
	AttrAS4Path             AttributeType = 17 // RFC 6793 §3
	AttrAS4Aggregator       AttributeType = 18 // RFC 6793 §3
	AttrLargeCommunities    AttributeType = 32 // RFC 8092 §3
	AttrOTC                 AttributeType = 35 // RFC 9234 §5
)

// String returns the name that the RFCs use, such as "AS_PATH".
func (t AttributeType) String() string {
	switch t {
	case AttrOrigin:
		return "ORIGIN"
	case AttrASPath:
		return "AS_PATH"
	case AttrNextHop:
		return "NEXT_HOP"
	case AttrMED:
		return "MULTI_EXIT_DISC"
	case AttrLocalPref:
		return "LOCAL_PREF"
	case AttrAtomicAggregate:
		return "ATOMIC_AGGREGATE"
	case AttrAggregator:
		return "AGGREGATOR"
	case AttrCommunities:
		return "COMMUNITIES"
	case AttrOriginatorID:
		return "ORIGINATOR_ID"
	case AttrClusterList:
		return "CLUSTER_LIST"
	case AttrMPReachNLRI:
		return "MP_REACH_NLRI"
	case AttrMPUnreachNLRI:
		return "MP_UNREACH_NLRI"
	case AttrExtendedCommunities:
		return "EXTENDED_COMMUNITIES"
	case AttrAS4Path:
		return "AS4_PATH"
	case AttrAS4Aggregator:
		return "AS4_AGGREGATOR"
	case AttrLargeCommunities:
		return "LARGE_COMMUNITY"
	case AttrOTC:
		return "ONLY_TO_CUSTOMER"
	default:
		return "attribute " + strconv.Itoa(int(t))
	}
}

// Attribute flags (RFC 4271 §4.3). The lower four bits are sent as zero and
// ignored on receipt.
const (
	FlagOptional       uint8 = 0x80
	FlagTransitive     uint8 = 0x40
	FlagPartial        uint8 = 0x20
	FlagExtendedLength uint8 = 0x10
)

// RawAttribute is a path attribute as octets: a received attribute that is not
// understood, or an attribute to be sent as it is.
type RawAttribute struct {
	Flags uint8 // [FlagExtendedLength] demands the longer header where it is not needed
	Type  AttributeType
	Value []byte
}

// Attributes are the path attributes of a route in a form that does not depend on
// a session: 4-octet ASNs, no MP_REACH_NLRI, no AS4_PATH. The zero value is ORIGIN
// IGP with an empty AS_PATH.
type Attributes struct {
	Origin              Origin
	ASPath              ASPath
	NextHop             netip.Addr // NEXT_HOP as received; not encoded by [AppendAttributes]
	MED                 uint32     // sent if HasMED
	HasMED              bool
	LocalPref           uint32 // sent if HasLocalPref
	HasLocalPref        bool
	AtomicAggregate     bool
	Aggregator          Aggregator // sent if its address is valid
	Communities         []Community
	OriginatorID        netip.Addr // sent if valid
	ClusterList         []netip.Addr
	ExtendedCommunities []ExtendedCommunity
	LargeCommunities    []LargeCommunity
	OTC                 uint32 // ONLY_TO_CUSTOMER, sent if HasOTC
	HasOTC              bool
	Unknown             []RawAttribute
}

// ofSession reports whether the kind of session, or the NLRI, decides on the
// attribute, so that no raw attribute may take its place.
func (t AttributeType) ofSession() bool {
	switch t {
	case AttrNextHop, AttrLocalPref, AttrMPReachNLRI, AttrMPUnreachNLRI, AttrAS4Path, AttrAS4Aggregator:
		return true
	default:
		return false
	}
}

// holdsNLRI reports whether the attribute holds routes of a family (RFC 4760).
func (t AttributeType) holdsNLRI() bool { return t == AttrMPReachNLRI || t == AttrMPUnreachNLRI }

// flags returns the Optional and Transitive flags that the specification of a
// known attribute demands.
func (t AttributeType) flags() (flags uint8, known bool) {
	switch t {
	case AttrOrigin, AttrASPath, AttrNextHop, AttrLocalPref, AttrAtomicAggregate:
		return FlagTransitive, true // well-known
	case AttrMED, AttrOriginatorID, AttrClusterList, AttrMPReachNLRI, AttrMPUnreachNLRI:
		return FlagOptional, true
	case AttrAggregator, AttrCommunities, AttrExtendedCommunities,
		AttrAS4Path, AttrAS4Aggregator, AttrLargeCommunities, AttrOTC:
		return FlagOptional | FlagTransitive, true
	default:
		return 0, false
	}
}

// appendAttributeHeader appends flags, type and length. RFC 4271 §4.3: the
// extended length MAY be used only if the length is greater than 255. So our own
// flags never have it, but the author of a raw attribute may ask for it.
func appendAttributeHeader(b []byte, flags uint8, t AttributeType, length int) []byte {
	if length > 255 || flags&FlagExtendedLength != 0 {
		b = append(b, flags|FlagExtendedLength, byte(t))
		return binary.BigEndian.AppendUint16(b, uint16(length))
	}
	return append(b, flags, byte(t), byte(length))
}

// attributeHeaderLen is the length of what appendAttributeHeader appends.
func attributeHeaderLen(length int) int {
	if length > 255 {
		return 4
	}
	return 3
}
