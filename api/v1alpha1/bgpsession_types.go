// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BGPSession is the state of one session on one node. The speaker of the node writes
// it; people read it. Its name is <peer>.<node>, but programs must not parse the name:
// find a session by the fields of its spec, which are selectable.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=bgps,categories=herald
// +kubebuilder:selectablefield:JSONPath=`.spec.peerName`
// +kubebuilder:selectablefield:JSONPath=`.spec.nodeName`
// +kubebuilder:selectablefield:JSONPath=`.spec.remote`
// +kubebuilder:printcolumn:name="Peer",type=string,JSONPath=`.spec.peerName`,description="The BGPPeer"
// +kubebuilder:printcolumn:name="Node",type=string,JSONPath=`.spec.nodeName`,description="The node"
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`,description="The state of RFC 4271 §8.2.2"
// +kubebuilder:printcolumn:name="Reporting",type=string,JSONPath=`.status.conditions[?(@.type=="Reporting")].status`,description="Whether the speaker on its node runs"
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Established")].lastTransitionTime`,description="How long it has been Established, has not been, or is not known to be"
// +kubebuilder:printcolumn:name="IPv4",type=integer,JSONPath=`.status.prefixes[?(@.family.afi=="IPv4")].announced`,description="IPv4 prefixes announced"
// +kubebuilder:printcolumn:name="IPv6",type=integer,JSONPath=`.status.prefixes[?(@.family.afi=="IPv6")].announced`,description="IPv6 prefixes announced"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Established")].reason`,description="Why Established is what it is"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Remote",type=string,JSONPath=`.spec.remote`,priority=1,description="The neighbour's address"
// +kubebuilder:printcolumn:name="Peer ASN",type=integer,format=int64,JSONPath=`.status.peerASN`,priority=1
// +kubebuilder:printcolumn:name="UpToDate",type=string,JSONPath=`.status.conditions[?(@.type=="UpToDate")].status`,priority=1,description="Whether it runs on the newest spec"
// +kubebuilder:printcolumn:name="Flaps",type=integer,JSONPath=`.status.flaps`,priority=1,description="How often it was lost after it was Established"
// +kubebuilder:printcolumn:name="Last Error",type=string,JSONPath=`.status.lastError.text`,priority=1
type BGPSession struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec names the session; it is set once.
	// +required
	Spec BGPSessionSpec `json:"spec"`

	// status is what the speaker of its node last reported.
	// +optional
	Status BGPSessionStatus `json:"status,omitempty"`
}

// BGPSessionList is a list of BGPSessions.
//
// +kubebuilder:object:root=true
type BGPSessionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BGPSession `json:"items"`
}

// BGPSessionSpec names a session.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec: a session's peerName, nodeName and remote never change; delete this BGPSession, and the speaker creates the one that is wanted"
type BGPSessionSpec struct {
	// peerName is the name of the BGPPeer.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	PeerName string `json:"peerName"`

	// nodeName is the name of the Node.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	NodeName string `json:"nodeName"`

	// remote is the neighbour's address.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Remote string `json:"remote"`
}

// BGPSessionStatus is what the speaker of a node last reported of a session.
type BGPSessionStatus struct {
	// conditions are Established and UpToDate, and Reporting, which only the roll-up of
	// the cluster role writes.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// peer is the generation of the BGPPeer that the speaker compiled for this session.
	// The conditions speak of that generation; their observedGeneration is that of the
	// BGPSession itself.
	// +optional
	Peer *SessionPeer `json:"peer,omitempty"`

	// state is the state of the FSM (RFC 4271 §8.2.2), and Unknown if no speaker reports.
	// +optional
	State SessionState `json:"state,omitempty"`

	// since is when the session became Established, or when it last left that state.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`

	// localASN is our ASN in this session.
	// +optional
	// +kubebuilder:validation:Format=int64
	LocalASN int64 `json:"localASN,omitempty"`

	// peerASN is the neighbour's ASN, as its last OPEN said or as it is configured.
	// +optional
	// +kubebuilder:validation:Format=int64
	PeerASN int64 `json:"peerASN,omitempty"`

	// localAddress is our address of the live session.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LocalAddress string `json:"localAddress,omitempty"`

	// peerAddress is the neighbour's address.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	PeerAddress string `json:"peerAddress,omitempty"`

	// routerID is our BGP identifier.
	// +optional
	// +kubebuilder:validation:MaxLength=15
	RouterID string `json:"routerID,omitempty"`

	// remoteRouterID is the neighbour's BGP identifier.
	// +optional
	// +kubebuilder:validation:MaxLength=15
	RemoteRouterID string `json:"remoteRouterID,omitempty"`

	// negotiated holds the values that both OPENs agreed on; absent unless Established.
	// +optional
	Negotiated *NegotiatedSession `json:"negotiated,omitempty"`

	// prefixes counts prefixes by family, IPv4 first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Prefixes []FamilyPrefixes `json:"prefixes,omitempty"`

	// flaps counts how often the session was lost after it was Established, since
	// the speaker started.
	// +optional
	// +kubebuilder:validation:Format=int64
	Flaps int64 `json:"flaps"`

	// lastError is the reason why the session, or an attempt at it, last ended.
	// +optional
	LastError *SessionError `json:"lastError,omitempty"`

	// announcements says which announcements were decided for the session, and which of
	// them were sent.
	// +optional
	Announcements *AnnouncementsStatus `json:"announcements,omitempty"`
}

