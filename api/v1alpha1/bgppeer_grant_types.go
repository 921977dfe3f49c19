// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AllowedAnnouncements says who may announce what through a peer. The operator's
// own namespace belongs to the platform team: only maxPrefixes, families and
// infrastructure bound its announcements. Every other namespace needs a tenant
// entry that covers the namespace, the prefix and the attributes.
type AllowedAnnouncements struct {
	// maxPrefixes bounds the prefixes of one session. An announcement that would
	// exceed it is withheld whole (OverMaxPrefixes); older ones stay. Omitted:
	// 10000. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000
	MaxPrefixes *int32 `json:"maxPrefixes,omitempty"`

	// families may be announced. Omitted: IPv4 and IPv6 unicast. Change class: in place.
	// +optional
	// +listType=map
	// +listMapKey=afi
	// +listMapKey=safi
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Families []Family `json:"families,omitempty"`

	// infrastructure lists kinds of prefixes that may be announced; a kind that is not
	// listed is refused from every namespace. DefaultRoute is 0.0.0.0/0 and ::/0, and every
	// prefix that is shorter than /8, itself or split into its subnets: a few of these
	// together are a default route as well. Omitted: none. Change class: in place.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	Infrastructure []Infrastructure `json:"infrastructure,omitempty"`

	// tenants grant prefixes to namespaces; an announcement's prefix is allowed if one
	// entry covers all of it. Omitted: only the operator's own namespace announces
	// through this peer. Change class: in place.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Tenants []Tenant `json:"tenants,omitempty"`
}

// Infrastructure is a kind of prefixes whose announcement can cut off a cluster.
//
// +kubebuilder:validation:Enum=DefaultRoute
type Infrastructure string

// InfrastructureDefaultRoute is 0.0.0.0/0 and ::/0, and every prefix that is
// shorter than /8.
const InfrastructureDefaultRoute Infrastructure = "DefaultRoute"

// Tenant grants prefixes to namespaces.
type Tenant struct {
	// name distinguishes the entries of a peer. Change class: in place.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name: write a DNS label: lower-case letters, digits and '-', such as web"
	Name string `json:"name"`

	// namespaces are the namespaces that may announce. Change class: in place.
	// +required
	Namespaces TenantNamespaces `json:"namespaces"`

	// prefixes may be announced, whole or in part. Change class: in place.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	Prefixes []TenantPrefix `json:"prefixes"`

	// maxPrefixes bounds the prefixes that this entry grants to one session, over all
	// its namespaces. Omitted: the peer's maxPrefixes. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000
	MaxPrefixes *int32 `json:"maxPrefixes,omitempty"`

	// attributes may be set by the namespaces. Omitted: as its fields say. Change
	// class: in place.
	// +optional
	Attributes *TenantAttributes `json:"attributes,omitempty"`
}

// TenantNamespaces chooses namespaces.
//
// +kubebuilder:validation:XValidation:rule="has(self.selector) == (self.from == 'Selector')",message="selector: write one with from Selector, and omit it with from All"
type TenantNamespaces struct {
	// from is All for every namespace, Selector for the namespaces that selector matches.
	// Change class: in place.
	// +required
	From NamespacesFrom `json:"from"`

	// selector matches labels of namespaces; an empty one matches all. Written with
	// from Selector alone. Change class: in place.
	// +optional
	Selector *LabelSelector `json:"selector,omitempty"`
}

// NamespacesFrom says how namespaces are chosen.
//
// +kubebuilder:validation:Enum=All;Selector
type NamespacesFrom string

const (
	// NamespacesFromAll chooses every namespace.
	NamespacesFromAll NamespacesFrom = "All"
	// NamespacesFromSelector chooses the namespaces whose labels match.
	NamespacesFromSelector NamespacesFrom = "Selector"
)

