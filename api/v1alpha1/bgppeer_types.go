// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BGPPeer is a neighbour: every selected node keeps one session with it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=bgpp,categories=herald
// +kubebuilder:printcolumn:name="Address",type=string,JSONPath=`.spec.address`,description="The neighbour's address"
// +kubebuilder:printcolumn:name="Peer ASN",type=integer,format=int64,JSONPath=`.spec.peerASN`,description="The neighbour's ASN; empty where peerType decides"
// +kubebuilder:printcolumn:name="Sessions",type=string,JSONPath=`.status.sessions.summary`,description="Established sessions of those desired"
// +kubebuilder:printcolumn:name="Established",type=string,JSONPath=`.status.conditions[?(@.type=="Established")].status`,description="Whether a selected node has its session; with the reason Partial not every one"
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Established")].lastTransitionTime`,description="How long Established has been what it is"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Established")].reason`,description="Why Established is what it is"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,priority=1,description="Whether it is accepted and a session is up"
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`,priority=1,description="Whether the object is valid and in use"
// +kubebuilder:printcolumn:name="UpToDate",type=string,JSONPath=`.status.conditions[?(@.type=="UpToDate")].status`,priority=1,description="Whether every session runs on the newest spec"
// +kubebuilder:printcolumn:name="Last Error",type=string,JSONPath=`.status.lastError.message`,priority=1,description="The newest error of any of its sessions"
// +kubebuilder:printcolumn:name="Description",type=string,JSONPath=`.spec.description`,priority=1
// +kubebuilder:validation:XValidation:optionalOldSelf=true,rule="oldSelf.hasValue() || (size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'))",message="metadata.name: write a DNS label of at most 63 lower-case letters, digits and '-', such as tor-a",reason=FieldValueInvalid
type BGPPeer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired neighbour.
	// +required
	Spec BGPPeerSpec `json:"spec"`

	// status sums up the sessions with the neighbour over all selected nodes.
	// +optional
	Status BGPPeerStatus `json:"status,omitempty"`
}

// BGPPeerList is a list of BGPPeers.
//
// +kubebuilder:object:root=true
type BGPPeerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BGPPeer `json:"items"`
}

