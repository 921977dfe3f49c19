// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// PathAttributes are the path attributes that go with a prefix (RFC 4271 §5).
//
// +kubebuilder:validation:XValidation:rule="!has(self.raw) || !self.raw.exists(a, (a.code == 4 && has(self.med)) || (a.code == 6 && has(self.atomicAggregate)) || (a.code == 7 && has(self.aggregator)) || (a.code == 8 && has(self.communities)) || (a.code == 9 && has(self.originatorID)) || (a.code == 10 && has(self.clusterList)) || (a.code == 16 && has(self.extendedCommunities)) || (a.code == 32 && has(self.largeCommunities)))",message="raw: delete the attribute that a field beside it writes: 4 is med, 6 atomicAggregate, 7 aggregator, 8 communities, 9 originatorID, 10 clusterList, 16 extendedCommunities, 32 largeCommunities"
type PathAttributes struct {
	// nextHop replaces the next hop. Omitted, or without a value for the route's
	// family: self, the session's local address of the route's family, else the node's
	// address of that family. Change class: in place.
	// +optional
	NextHop *NextHop `json:"nextHop,omitempty"`

	// origin is ORIGIN (RFC 4271 §5.1.1). Omitted: IGP. Change class: in place.
	// +optional
	Origin *Origin `json:"origin,omitempty"`

	// asPath is AS_PATH, nearest AS first, without our own ASN, which eBGP puts
	// before it (RFC 4271 §5.1.2). An empty list in an Announcement means an empty path,
	// even if the peer has a default; a program in Go may drop the empty list. Omitted:
	// empty. Change class: in place.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=255
	// +kubebuilder:validation:items:Format=int64
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=4294967295
	// +kubebuilder:validation:items:XValidation:rule="self != 23456",message="asPath: write the real ASN; 23456 is AS_TRANS (RFC 6793), which the speaker writes itself to peers that know 2-octet ASNs alone"
	ASPath []int64 `json:"asPath,omitempty"`

	// prepend is how often our own ASN is written once more at the head of AS_PATH,
	// in eBGP only. Omitted: 0. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=32
	Prepend *int32 `json:"prepend,omitempty"`

	// med is MULTI_EXIT_DISC (RFC 4271 §5.1.4). Omitted: not sent. Change class: in
	// place.
	// +optional
	// +kubebuilder:validation:Format=int64
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4294967295
	MED *int64 `json:"med,omitempty"`

	// localPref is LOCAL_PREF (RFC 4271 §5.1.5), sent in iBGP only. Omitted: 100.
	// Change class: in place.
	// +optional
	// +kubebuilder:validation:Format=int64
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4294967295
	LocalPref *int64 `json:"localPref,omitempty"`

	// communities are standard communities (RFC 1997): ASN:value, such as 64512:100,
	// or the name of a well-known community in IANA's registry, in capitals: NO_EXPORT,
	// NO_ADVERTISE, NO_EXPORT_SUBCONFED, NOPEER, BLACKHOLE, GRACEFUL_SHUTDOWN, ….
	// Omitted: none. Change class: in place.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self in ['NO_EXPORT', 'NO_ADVERTISE', 'NO_EXPORT_SUBCONFED', 'NOPEER', 'BLACKHOLE', 'GRACEFUL_SHUTDOWN', 'LLGR_STALE', 'NO_LLGR', 'ACCEPT_OWN', 'ACCEPT_OWN_NEXTHOP', 'STANDBY_PE', 'ROUTE_FILTER_V4', 'ROUTE_FILTER_V6', 'ROUTE_FILTER_TRANSLATED_V4', 'ROUTE_FILTER_TRANSLATED_V6'] || (self.matches('^[0-9]{1,5}:[0-9]{1,5}$') && self.split(':').all(part, int(part) <= 65535))",message="communities: write ASN:value with numbers from 0 to 65535, such as 64512:100, or a well-known name, such as NO_EXPORT"
	Communities []string `json:"communities,omitempty"`

	// largeCommunities are large communities (RFC 8092): global:local1:local2, such
	// as 64512:1:2. Omitted: none. Change class: in place.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=5
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}$') && self.split(':').all(part, int(part) <= 4294967295)",message="largeCommunities: write three numbers from 0 to 4294967295, such as 64512:1:2"
	LargeCommunities []string `json:"largeCommunities,omitempty"`

	// extendedCommunities are extended communities (RFC 4360): a route target
	// rt:64512:100, a route origin soo:64512:100, or any one as 0x and 16
	// hexadecimal digits. The administrator of rt and soo is an ASN or an IPv4
	// address; after an ASN up to 65535 the number has 4 octets, else 2. Omitted:
	// none. Change class: in place.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=6
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^0x[0-9a-fA-F]{16}$') || (self.matches('^(rt|soo):[0-9.]{1,15}:[0-9]{1,10}$') && (isIP(self.split(':')[1]) || self.matches('^[a-z]+:[0-9]{1,10}:')))",message="extendedCommunities: write rt:ASN:number or soo:ASN:number, such as rt:64512:100, with an IPv4 address in place of the ASN where you need it, or 0x and 16 hexadecimal digits"
	// +kubebuilder:validation:items:XValidation:rule="!self.matches('^(rt|soo):[0-9]{1,10}:[0-9]{1,10}$') || (int(self.split(':')[1]) <= 65535 ? int(self.split(':')[2]) <= 4294967295 : int(self.split(':')[1]) <= 4294967295 && int(self.split(':')[2]) <= 65535)",message="extendedCommunities: write a number up to 4294967295 after an ASN up to 65535, and up to 65535 after an ASN up to 4294967295"
	// +kubebuilder:validation:items:XValidation:rule="!self.matches('^(rt|soo):[0-9.]*[.][0-9.]*:[0-9]{1,10}$') || int(self.split(':')[2]) <= 65535",message="extendedCommunities: write a number up to 65535 after an IPv4 address"
	ExtendedCommunities []string `json:"extendedCommunities,omitempty"`

	// aggregator is AGGREGATOR (RFC 4271 §5.1.7): the speaker that aggregated routes
	// into this prefix. Omitted: not sent. Change class: in place.
	// +optional
	Aggregator *Aggregator `json:"aggregator,omitempty"`

	// atomicAggregate true sends ATOMIC_AGGREGATE (RFC 4271 §5.1.6). Omitted: false.
	// Change class: in place.
	// +optional
	AtomicAggregate *bool `json:"atomicAggregate,omitempty"`

	// originatorID is ORIGINATOR_ID (RFC 4456 §8), the BGP identifier of the speaker
	// that brought the route into the AS, sent in iBGP only. Omitted: not sent. Change
	// class: in place.
	// +optional
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="isIP(self) && ip(self).family() == 4 && !ip(self).isUnspecified()",message="originatorID: write a BGP identifier as a dotted quad other than 0.0.0.0, such as 192.0.2.1"
	OriginatorID *string `json:"originatorID,omitempty"`

	// clusterList is CLUSTER_LIST (RFC 4456 §8): the clusters of the route reflectors
	// that the route passed, the nearest first, sent in iBGP only. Omitted: not sent.
	// Change class: in place.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=7
	// +kubebuilder:validation:items:MaxLength=15
	// +kubebuilder:validation:items:XValidation:rule="isIP(self) && ip(self).family() == 4",message="clusterList: write cluster identifiers as dotted quads, such as 192.0.2.1"
	ClusterList []string `json:"clusterList,omitempty"`

	// raw are path attributes without a field here, each code once, in the octets of the
	// wire. A code that has a field is refused while that
	// field is set too; if one of the two is among the peer's defaults and the other in
	// the Announcement, the Announcement's wins. Flags that no receiver may accept are
	// refused, and so are malformed values of the codes 4, 6 to 10, 16 and 32. Herald
	// checks nothing else, and neither does every neighbour: values of 22 (PMSI_TUNNEL)
	// and 40 (PREFIX_SID) are known to crash the bgpd of FRR 8.4, which ends all of its
	// sessions. Omitted: none. Change class: in place.
	// +optional
	// +listType=map
	// +listMapKey=code
	// +kubebuilder:validation:MaxItems=16
	Raw []RawAttribute `json:"raw,omitempty"`
}