// SessionPeer is one generation of a BGPPeer.
type SessionPeer struct {
	// uid is the uid of the BGPPeer; a later BGPPeer of the same name has another.
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid"`

	// generation is the generation of the BGPPeer.
	// +kubebuilder:validation:Format=int64
	Generation int64 `json:"generation"`

	// resetKey stands for the values of the BGPPeer's fields whose change resets the
	// session. If a newer generation has the same resetKey, the session stays as it is.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ResetKey string `json:"resetKey,omitempty"`
}

// SessionState is a state of the FSM (RFC 4271 §8.2.2), or Unknown.
//
// +kubebuilder:validation:Enum=Idle;Connect;Active;OpenSent;OpenConfirm;Established;Unknown
type SessionState string

// The states of RFC 4271 §8.2.2.
const (
	SessionIdle        SessionState = "Idle"
	SessionConnect     SessionState = "Connect"
	SessionActive      SessionState = "Active"
	SessionOpenSent    SessionState = "OpenSent"
	SessionOpenConfirm SessionState = "OpenConfirm"
	SessionEstablished SessionState = "Established"
)

// SessionUnknown is the state of a session that no speaker reports.
const SessionUnknown SessionState = "Unknown"

// NegotiatedSession holds the values that both OPENs agreed on.
type NegotiatedSession struct {
	// holdSeconds is the smaller of both hold times; 0 is none.
	HoldSeconds int32 `json:"holdSeconds"`

	// keepaliveSeconds is the longest time between two of our KEEPALIVEs; 0 is none.
	KeepaliveSeconds int32 `json:"keepaliveSeconds"`

	// families are the families that both ends offered.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Families []Family `json:"families,omitempty"`

	// capabilities are the capabilities that both ends offered, sorted.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=64
	Capabilities []Capability `json:"capabilities,omitempty"`

	// addPath are the families in which several paths for one prefix may go, and which
	// way (RFC 7911).
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	AddPath []AddPath `json:"addPath,omitempty"`
}

// Capability is a BGP capability (RFC 5492) in a status. It is no enum: a newer
// speaker may know more of them.
type Capability string

const (
	// CapabilityAddPath allows several paths for one prefix (RFC 7911).
	CapabilityAddPath Capability = "AddPath"
	// CapabilityEnhancedRouteRefresh marks the begin and the end of a refresh (RFC 7313).
	CapabilityEnhancedRouteRefresh Capability = "EnhancedRouteRefresh"
	// CapabilityExtendedMessage allows messages up to 65,535 octets (RFC 8654).
	CapabilityExtendedMessage Capability = "ExtendedMessage"
	// CapabilityExtendedNextHop allows IPv6 next hops for IPv4 unicast (RFC 8950).
	CapabilityExtendedNextHop Capability = "ExtendedNextHop"
	// CapabilityFourOctetASN allows 4-octet AS numbers (RFC 6793).
	CapabilityFourOctetASN Capability = "FourOctetASN"
	// CapabilityGracefulRestart keeps routes over a restart (RFC 4724).
	CapabilityGracefulRestart Capability = "GracefulRestart"
	// CapabilityLinkLocalNextHop allows next hops that are one link-local address
	// (draft-ietf-idr-linklocal-capability).
	CapabilityLinkLocalNextHop Capability = "LinkLocalNextHop"
	// CapabilityLongLivedGracefulRestart keeps routes for long (RFC 9494).
	CapabilityLongLivedGracefulRestart Capability = "LongLivedGracefulRestart"
	// CapabilityMultiprotocol carries families other than IPv4 unicast (RFC 4760).
	CapabilityMultiprotocol Capability = "Multiprotocol"
	// CapabilityRole says that both roles match (RFC 9234).
	CapabilityRole Capability = "Role"
	// CapabilityRouteRefresh allows ROUTE-REFRESH (RFC 2918).
	CapabilityRouteRefresh Capability = "RouteRefresh"
)

// FamilyPrefixes counts the prefixes of a family.
type FamilyPrefixes struct {
	// family is the address family.
	Family Family `json:"family"`

	// announced is the number of prefixes that the neighbour has from us.
	Announced int32 `json:"announced"`

	// received is the number of prefixes that we have from the neighbour; absent if
	// received routes are not kept.
	// +optional
	Received *int32 `json:"received,omitempty"`
}

// SessionError is the reason why a session, or an attempt at it, ended.
type SessionError struct {
	// time is when the session ended.
	Time metav1.Time `json:"time"`

	// direction says who sent the NOTIFICATION; absent if nobody sent one.
	// +optional
	Direction NotificationDirection `json:"direction,omitempty"`

	// code is the code of the NOTIFICATION (RFC 4271 §4.5).
	// +optional
	Code *int32 `json:"code,omitempty"`

	// subcode is the subcode of the NOTIFICATION.
	// +optional
	Subcode *int32 `json:"subcode,omitempty"`

	// text says what happened, for people.
	// +kubebuilder:validation:MaxLength=1024
	Text string `json:"text"`
}

// NotificationDirection says who sent a NOTIFICATION.
//
// +kubebuilder:validation:Enum=Sent;Received
type NotificationDirection string

const (
	// NotificationSent went to the neighbour.
	NotificationSent NotificationDirection = "Sent"
	// NotificationReceived came from it.
	NotificationReceived NotificationDirection = "Received"
)