// BGPPeerSpec is the desired neighbour.
//
// +kubebuilder:validation:XValidation:rule="has(self.peerASN) != has(self.peerType)",message="peerASN, peerType: write exactly one: peerASN for one known ASN, else peerType External or Internal"
// +kubebuilder:validation:XValidation:rule="!has(self.transport) || !has(self.transport.source) || !isIP(self.address) || !isIP(self.transport.source.address) || ip(self.address).family() == ip(self.transport.source.address).family()",message="source.address: write an address of the same family (IPv4 or IPv6) as spec.address"
// +kubebuilder:validation:XValidation:rule="!has(self.capabilities) || !has(self.capabilities.addPath) || self.capabilities.addPath.all(path, has(self.families) && self.families.exists(family, family.afi == path.afi && family.safi == path.safi))",message="capabilities.addPath: write families of spec.families alone"
// +kubebuilder:validation:XValidation:rule="!has(self.capabilities) || !has(self.capabilities.role) || ((!has(self.peerType) || self.peerType == 'External') && (!has(self.peerASN) || !has(self.localASN) || self.peerASN != self.localASN))",message="capabilities.role: delete it for a neighbour in our own AS, or write the neighbour's ASN; roles are of eBGP alone (RFC 9234)"
// +kubebuilder:validation:XValidation:rule="!has(self.capabilities) || !has(self.capabilities.fourOctetASN) || self.capabilities.fourOctetASN || ((!has(self.localASN) || self.localASN <= 65535) && (!has(self.peerASN) || self.peerASN <= 65535))",message="capabilities.fourOctetASN: write true, or omit it, where localASN or peerASN is over 65535"
type BGPPeerSpec struct {
	// UnknownFields are the paths, below spec, of fields that this version does not know
	// and a decoder left out: see UnmarshalJSON.
	UnknownFields []string `json:"-"`

	// description is free text for people. Omitted: none. Change class: in place.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Description *string `json:"description,omitempty"`

	// adminState Down ends every session of this peer with Cease/2 and keeps it
	// down; the object stays. Omitted: Up. Change class: end.
	// +optional
	AdminState *AdminState `json:"adminState,omitempty"`

	// address is the neighbour's unicast IPv4 or IPv6 address. Change class: reset.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self)",message="address: write an IPv4 or IPv6 address without a zone or a prefix length, such as 192.0.2.1 or 2001:db8::1"
	// +kubebuilder:validation:XValidation:rule="!isIP(self) || ((ip(self).isGlobalUnicast() || ip(self).isLoopback() || ip(self).isLinkLocalUnicast()) && !cidr('0.0.0.0/8').containsIP(self) && !cidr('224.0.0.0/3').containsIP(self))",message="address: write the address of one neighbour; unspecified, multicast and broadcast addresses name none"
	// +kubebuilder:validation:XValidation:rule="!isIP(self) || ip(self).family() == 4 || !ip(self).isLinkLocalUnicast()",message="address: write a global or unique local IPv6 address; a link-local one (fe80::/10) does not say on which interface the neighbour is"
	Address string `json:"address"`

	// port is the neighbour's TCP port. Default: 179. Change class: reset.
	// +optional
	// +default=179
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`

	// localASN is our autonomous system number. The annotation herald.network/asn
	// on a Node overrides it there. Omitted: the annotation alone decides, and a
	// node without it has no session (NoLocalASN). Change class: reset.
	// +optional
	// +kubebuilder:validation:Format=int64
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4294967295
	// +kubebuilder:validation:XValidation:rule="self != 23456",message="localASN: write your own ASN; 23456 is AS_TRANS (RFC 6793), which stands for others and belongs to nobody"
	LocalASN *int64 `json:"localASN,omitempty"`

	// peerASN is the neighbour's autonomous system number; an OPEN with another one
	// is refused (2/2, Bad Peer AS). Exactly one of peerASN and peerType is written.
	// Change class: reset.
	// +optional
	// +kubebuilder:validation:Format=int64
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4294967295
	// +kubebuilder:validation:XValidation:rule="self != 23456",message="peerASN: write the neighbour's own ASN; 23456 is AS_TRANS (RFC 6793), which stands for others and belongs to nobody"
	PeerASN *int64 `json:"peerASN,omitempty"`

	// peerType External accepts any ASN but ours in the neighbour's OPEN, Internal
	// accepts ours alone. Exactly one of peerASN and peerType is written. Change class:
	// reset.
	// +optional
	PeerType *PeerType `json:"peerType,omitempty"`

	// nodeSelector chooses the nodes that keep a session with this neighbour, by
	// their labels. Omitted or empty: every node. Change class: in place for a node that
	// stays selected, end for a node that is no longer selected.
	// +optional
	NodeSelector *LabelSelector `json:"nodeSelector,omitempty"`

	// families are the address families offered to the neighbour, each once.
	// Default: IPv4 and IPv6 unicast. Change class: deferred.
	// +optional
	// +default=[{"afi":"IPv4","safi":"Unicast"},{"afi":"IPv6","safi":"Unicast"}]
	// +listType=map
	// +listMapKey=afi
	// +listMapKey=safi
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Families []Family `json:"families,omitempty"`

	// transport says how the TCP connection is made. Omitted: as its fields say.
	// +optional
	Transport *Transport `json:"transport,omitempty"`

	// authentication protects the TCP connection; where it is written, no session
	// starts without it. Omitted: none. Change class: reset.
	// +optional
	Authentication *Authentication `json:"authentication,omitempty"`

	// timers are the timers of the session. Omitted: as its fields say.
	// +optional
	Timers *Timers `json:"timers,omitempty"`

	// capabilities are the capabilities of our OPEN, beside those that families and
	// gracefulRestart stand for. Omitted: as its fields say. Change class: deferred.
	// +optional
	Capabilities *Capabilities `json:"capabilities,omitempty"`

	// gracefulRestart says whether the neighbour keeps our routes while the speaker
	// restarts (RFC 4724). Omitted: Enabled, 120 s. Change class: deferred.
	// +optional
	GracefulRestart *GracefulRestart `json:"gracefulRestart,omitempty"`

	// updates says how updates are sent. Omitted: as its fields say. Change class: in
	// place.
	// +optional
	Updates *Updates `json:"updates,omitempty"`

	// applyMode says when a deferred change takes effect: OnReconnect waits until
	// the session is next established, Immediate resets the session now. Omitted:
	// OnReconnect. Change class: in place.
	// +optional
	ApplyMode *ApplyMode `json:"applyMode,omitempty"`

	// attributes are defaults for every route to this neighbour. An attribute that an
	// Announcement writes in any form, as a field, as an empty list or as a raw
	// attribute, wins over the one here in any form; lists of communities, and raw
	// attributes of different codes, are joined. Omitted: none. Change class: in place.
	// +optional
	Attributes *PathAttributes `json:"attributes,omitempty"`

	// allowedAnnouncements says who may announce what through this peer. Omitted:
	// the operator's own namespace alone, as its fields say. Change class: in place.
	// +optional
	AllowedAnnouncements *AllowedAnnouncements `json:"allowedAnnouncements,omitempty"`

	// receive says what Herald does with the routes that the neighbour sends. Omitted:
	// Herald checks and ignores them. Change class: in place.
	// +optional
	Receive *Receive `json:"receive,omitempty"`
}

// BGPPeerStatus sums up the sessions with a neighbour over all selected nodes.
type BGPPeerStatus struct {
	// observedGeneration is the generation of the object that the status speaks of.
	// +optional
	// +kubebuilder:validation:Format=int64
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Accepted, Established and UpToDate.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// sessions counts the sessions over the selected nodes.
	// +optional
	Sessions *PeerSessions `json:"sessions,omitempty"`

	// refusals count the selected nodes that cannot have a session, by reason, the most
	// frequent first. Accepted is False only if no selected node can have one.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Refusals []NodeRefusal `json:"refusals,omitempty"`

	// lastError is the newest error of any session with the neighbour.
	// +optional
	LastError *PeerError `json:"lastError,omitempty"`
}

// PeerSessions counts the sessions of a neighbour over the selected nodes.
type PeerSessions struct {
	// desired is the number of nodes that shall have a session.
	Desired int32 `json:"desired"`

	// established is the number of these nodes whose session is Established as the newest
	// spec asks for it.
	Established int32 `json:"established"`

	// unavailable is the number of these nodes that are lost or run no speaker.
	// +optional
	Unavailable int32 `json:"unavailable"`

	// summary is "established/desired", such as 5/6.
	// +kubebuilder:validation:MaxLength=32
	Summary string `json:"summary"`
}

// NodeRefusal is a reason why selected nodes cannot have a session.
type NodeRefusal struct {
	// reason is a reason of the condition Accepted or Established, such as Conflict or
	// NoLocalASN.
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason"`

	// nodes is the number of nodes with this reason.
	Nodes int32 `json:"nodes"`

	// example is the name of one of these nodes.
	// +kubebuilder:validation:MaxLength=253
	Example string `json:"example"`
}

// PeerError is the newest error of any session of a neighbour.
type PeerError struct {
	// node is the name of the node whose session failed.
	// +kubebuilder:validation:MaxLength=253
	Node string `json:"node"`

	// time is when the session failed.
	Time metav1.Time `json:"time"`

	// message says what happened, such as "hold timer expired, sent 4/0".
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message"`
}