// Aggregator is the speaker that formed an aggregate (RFC 4271 §5.1.7).
type Aggregator struct {
	// asn is the speaker's ASN. Change class: in place.
	// +required
	// +kubebuilder:validation:Format=int64
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4294967295
	// +kubebuilder:validation:XValidation:rule="self != 23456",message="aggregator.asn: write the real ASN; 23456 is AS_TRANS (RFC 6793), which the speaker writes itself to peers that know 2-octet ASNs alone"
	ASN int64 `json:"asn"`

	// address is the speaker's IPv4 address, best its BGP identifier. Change class: in
	// place.
	// +required
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="isIP(self) && ip(self).family() == 4 && !ip(self).isUnspecified()",message="aggregator.address: write an IPv4 address other than 0.0.0.0, such as 192.0.2.1"
	Address string `json:"address"`
}

// RawAttribute is a path attribute as it goes on the wire (RFC 4271 §4.3).
//
// +kubebuilder:validation:XValidation:rule="!has(self.flags) || (self.code in [4, 9, 10] ? self.flags - self.flags % 64 == 128 : (self.code in [7, 8, 16, 32] ? self.flags - self.flags % 64 == 192 : (self.code == 6 ? self.flags - self.flags % 64 == 64 : self.flags >= 128)))",message="flags: write 128 (optional) among them, for only a well-known attribute goes without; with the codes 4, 9 and 10 write no 64, with 7, 8, 16 and 32 write 192, and with 6 write 64; or omit them"
// +kubebuilder:validation:XValidation:rule="!has(self.flags) || self.flags % 64 < 32 || self.flags >= 192",message="flags: delete 32 (partial), or write 128 and 64 beside it; only optional transitive attributes are partial (RFC 4271 §4.3)"
// +kubebuilder:validation:XValidation:rule="!(self.code in [4, 9]) || (has(self.value) && size(self.value) == 8)",message="value: write 4 octets with the codes 4 (MULTI_EXIT_DISC) and 9 (ORIGINATOR_ID)"
// +kubebuilder:validation:XValidation:rule="self.code != 6 || !has(self.value) || size(self.value) == 0",message="value: delete it with the code 6 (ATOMIC_AGGREGATE)"
// +kubebuilder:validation:XValidation:rule="self.code != 7 || (has(self.value) && size(self.value) == 16 && !self.value.startsWith('00000000'))",message="value: write 8 octets with the code 7 (AGGREGATOR), an ASN of 4 octets other than 0 and an IPv4 address"
// +kubebuilder:validation:XValidation:rule="!(self.code in [8, 10, 16, 32]) || (has(self.value) && size(self.value) > 0 && size(self.value) % (self.code == 16 ? 16 : (self.code == 32 ? 24 : 8)) == 0)",message="value: write one or more values, of 4 octets with the codes 8 (COMMUNITIES) and 10 (CLUSTER_LIST), 8 with 16 (EXTENDED_COMMUNITIES) and 12 with 32 (LARGE_COMMUNITY)"
type RawAttribute struct {
	// code is the attribute's type code. Change class: in place.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=255
	// +kubebuilder:validation:XValidation:rule="!(self in [1, 2, 3, 5, 14, 15, 17, 18, 35])",message="code: write another; the speaker writes ORIGIN (1), AS_PATH (2), NEXT_HOP (3), LOCAL_PREF (5), MP_REACH_NLRI (14), MP_UNREACH_NLRI (15), AS4_PATH (17), AS4_AGGREGATOR (18) and ONLY_TO_CUSTOMER (35) from fields of their own"
	Code int32 `json:"code"`

	// flags are the sum of the attribute flags: optional 128, transitive 64, partial 32,
	// extended length 16. A value of more than 255 octets always has an extended length.
	// Omitted: for the codes 4, 6 to 10, 16 and 32 the flags of the attribute's
	// specification, else 192, optional and transitive. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=240
	// +kubebuilder:validation:XValidation:rule="self % 16 == 0",message="flags: write a sum of 128 (optional), 64 (transitive), 32 (partial) and 16 (extended length); the four low bits are unused and 0 (RFC 4271 §4.3)"
	Flags *int32 `json:"flags,omitempty"`

	// value is hexadecimal, two digits an octet, at most 4,096 octets. Omitted: empty.
	// Change class: in place.
	// +optional
	// +kubebuilder:validation:MaxLength=8192
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9a-fA-F]{2})*$')",message="value: write an even number of hexadecimal digits and nothing else, such as 00000064"
	Value *string `json:"value,omitempty"`
}

