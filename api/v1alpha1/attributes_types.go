// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// PathAttributes are the path attributes that go with a prefix (RFC 4271 §5).
type PathAttributes struct {
	// nextHop replaces the next hop. Omitted, and for a family without a value in
	// it: self, the session's local address of the route's family, else the node's
	// address of that family. Change class: in place.
	// +optional
	NextHop *NextHop `json:"nextHop,omitempty"`

	// origin is ORIGIN (RFC 4271 §5.1.1). Omitted: IGP. Change class: in place.
	// +optional
	Origin *Origin `json:"origin,omitempty"`

	// asPath is AS_PATH, nearest AS first, without our own ASN, which eBGP puts
	// before it (RFC 4271 §5.1.2). Omitted: empty. Change class: in place.
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
	// or the name of a well-known one in IANA's registry, in capitals: NO_EXPORT,
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
}

// NextHop is a next hop for each address family.
//
// +kubebuilder:validation:MinProperties=1
type NextHop struct {
	// ipv4 is the next hop of IPv4 routes. Omitted: self. Change class: in place.
	// +optional
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="isIP(self) && ip(self).family() == 4 && (ip(self).isGlobalUnicast() || ip(self).isLinkLocalUnicast() || ip(self).isLoopback())",message="nextHop.ipv4: write a unicast IPv4 address, such as 192.0.2.1, or omit it for next hop self"
	IPv4 *string `json:"ipv4,omitempty"`

	// ipv6 is the next hop of IPv6 routes. Omitted: self. Change class: in place.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self) && ip(self).family() == 6 && (ip(self).isGlobalUnicast() || ip(self).isLoopback())",message="nextHop.ipv6: write a global or unique local IPv6 address, such as 2001:db8::1, or omit it for next hop self"
	IPv6 *string `json:"ipv6,omitempty"`
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
