// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// State is a state of the FSM of RFC 4271 §8.2.2.
type State uint8

// The states of RFC 4271 §8.2.2.
const (
	StateIdle State = iota
	StateConnect
	StateActive
	StateOpenSent
	StateOpenConfirm
	StateEstablished
)

// String returns the RFC's name of the state.
func (s State) String() string {
	switch s {
	case StateIdle:
		return "Idle"
	case StateConnect:
		return "Connect"
	case StateActive:
		return "Active"
	case StateOpenSent:
		return "OpenSent"
	case StateOpenConfirm:
		return "OpenConfirm"
	case StateEstablished:
		return "Established"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Direction says who ended a session.
type Direction uint8

// Directions of an error.
const (
	// DirectionNone: no NOTIFICATION went either way (the connection failed or was lost).
	DirectionNone Direction = iota
	// DirectionSent: we sent a NOTIFICATION.
	DirectionSent
	// DirectionReceived: the peer sent one.
	DirectionReceived
)

// SessionError is the reason why a session or an attempt at one ended.
type SessionError struct {
	Time      time.Time
	Direction Direction
	// Code and Subcode of the NOTIFICATION, 0 for DirectionNone.
	Code, Subcode uint8
	// Text is a whole sentence for people: what happened, with the NOTIFICATION's name and both sides' values.
	Text string
}

// Negotiated holds the values that both OPENs agreed on.
type Negotiated struct {
	// HoldTime is the smaller of both offers; 0 means no hold timer and no keepalives (RFC 4271 §4.2).
	HoldTime  time.Duration
	Keepalive time.Duration
	// Families that both sides offered; IPv4 unicast alone for a peer without multiprotocol capabilities (RFC 4760 §8).
	Families []wire.Family
	// AS4: both sides use 4-octet AS numbers (RFC 6793).
	AS4 bool
	// RouteRefresh: the peer may send and be sent ROUTE-REFRESH (RFC 2918).
	RouteRefresh bool
	// EnhancedRefresh: the routes of a refresh come between BoRR and EoRR (RFC 7313).
	EnhancedRefresh bool
	// ExtendedMessage: messages may be up to 65,535 octets (RFC 8654).
	ExtendedMessage bool
	// AddPathSend and AddPathReceive are the families in which we and the peer send path identifiers (RFC 7911).
	AddPathSend, AddPathReceive []wire.Family
	// ExtendedNextHop are the families other than IPv6 whose next hop may be an IPv6 address (RFC 8950).
	ExtendedNextHop []wire.Family
	// LinkLocalNextHop: an IPv6 next hop may be one link-local address (draft-ietf-idr-linklocal-capability).
	LinkLocalNextHop bool
	// Role is our role and PeerRole the peer's (RFC 9234), nil for none.
	Role, PeerRole *wire.Role
	// PeerFQDN and PeerSoftwareVersion are the peer's own statements, nil and "" for none. They are not to be trusted.
	PeerFQDN            *wire.FQDN
	PeerSoftwareVersion string
	// GracefulRestart: both sides offered it (RFC 4724). PeerRestartTime is the time that the peer asks for, PeerPreserves the
	// families that it can keep forwarding in.
	GracefulRestart bool
	PeerRestartTime time.Duration
	PeerPreserves   []wire.GracefulRestartFamily
	// Notifications: a NOTIFICATION other than a Hard Reset keeps the routes too (RFC 8538).
	Notifications bool
	// LongLived are the families in which the peer offered long-lived graceful restart (RFC 9494) and so did we.
	LongLived []wire.LongLivedFamily
}

// PeerSnapshot is the state of one peer at one moment.
type PeerSnapshot struct {
	ID SessionID
	// Revision is the Revision of the newest configuration that the peer's goroutine has taken; the other fields speak of that
	// configuration.
	Revision any
	State    State
	// Since is when the session became Established, or when it last left that state (before that, the start of the peer).
	Since time.Time
	// LocalASN and PeerASN of the session: PeerASN is the ASN in the peer's last OPEN, or the configured one.
	LocalASN, PeerASN uint32
	// LocalAddress and PeerAddress of the live session; PeerAddress as configured when there is none.
	LocalAddress, PeerAddress netip.AddrPort
	RouterID, RemoteRouterID  netip.Addr
	// Negotiated is nil unless Established.
	Negotiated *Negotiated
	// PeerRestart is nil unless the peer restarts gracefully (RFC 4724 §4.2).
	PeerRestart *PeerRestart
	// Flaps counts how often the session was lost after it was Established.
	Flaps uint64
	// LastError is nil before the first.
	LastError *SessionError
	// PendingReset are the parameters whose change waits for the next reconnect, empty if there is none.
	PendingReset []Parameter
	// PendingRouterID is the RouterID after the next start of the speaker, the zero Addr if it stays the same.
	PendingRouterID netip.Addr
	// Blocked repeats the configuration.
	Blocked Blocked
	// AdminDown repeats the configuration.
	AdminDown bool
	// ListenerError says why connections cannot be accepted, empty when they can or need not be.
	ListenerError string
	// Routes reports the routes that were sent to the peer, the zero Report unless Established.
	Routes rib.Report
	// Received counts the routes from the peer that are kept, nil if the configuration keeps none. After the end of a session some
	// may be kept as stale.
	Received *adjin.Report
	// Messages counts messages since the peer was configured, over all its sessions.
	Messages MessageCounts
}

// MessageCounts counts messages by type, sent and received, and the NLRI in received UPDATEs.
type MessageCounts struct {
	Sent, Received    map[wire.MessageType]uint64
	ReceivedReachable uint64
	ReceivedWithdrawn uint64
	ReceivedDiscarded uint64 // attributes and routes dropped under RFC 7606
}
