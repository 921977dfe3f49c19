// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Capabilities are the capabilities of our OPEN (RFC 5492), beside the multiprotocol
// capabilities of families and the graceful restart capability of gracefulRestart.
// status.negotiated of the BGPSession has those that the neighbour offers too.
//
// +kubebuilder:validation:XValidation:rule="!has(self.roleMode) || has(self.role)",message="roleMode: write it beside role, or delete it"
// +kubebuilder:validation:XValidation:rule="!has(self.enhancedRouteRefresh) || !self.enhancedRouteRefresh || !has(self.routeRefresh) || self.routeRefresh",message="enhancedRouteRefresh: write routeRefresh true beside it, or delete it; enhanced route refresh marks the ends of a ROUTE-REFRESH (RFC 7313)"
type Capabilities struct {
	// addPath are the families with several paths for one prefix (RFC 7911), each
	// once and one of spec.families. Omitted: none. Change class: deferred.
	// +optional
	// +listType=map
	// +listMapKey=afi
	// +listMapKey=safi
	// +kubebuilder:validation:MaxItems=8
	AddPath []AddPath `json:"addPath,omitempty"`

	// extendedMessage offers messages of up to 65,535 octets (RFC 8654). Omitted:
	// false. Change class: deferred.
	// +optional
	ExtendedMessage *bool `json:"extendedMessage,omitempty"`

	// extendedNextHop offers IPv6 next hops for IPv4 unicast (RFC 8950). Omitted:
	// false. Change class: deferred.
	// +optional
	ExtendedNextHop *bool `json:"extendedNextHop,omitempty"`

	// linkLocalNextHop offers IPv6 next hops that are one link-local address alone
	// (draft-ietf-idr-linklocal-capability). Omitted: false. Change class: deferred.
	// +optional
	LinkLocalNextHop *bool `json:"linkLocalNextHop,omitempty"`

	// role is our role towards this neighbour (RFC 9234), in eBGP only. The neighbour's
	// role must match it, else the session is refused (2/11, Role Mismatch). Routes to a
	// Customer, RouteServerClient or Peer carry ONLY_TO_CUSTOMER. Omitted: none.
	// Change class: deferred.
	// +optional
	Role *Role `json:"role,omitempty"`

	// roleMode Strict refuses a neighbour that offers no role, Lenient accepts it.
	// Omitted: Lenient. Change class: deferred.
	// +optional
	RoleMode *RoleMode `json:"roleMode,omitempty"`

	// fqdn sends our name (draft-walton-bgp-hostname-capability). Omitted: not sent;
	// fqdn: {} sends the node's name. Change class: deferred.
	// +optional
	FQDN *FQDN `json:"fqdn,omitempty"`

	// softwareVersion sends our version (draft-abraitis-bgp-version-capability).
	// Omitted: false. Change class: deferred.
	// +optional
	SoftwareVersion *bool `json:"softwareVersion,omitempty"`

	// fourOctetASN offers 4-octet AS numbers (RFC 6793); without it both ASNs are at
	// most 65535. Omitted: true. Change class: deferred.
	// +optional
	FourOctetASN *bool `json:"fourOctetASN,omitempty"`

	// routeRefresh offers ROUTE-REFRESH (RFC 2918). Omitted: true. Change class:
	// deferred.
	// +optional
	RouteRefresh *bool `json:"routeRefresh,omitempty"`

	// enhancedRouteRefresh offers to mark the begin and the end of a refresh (RFC 7313).
	// Omitted: the value of routeRefresh. Change class: deferred.
	// +optional
	EnhancedRouteRefresh *bool `json:"enhancedRouteRefresh,omitempty"`
}

// AddPath offers several paths for one prefix in a family (RFC 7911).
type AddPath struct {
	// afi is the address family: IPv4 or IPv6.
	// +required
	AFI AFI `json:"afi"`

	// safi is the kind of routes: Unicast.
	// +required
	SAFI SAFI `json:"safi"`

	// mode says which way several paths may go. In a status it is the mode that both
	// ends agreed on. Change class: deferred.
	// +required
	Mode AddPathMode `json:"mode"`
}

// AddPathMode says, as we see it, which way several paths for a prefix may go.
//
// +kubebuilder:validation:Enum=Send;Receive;Both
type AddPathMode string

const (
	// AddPathSend is from us to the neighbour.
	AddPathSend AddPathMode = "Send"
	// AddPathReceive is from the neighbour to us.
	AddPathReceive AddPathMode = "Receive"
	// AddPathBoth is both ways.
	AddPathBoth AddPathMode = "Both"
)

// Role is the role of one end of an eBGP session (RFC 9234 §3).
//
// +kubebuilder:validation:Enum=Provider;RouteServer;RouteServerClient;Customer;Peer
type Role string

const (
	// RoleProvider gives transit to a Customer.
	RoleProvider Role = "Provider"
	// RoleRouteServer serves RouteServerClients.
	RoleRouteServer Role = "RouteServer"
	// RoleRouteServerClient is served by a RouteServer.
	RoleRouteServerClient Role = "RouteServerClient"
	// RoleCustomer takes transit from a Provider.
	RoleCustomer Role = "Customer"
	// RolePeer exchanges its own and its customers' routes with a Peer.
	RolePeer Role = "Peer"
)

// RoleMode says whether a neighbour without a role is accepted (RFC 9234 §4.2).
//
// +kubebuilder:validation:Enum=Lenient;Strict
type RoleMode string

const (
	// RoleLenient accepts a neighbour without a role.
	RoleLenient RoleMode = "Lenient"
	// RoleStrict refuses a neighbour without a role.
	RoleStrict RoleMode = "Strict"
)

// FQDN is the name that we send to a neighbour.
type FQDN struct {
	// hostName is our host name. Omitted: the name of the node, cut after 64
	// characters. Change class: deferred.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$')",message="hostName: write letters, digits, '-' and '.', such as node-1, or omit it for the node's name"
	HostName *string `json:"hostName,omitempty"`

	// domainName is our domain. Omitted: none. Change class: deferred.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=189
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$')",message="domainName: write letters, digits, '-' and '.', such as example.com"
	DomainName *string `json:"domainName,omitempty"`
}