// TenantPrefix grants a prefix and its parts.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxLength) || !isCIDR(self.cidr) || (self.maxLength >= cidr(self.cidr).prefixLength() && (cidr(self.cidr).ip().family() == 6 || self.maxLength <= 32))",message="maxLength: write a length from the cidr's own to 32 for IPv4 or 128 for IPv6"
type TenantPrefix struct {
	// cidr is the prefix. Change class: in place.
	// +required
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=49
	// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="cidr: write an address and a length, such as 203.0.113.0/24 or 2001:db8:1::/48"
	// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self) == cidr(self).masked()",message="cidr: host bits are set; write the network's own address, such as 203.0.113.0/24 for 203.0.113.7/24"
	// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || !(cidr('0.0.0.0/8').containsCIDR(self) || cidr('127.0.0.0/8').containsCIDR(self) || cidr('224.0.0.0/4').containsCIDR(self) || cidr('255.255.255.255/32').containsCIDR(self))",message="cidr: write a prefix of unicast hosts; no router takes a route to 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4 or a part of them, or to 255.255.255.255 (RFC 4271 §6.3)"
	// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || !(cidr('::/128').containsCIDR(self) || cidr('::1/128').containsCIDR(self) || cidr('fe80::/10').containsCIDR(self) || cidr('ff00::/8').containsCIDR(self))",message="cidr: write a prefix of unicast hosts; no router takes a route to ::, ::1, fe80::/10, ff00::/8 or a part of them (RFC 4271 §6.3)"
	CIDR string `json:"cidr"`

	// maxLength is the longest part that may be announced. Omitted: the cidr's own
	// length. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=128
	MaxLength *int32 `json:"maxLength,omitempty"`
}

// TenantAttributes are the path attributes that a tenant's announcements may set.
// The others, such as med, prepend and atomicAggregate, are free, and so is pathID.
type TenantAttributes struct {
	// nextHop Self allows no attributes.nextHop, Any allows one. Omitted: Self.
	// Change class: in place.
	// +optional
	NextHop *NextHopGrant `json:"nextHop,omitempty"`

	// asPath Allow allows attributes.asPath; prepend is always free. Omitted: Deny.
	// Change class: in place.
	// +optional
	ASPath *Grant `json:"asPath,omitempty"`

	// localPref Allow allows attributes.localPref. Omitted: Deny. Change class: in
	// place.
	// +optional
	LocalPref *Grant `json:"localPref,omitempty"`

	// raw Allow allows attributes.raw, extendedCommunities, aggregator, originatorID
	// and clusterList: attributes that are written as bytes, that name another speaker,
	// or that steer route reflection. Omitted: Deny. Change class: in place.
	// +optional
	Raw *Grant `json:"raw,omitempty"`

	// communities allows the communities that one of its patterns matches, and no other;
	// a pattern is a community as an announcement writes it, with * in place of any
	// number. Two numbers match standard communities, three match large ones. Omitted:
	// every large community, every standard community outside of 65535:*, and NO_EXPORT,
	// NO_ADVERTISE and NO_EXPORT_SUBCONFED. An empty list is refused: a reader
	// would take it for none allowed, but many programs take it for omitted. Change class:
	// in place.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:XValidation:rule="self in ['NO_EXPORT', 'NO_ADVERTISE', 'NO_EXPORT_SUBCONFED', 'NOPEER', 'BLACKHOLE', 'GRACEFUL_SHUTDOWN', 'LLGR_STALE', 'NO_LLGR', 'ACCEPT_OWN', 'ACCEPT_OWN_NEXTHOP', 'STANDBY_PE', 'ROUTE_FILTER_V4', 'ROUTE_FILTER_V6', 'ROUTE_FILTER_TRANSLATED_V4', 'ROUTE_FILTER_TRANSLATED_V6'] || self.matches('^([0-9]{1,5}|[*]):([0-9]{1,5}|[*])$') || self.matches('^([0-9]{1,10}|[*])(:([0-9]{1,10}|[*])){2}$')",message="communities: write a pattern such as 64512:* or 64512:*:*, one community such as 64512:100, or a well-known name such as NO_EXPORT"
	// +kubebuilder:validation:items:XValidation:rule="!self.matches('^([0-9]{1,5}|[*]):([0-9]{1,5}|[*])$') || self.split(':', 2).all(part, part == '*' || int(part) <= 65535)",message="communities: write numbers from 0 to 65535 in a pattern of two parts"
	// +kubebuilder:validation:items:XValidation:rule="!self.matches('^([0-9]{1,10}|[*])(:([0-9]{1,10}|[*])){2}$') || self.split(':', 3).all(part, part == '*' || int(part) <= 4294967295)",message="communities: write numbers from 0 to 4294967295 in a pattern of three parts"
	Communities []string `json:"communities,omitempty"`
}

// Grant allows or denies an attribute.
//
// +kubebuilder:validation:Enum=Deny;Allow
type Grant string

const (
	// GrantDeny denies the attribute.
	GrantDeny Grant = "Deny"
	// GrantAllow allows the attribute.
	GrantAllow Grant = "Allow"
)

// NextHopGrant says which next hops are allowed.
//
// +kubebuilder:validation:Enum=Self;Any
type NextHopGrant string

const (
	// NextHopSelf allows next hop self alone.
	NextHopSelf NextHopGrant = "Self"
	// NextHopAny allows every next hop.
	NextHopAny NextHopGrant = "Any"
)