// NextHop is a next hop for each address family.
//
// +kubebuilder:validation:MinProperties=1
type NextHop struct {
	// ipv4 is the next hop of IPv4 routes. With an IPv6 address, a neighbour with which
	// extendedNextHop is negotiated (RFC 8950) gets the route, and any other gets none
	// (NoNextHop). Omitted: self. Change class: in place.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self) && (ip(self).isGlobalUnicast() || ip(self).isLoopback() || (ip(self).family() == 4 && ip(self).isLinkLocalUnicast())) && !cidr('0.0.0.0/8').containsIP(self) && !cidr('224.0.0.0/3').containsIP(self)",message="nextHop.ipv4: write a unicast IPv4 address, such as 192.0.2.1, or a global or unique local IPv6 address for neighbours with extendedNextHop, or omit it for next hop self"
	IPv4 *string `json:"ipv4,omitempty"`

	// ipv6 is the next hop of IPv6 routes. Omitted: self. Change class: in place.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self) && ip(self).family() == 6 && (ip(self).isGlobalUnicast() || ip(self).isLoopback())",message="nextHop.ipv6: write a global or unique local IPv6 address, such as 2001:db8::1, or omit it for next hop self"
	IPv6 *string `json:"ipv6,omitempty"`

	// ipv6LinkLocal goes beside ipv6, for a neighbour on the same link (RFC 2545 §3): one
	// in the subnet of the session's local address, or one hop away by the TTL (an external
	// session without multihopTTL, or ttlSecurityHops of 1). Any other neighbour gets ipv6
	// alone. Without ipv6 it is the only next hop towards a neighbour on the same link with
	// which linkLocalNextHop is negotiated, and is ignored towards any other. ipv6 and
	// ipv6LinkLocal are one value: where one of them is written, neither is taken from the peer's defaults.
	// Omitted: none beside an explicit next hop. Change class: in place.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self) && ip(self).family() == 6 && ip(self).isLinkLocalUnicast()",message="nextHop.ipv6LinkLocal: write a link-local IPv6 address without a zone, such as fe80::1, or omit it"
	IPv6LinkLocal *string `json:"ipv6LinkLocal,omitempty"`
}

// Origin is the ORIGIN of a route (RFC 4271 §5.1.1).
//
// +kubebuilder:validation:Enum=IGP;EGP;Incomplete
type Origin string

const (
	// OriginIGP is the value 0.
	OriginIGP Origin = "IGP"
	// OriginEGP is the value 1.
	OriginEGP Origin = "EGP"
	// OriginIncomplete is the value 2.
	OriginIncomplete Origin = "Incomplete"
)
