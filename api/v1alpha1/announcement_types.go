// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Announcement is what to announce, to whom, from where and with which
// attributes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=ann,categories=herald
// +kubebuilder:printcolumn:name="Prefixes",type=string,JSONPath=`.status.summary`,description="The first of its prefixes, and how many there are besides"
// +kubebuilder:printcolumn:name="Sessions",type=string,JSONPath=`.status.sessions.summary`,description="Sessions that were sent it, of those eligible"
// +kubebuilder:printcolumn:name="Advertised",type=string,JSONPath=`.status.conditions[?(@.type=="Advertised")].status`,description="Whether it is out"
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Advertised")].lastTransitionTime`,description="How long Advertised has been what it is"
// +kubebuilder:printcolumn:name="Complete",type=string,JSONPath=`.status.conditions[?(@.type=="Complete")].status`,description="Whether it is everywhere it should be"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Complete")].reason`,description="Why Complete is what it is"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,priority=1,description="Whether what it asks for is on the wire"
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`,priority=1,description="Whether the object is valid and in use"
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.status.expires`,priority=1,description="When it expires, or expired"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Complete")].message`,priority=1
type Announcement struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says what to announce.
	// +required
	Spec AnnouncementSpec `json:"spec"`

	// status sums up over all sessions how far the announcement is carried out.
	// +optional
	Status AnnouncementStatus `json:"status,omitempty"`
}

// AnnouncementList is a list of Announcements.
//
// +kubebuilder:object:root=true
type AnnouncementList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Announcement `json:"items"`
}

// AnnouncementSpec is what to announce.
//
// +kubebuilder:validation:XValidation:rule="has(self.prefixes) && size(self.prefixes) > 0",message="prefixes: write at least one prefix, such as prefixes: [203.0.113.0/24]"
// +kubebuilder:validation:XValidation:rule="!has(self.peers) || !has(self.peerSelector)",message="peers: delete peerSelector beside it, or write the labels of these peers there"
type AnnouncementSpec struct {
	// UnknownFields are the paths, below spec, of fields that this version does not know
	// and a decoder left out: see UnmarshalJSON.
	UnknownFields []string `json:"-"`

	// adminState Down withdraws the announcement; the object stays and keeps its age, so
	// once it is Up again it precedes younger announcements as before. Omitted: Up. Change
	// class: in place.
	// +optional
	AdminState *AdminState `json:"adminState,omitempty"`

	// expireAfterSeconds withdraws the announcement that many seconds after
	// metadata.creationTimestamp or, where that is later, after the time in the annotation
	// herald.network/renewed-at. The object stays, with the reason Expired, and renewing it
	// announces it again. A node and the API server may differ in their clocks, and so in
	// the moment. Omitted: it does not expire. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ExpireAfterSeconds *int32 `json:"expireAfterSeconds,omitempty"`

	// peers are the names of the BGPPeers to announce to; a name without a BGPPeer is
	// ignored. Not beside peerSelector. Omitted: the peers that peerSelector chooses.
	// Change class: in place.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="peers: write the name of a BGPPeer, such as tor-a"
	Peers []string `json:"peers,omitempty"`

	// peerSelector chooses the peers to announce to, by the labels of the BGPPeers. Not
	// beside peers. Omitted or empty: every peer that allows this namespace. Change
	// class: in place.
	// +optional
	PeerSelector *LabelSelector `json:"peerSelector,omitempty"`

	// nodeSelector chooses the nodes to announce from, by their labels. Omitted or
	// empty: every node that has a session with the peer. Change class: in place.
	// +optional
	NodeSelector *LabelSelector `json:"nodeSelector,omitempty"`

	// prefixes are announced: IPv4 and IPv6, without host bits. At least one. Change
	// class: in place.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	// +kubebuilder:validation:items:MinLength=4
	// +kubebuilder:validation:items:MaxLength=49
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="prefixes: write an address and a length, such as 203.0.113.0/24 or 2001:db8:1::/48"
	// +kubebuilder:validation:items:XValidation:rule="!isCIDR(self) || cidr(self) == cidr(self).masked()",message="prefixes: host bits are set; write the network's own address, such as 203.0.113.0/24 for 203.0.113.7/24"
	// +kubebuilder:validation:items:XValidation:rule="!isCIDR(self) || !(cidr('0.0.0.0/8').containsCIDR(self) || cidr('127.0.0.0/8').containsCIDR(self) || cidr('224.0.0.0/4').containsCIDR(self) || cidr('255.255.255.255/32').containsCIDR(self))",message="prefixes: write prefixes of unicast hosts; no router takes a route to 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4 or a part of them, or to 255.255.255.255 (RFC 4271 §6.3)"
	// +kubebuilder:validation:items:XValidation:rule="!isCIDR(self) || !(cidr('::/128').containsCIDR(self) || cidr('::1/128').containsCIDR(self) || cidr('fe80::/10').containsCIDR(self) || cidr('ff00::/8').containsCIDR(self))",message="prefixes: write prefixes of unicast hosts; no router takes a route to ::, ::1, fe80::/10, ff00::/8 or a part of them (RFC 4271 §6.3)"
	Prefixes []string `json:"prefixes,omitempty"`

	// deaggregate splits each prefix into its subnets of a length; a prefix of that
	// length or longer is announced as it is. More than 2^24 prefixes are refused
	// (TooLarge). Omitted: each prefix is announced as it is. Change class: in place.
	// +optional
	Deaggregate *Deaggregate `json:"deaggregate,omitempty"`

	// pathID is the path identifier of every prefix towards a neighbour with add-path
	// (RFC 7911); such a neighbour is sent every Announcement of a prefix whose path
	// identifier is different; any other neighbour is sent only the oldest. Omitted: 0.
	// Change class: in place; a path with another identifier is another route, so the
	// earlier path is withdrawn.
	// +optional
	// +kubebuilder:validation:Format=int64
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4294967295
	PathID *int64 `json:"pathID,omitempty"`

	// attributes go with every prefix. An attribute that is written here in any form, as
	// a field, as an empty list or as a raw attribute, wins over the peer's default in any
	// form. Communities, and raw attributes of different codes, are joined with the
	// peer's. Both addresses of an IPv6 next hop are one value. Omitted: the peer's
	// attributes. Change class: in place.
	// +optional
	Attributes *PathAttributes `json:"attributes,omitempty"`
}

