// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"net/netip"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Announcement holds prefixes to announce with their attributes: see rib.Announcement.
type Announcement = rib.Announcement

// Export says which announcements a peer shall be sent: see rib.Export.
type Export = rib.Export

// Config is the complete desired state of a Speaker: a session or announcement that is not in it ends. It is immutable once applied.
// A configuration shares its unchanged parts with the one before it: the chunks of the list of announcements, the slice of peers, and
// the pointer of a peer. Shared parts cost nothing.
type Config struct {
	// RouterID is the BGP identifier, an IPv4 address other than 0.0.0.0 (RFC 6286 §2.1). The effect of a change depends on
	// RouterIDOrigin.
	RouterID       netip.Addr
	RouterIDOrigin RouterIDOrigin
	// NodeAddress4 and NodeAddress6 are next hop self for a family other than that of a session's own address. The zero Addr
	// means there is none. Class: in place.
	NodeAddress4, NodeAddress6 netip.Addr
	// Announcements are all announcements that any peer may be sent.
	Announcements *rib.List
	// Peers have unique IDs, and addresses that distinguish them. If two of them cannot both connect to this process, the first
	// may.
	Peers []*Peer
	// Exports say what each of Peers is sent, by the same index; a peer without an export is sent nothing. Class: in place.
	Exports []Export
}

// Peer is one neighbour, and one session at most.
type Peer struct {
	// Name is the peer's name for people, also in logs. Several peers may share it: see SessionID.
	Name string
	// Address and port of the neighbour. The address carries no zone unless it is link-local. Class: reset; the session with a former
	// address ends for good.
	Address netip.AddrPort
	// LocalAddress is the source of the session, the zero Addr for the system's choice. Class: reset; the session from another
	// address ends for good.
	LocalAddress netip.Addr
	// LocalASN is our ASN. Class: reset.
	LocalASN uint32
	// PeerASN is the peer's ASN, 0 if PeerType decides. Class: reset.
	PeerASN uint32
	// PeerType says which ASNs are accepted if PeerASN is 0. Class: reset.
	PeerType PeerType
	// AdminDown keeps the session down, with Cease/2 (RFC 4486) for a live one. Class: end.
	AdminDown bool
	// DownText is the shutdown communication (RFC 9003) that goes with a Cease/2.
	DownText string
	// ConnectMode says which side opens the connection. Class: reset where it forbids the live one.
	ConnectMode ConnectMode
	// Blocked says whether a new session may start, and why not. A live one goes on.
	Blocked Blocked
	// Families offered in the OPEN, at least one. A peer that offers none of them is refused with 2/7 (RFC 5492 §3).
	// Class: deferred.
	Families []wire.Family
	// MultihopTTL is the TTL of an external session beyond one hop, 0 for the default: 1 external, 255 internal.
	// Class: deferred.
	MultihopTTL uint8
	// TTLSecurityHops is how many hops away the peer may be (GTSM, RFC 5082): packets that travelled further are dropped by
	// the kernel. 0 is off. Not with MultihopTTL. Class: deferred.
	TTLSecurityHops uint8
	// Auth authenticates the connection. Class: reset for another method, deferred for another key.
	Auth transport.Auth
	// Timers of the session.
	Timers Timers
	// Capabilities offered in the OPEN besides. Class: deferred.
	Capabilities Capabilities
	// GracefulRestart is offered in the OPEN when it is set. Class: deferred.
	GracefulRestart *GracefulRestart
	// ApplyImmediate resets the session for a deferred change instead of waiting for the next reconnect.
	ApplyImmediate bool
	// Receive says what is done with the routes that this peer sends. Class: in place; from ReceiveIgnore to ReceiveReport the
	// peer is asked for its routes again if it offered ROUTE-REFRESH.
	Receive Receive
	// Revision is the caller's note on the source of this peer. A snapshot returns the Revision of the configuration that it
	// speaks of. Class: none, since it changes nothing.
	Revision any
}

// RouterIDOrigin says where a router ID comes from.
type RouterIDOrigin uint8

// Where a router ID comes from.
const (
	// RouterIDChosen: a person chose it. Class: reset, of every session.
	RouterIDChosen RouterIDOrigin = iota
	// RouterIDDerived: it was derived from an address of the node. An earlier derived router ID stays in use until Run ends:
	// addresses come, go and change their order, and that must not cost a session. PeerSnapshot.PendingRouterID shows the new one.
	RouterIDDerived
	// RouterIDUnreadable: a person's choice cannot be read, and this router ID was derived. Any earlier one stays in use.
	RouterIDUnreadable
)

// Timers are the timers of RFC 4271 §10 and RFC 9687. Zero means the default that the field's comment gives.
type Timers struct {
	// Hold is offered in the OPEN, in whole seconds; NoHold offers 0. Default 90 s. Class: deferred.
	Hold   time.Duration
	NoHold bool
	// Keepalive is at most a third of the negotiated hold time, which is the default. Class: in place.
	Keepalive time.Duration
	// ConnectRetry is the first interval between attempts to connect. The interval doubles up to the larger of 60 s and
	// ConnectRetry. Default 5 s. Class: in place.
	ConnectRetry time.Duration
	// SendHold closes a session whose peer reads nothing (RFC 9687). Default max(480 s, 2 x hold). Class: in place.
	SendHold time.Duration
}

// GracefulRestart is the capability of RFC 4724 as the restarting speaker offers it.
type GracefulRestart struct {
	// RestartTime in whole seconds, at most 4095 s.
	RestartTime time.Duration
	// Notifications offers to keep routes over a NOTIFICATION and the expiry of the hold timer too (RFC 8538).
	Notifications bool
	// LongLivedStaleTime, in whole seconds below 2^24, is how long the peer may keep our routes beyond the restart time if it
	// has no better ones (RFC 9494). 0 does not offer it. RFC 9494 §5: it MUST NOT be enabled by default. If it is offered, we
	// keep the peer's routes for the time that the peer offers.
	LongLivedStaleTime time.Duration
}

// PeerType is the kind of a peering whose peer ASN is not fixed.
type PeerType uint8

// Kinds of peering.
const (
	// PeerTypeFixed: PeerASN holds the only ASN accepted.
	PeerTypeFixed PeerType = iota
	// PeerTypeExternal accepts every ASN but ours.
	PeerTypeExternal
	// PeerTypeInternal accepts our ASN alone.
	PeerTypeInternal
)

// ConnectMode says which side opens the TCP connection.
type ConnectMode uint8

// Connect modes.
const (
	// ConnectBoth dials and accepts (RFC 4271 §6.8 resolves collisions).
	ConnectBoth ConnectMode = iota
	// ConnectActive only dials.
	ConnectActive
	// ConnectPassive only accepts.
	ConnectPassive
)
