// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AdminState says whether a neighbour's sessions may run, or an announcement may go
// out.
//
// +kubebuilder:validation:Enum=Up;Down
type AdminState string

const (
	// AdminStateUp lets sessions run and announcements go out.
	AdminStateUp AdminState = "Up"
	// AdminStateDown ends sessions with Cease/2, Administrative Shutdown (RFC 4486), and
	// withdraws announcements.
	AdminStateDown AdminState = "Down"
)

// PeerType is the kind of a session whose remote ASN is not fixed.
//
// +kubebuilder:validation:Enum=External;Internal
type PeerType string

const (
	// PeerTypeExternal accepts every remote ASN but our own: eBGP.
	PeerTypeExternal PeerType = "External"
	// PeerTypeInternal accepts our own ASN alone: iBGP.
	PeerTypeInternal PeerType = "Internal"
)

// ApplyMode says when a change of the class "deferred" takes effect.
//
// +kubebuilder:validation:Enum=OnReconnect;Immediate
type ApplyMode string

const (
	// ApplyOnReconnect waits until the session is next established.
	ApplyOnReconnect ApplyMode = "OnReconnect"
	// ApplyImmediate resets the session now.
	ApplyImmediate ApplyMode = "Immediate"
)

// AFI is an address family, named after its Address Family Identifier.
//
// +kubebuilder:validation:Enum=IPv4;IPv6
type AFI string

const (
	// AFIIPv4 is AFI 1.
	AFIIPv4 AFI = "IPv4"
	// AFIIPv6 is AFI 2.
	AFIIPv6 AFI = "IPv6"
)

// SAFI is a kind of routes, named after its Subsequent Address Family Identifier.
//
// +kubebuilder:validation:Enum=Unicast
type SAFI string

// SAFIUnicast is SAFI 1, unicast forwarding.
const SAFIUnicast SAFI = "Unicast"

// Family is an address family of a session (RFC 4760).
type Family struct {
	// afi is the address family: IPv4 or IPv6.
	// +required
	AFI AFI `json:"afi"`

	// safi is the kind of routes: Unicast.
	// +required
	SAFI SAFI `json:"safi"`
}

// String is the family as people write it in one word, such as IPv4/Unicast.
func (f Family) String() string { return string(f.AFI) + "/" + string(f.SAFI) }

// Transport says how the TCP connection of a session is made.
//
// +kubebuilder:validation:XValidation:rule="!has(self.ttlSecurityHops) || !has(self.multihopTTL)",message="ttlSecurityHops: delete multihopTTL beside it; with ttlSecurityHops all that is sent has a TTL of 255 (RFC 5082)"
type Transport struct {
	// connectMode says who opens the connection: Both ends, we alone (Active) or the
	// neighbour alone (Passive). Omitted: Both where the process listens, else
	// Active. Change class: reset where it forbids the live connection, else in
	// place.
	// +optional
	ConnectMode *ConnectMode `json:"connectMode,omitempty"`

	// source is the local end of the connection. Omitted: the operating system chooses
	// the address. Change class: reset.
	// +optional
	Source *TransportSource `json:"source,omitempty"`

	// multihopTTL is the TTL or hop limit of the packets to a neighbour that is not on a
	// shared link. Not beside ttlSecurityHops. Omitted: 1 in eBGP, 255 in iBGP. Change
	// class: deferred.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=255
	MultihopTTL *int32 `json:"multihopTTL,omitempty"`

	// ttlSecurityHops is how many hops the neighbour is away at most: 1 on a shared
	// link. Packets are sent with a TTL or hop limit of 255, and packets that arrive with
	// less than 256 - ttlSecurityHops are dropped (GTSM, RFC 5082). Not beside
	// multihopTTL. Omitted: no such check. Change class: deferred.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=254
	TTLSecurityHops *int32 `json:"ttlSecurityHops,omitempty"`
}

// ConnectMode says who opens the TCP connection.
//
// +kubebuilder:validation:Enum=Both;Active;Passive
type ConnectMode string

const (
	// ConnectBoth dials and accepts; a collision is resolved (RFC 4271 §6.8).
	ConnectBoth ConnectMode = "Both"
	// ConnectActive only dials.
	ConnectActive ConnectMode = "Active"
	// ConnectPassive only accepts.
	ConnectPassive ConnectMode = "Passive"
)

// TransportSource is the local end of a connection.
type TransportSource struct {
	// address is the local address: a unicast address of the node, of the same family
	// as the neighbour's. Change class: reset.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self)",message="source.address: write an IPv4 or IPv6 address of the node, without a zone or a prefix length, such as 192.0.2.10"
	// +kubebuilder:validation:XValidation:rule="!isIP(self) || ((ip(self).isGlobalUnicast() || ip(self).isLoopback() || ip(self).isLinkLocalUnicast()) && !cidr('0.0.0.0/8').containsIP(self) && !cidr('224.0.0.0/3').containsIP(self))",message="source.address: write one of the node's own addresses; unspecified, multicast and broadcast addresses are nobody's; omit source to let the system choose"
	// +kubebuilder:validation:XValidation:rule="!isIP(self) || ip(self).family() == 4 || !ip(self).isLinkLocalUnicast()",message="source.address: write a global or unique local IPv6 address; a link-local one (fe80::/10) does not say on which interface it is"
	Address string `json:"address"`
}

// Authentication protects the TCP connection of a session. The member that
// belongs to its type is written, and no other.
//
// +kubebuilder:validation:XValidation:rule="has(self.tcpMD5) == (self.type == 'TCPMD5')",message="tcpMD5: with type TCPMD5 write tcpMD5.secretRef.name, the Secret that holds the key"
type Authentication struct {
	// type is the method. Change class: reset.
	// +required
	Type AuthenticationType `json:"type"`

	// tcpMD5 names the key of type TCPMD5. Change class: deferred.
	// +optional
	TCPMD5 *TCPMD5 `json:"tcpMD5,omitempty"`
}