// Deaggregate is the length of the subnets that prefixes are split into.
//
// +kubebuilder:validation:MinProperties=1
type Deaggregate struct {
	// ipv4 is the length for IPv4 prefixes. Omitted: IPv4 prefixes are not split.
	// Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	IPv4 *int32 `json:"ipv4,omitempty"`

	// ipv6 is the length for IPv6 prefixes. Omitted: IPv6 prefixes are not split.
	// Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=128
	IPv6 *int32 `json:"ipv6,omitempty"`
}

// AnnouncementStatus sums up over all sessions how far an announcement is carried out.
type AnnouncementStatus struct {
	// observedGeneration is the generation of the object that the status speaks of.
	// +optional
	// +kubebuilder:validation:Format=int64
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Accepted, Advertised and Complete.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// prefixes is the number of prefixes that the spec names, each split into its
	// subnets.
	// +optional
	Prefixes int32 `json:"prefixes"`

	// summary names the first of the prefixes and says how many there are besides, such
	// as "203.0.113.0/24 +3".
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Summary string `json:"summary,omitempty"`

	// expires is when the announcement expires, or expired; absent if it never does. A
	// renewal in the first half of its time need not show: it expires later then.
	// +optional
	Expires *metav1.Time `json:"expires,omitempty"`

	// sessions counts the sessions that shall have the announcement.
	// +optional
	Sessions *AnnouncementSessions `json:"sessions,omitempty"`

	// verdicts are the reasons why sessions do not have the announcement, or only a part
	// of it, the most frequent first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Verdicts []Verdict `json:"verdicts,omitempty"`
}

// AnnouncementSessions counts the sessions that shall have an announcement.
type AnnouncementSessions struct {
	// eligible is the number of sessions whose node and peer are selected, and whose
	// peer grants the namespace and has the family of a prefix configured.
	Eligible int32 `json:"eligible"`

	// advertised is the number of eligible sessions that were sent a prefix of the
	// announcement at this generation.
	Advertised int32 `json:"advertised"`

	// notDue is the number of eligible sessions whose node rightly announces nothing of
	// the announcement.
	// +optional
	NotDue int32 `json:"notDue"`

	// unavailable is the number of eligible sessions whose node is lost or runs no speaker.
	// +optional
	Unavailable int32 `json:"unavailable"`

	// summary is "advertised/eligible", such as 5/6.
	// +kubebuilder:validation:MaxLength=32
	Summary string `json:"summary"`
}

// Verdict is a reason why sessions do not have an announcement.
type Verdict struct {
	// reason is one of WithheldReasons.
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason"`

	// sessions is the number of sessions that have this reason.
	Sessions int32 `json:"sessions"`

	// example is one of these sessions, as peer/node.
	// +optional
	// +kubebuilder:validation:MaxLength=317
	Example string `json:"example,omitempty"`

	// winner is the older Announcement that has the prefix instead at that session,
	// as namespace/name; only with the reason Conflict.
	// +optional
	// +kubebuilder:validation:MaxLength=317
	Winner string `json:"winner,omitempty"`
}