// AuthenticationType is a method that protects a TCP connection.
//
// +kubebuilder:validation:Enum=TCPMD5
type AuthenticationType string

// AuthenticationTCPMD5 is the TCP MD5 signature option (RFC 2385).
const AuthenticationTCPMD5 AuthenticationType = "TCPMD5"

// TCPMD5 is the key of the TCP MD5 signature option.
type TCPMD5 struct {
	// secretRef names the Secret that holds the key: 1 to 80 bytes, not ending in a
	// newline. If it is missing or invalid, this peer does not start (SecretNotFound,
	// SecretInvalid). Change class: deferred.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`
}

// SecretKeyReference names an entry of a Secret in the namespace that --auth-namespace
// names, by default the operator's own.
type SecretKeyReference struct {
	// name is the Secret's name. Change class: deferred.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="secretRef.name: write the name of a Secret, a DNS subdomain of lower-case letters, digits, '-' and '.', such as tor-a"
	Name string `json:"name"`

	// key is the entry of the Secret. Omitted: password. Change class: deferred.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="secretRef.key: write the name of an entry of the Secret: letters, digits, '-', '_' and '.', such as password"
	Key *string `json:"key,omitempty"`
}

// Timers are the timers of a session, in seconds.
//
// +kubebuilder:validation:XValidation:rule="!has(self.keepaliveSeconds) || self.keepaliveSeconds <= (has(self.holdSeconds) ? self.holdSeconds : 90)",message="keepaliveSeconds: write at most holdSeconds (90 when omitted), best a third of it, or omit it; with holdSeconds 0 no KEEPALIVE is sent"
// +kubebuilder:validation:XValidation:rule="!has(self.sendHoldSeconds) || self.sendHoldSeconds > (has(self.holdSeconds) ? self.holdSeconds : 90)",message="sendHoldSeconds: write more than holdSeconds (90 when omitted), best twice as much (RFC 9687), or omit it"
type Timers struct {
	// holdSeconds is the hold time that we offer; the session uses the smaller of both
	// ends' offers (RFC 4271 §4.2). 0 means no hold timer and no KEEPALIVEs. Omitted: 90.
	// Change class: deferred.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	// +kubebuilder:validation:XValidation:rule="self == 0 || self >= 3",message="holdSeconds: write 3 or more, or 0 for no hold timer (RFC 4271 §4.2)"
	HoldSeconds *int32 `json:"holdSeconds,omitempty"`

	// keepaliveSeconds is the longest time between two KEEPALIVEs; if a third of the
	// negotiated hold time is less, that counts. Omitted: a third of the negotiated hold
	// time. Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	KeepaliveSeconds *int32 `json:"keepaliveSeconds,omitempty"`

	// connectRetrySeconds is the first wait after a failed connection; each further wait
	// is twice as long, up to the larger of 60 and this value, with jitter. Omitted: 5.
	// Change class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	ConnectRetrySeconds *int32 `json:"connectRetrySeconds,omitempty"`

	// sendHoldSeconds is how long the neighbour may acknowledge no message of those sent
	// to it before the speaker closes the session (RFC 9687). Omitted: the larger of 480
	// and twice the negotiated hold time; none if the negotiated hold time is 0. Change
	// class: in place.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=131070
	SendHoldSeconds *int32 `json:"sendHoldSeconds,omitempty"`
}

// GracefulRestart says whether the neighbour keeps our routes while the speaker
// restarts (RFC 4724).
//
// +kubebuilder:validation:XValidation:rule="!has(self.longLivedStaleSeconds) || !has(self.mode) || self.mode == 'Enabled'",message="longLivedStaleSeconds: write mode Enabled beside it, or delete it; long-lived graceful restart goes with the other alone (RFC 9494)"
// +kubebuilder:validation:XValidation:rule="!has(self.notifications) || !self.notifications || !has(self.mode) || self.mode == 'Enabled'",message="notifications: write mode Enabled beside it, or delete it; it says what graceful restart covers (RFC 8538)"
type GracefulRestart struct {
	// mode Disabled leaves the capability out of our OPEN. Omitted: Enabled. Change
	// class: deferred.
	// +optional
	Mode *GracefulRestartMode `json:"mode,omitempty"`

	// restartSeconds is how long the neighbour shall keep our routes and wait for us
	// (the Restart Time, 12 bits). Omitted: 120. Change class: deferred.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4095
	RestartSeconds *int32 `json:"restartSeconds,omitempty"`

	// notifications true offers to keep routes also after a NOTIFICATION and after the
	// hold timer expired (RFC 8538): the routes of a dead node then stay restartSeconds
	// longer. Omitted: false. Change class: deferred.
	// +optional
	Notifications *bool `json:"notifications,omitempty"`

	// longLivedStaleSeconds is how long, after restartSeconds, the neighbour shall
	// keep our routes as the last resort (RFC 9494), with mode Enabled alone. Omitted:
	// long-lived graceful restart is not offered. Change class: deferred.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=16777215
	LongLivedStaleSeconds *int32 `json:"longLivedStaleSeconds,omitempty"`
}

// GracefulRestartMode says whether graceful restart is offered.
//
// +kubebuilder:validation:Enum=Enabled;Disabled
type GracefulRestartMode string

const (
	// GracefulRestartEnabled offers graceful restart.
	GracefulRestartEnabled GracefulRestartMode = "Enabled"
	// GracefulRestartDisabled does not offer it.
	GracefulRestartDisabled GracefulRestartMode = "Disabled"
)
