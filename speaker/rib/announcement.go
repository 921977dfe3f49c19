// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib

import (
	"cmp"
	"strings"

	"github.com/herald-bgp/herald/speaker/rib/encode"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Announcement is one set of prefixes with one set of path attributes. It is immutable once it was handed over: a changed
// announcement is a new value with the same ID. Two values of one ID that are Equal cost nothing on the wire.
type Announcement struct {
	// ID identifies the announcement across configurations. The speaker never interprets it.
	ID string
	// Name is what people call it, such as "shop/web"; verdicts of others name it ("lost to shop/web").
	Name string
	// Owner is whose it is, for the guard.
	Owner string
	// Age says which announcement goes first, with Name and ID: see Compare. The time of creation is one.
	Age int64
	// Note is the caller's own note of what the announcement was made from. The table gives it back with the announcement.
	Note any
	// PathID is the path identifier towards peers with which they are used (RFC 7911 §3). Announcements of one prefix with
	// one PathID conflict; to other peers only the first of them all goes (RFC 7911 §5).
	PathID uint32
	// SAFI is that of its families, 0 for unicast. One that the table does not know is sent to nobody.
	SAFI uint8
	// Prefixes are the destinations, IPv4 and IPv6 in any order.
	Prefixes Prefixes
	// Attributes are the path attributes, neutral to the session.
	Attributes Attributes
}

// Equal reports whether a and b announce the same with the same attributes and precedence under the same ID, with the same Note.
func (a *Announcement) Equal(b *Announcement) bool {
	return a == b || a.ID == b.ID && a.Name == b.Name && a.Owner == b.Owner && a.Age == b.Age && a.PathID == b.PathID && a.safi() == b.safi() &&
		equalTokens(a.Note, b.Note) && a.Prefixes.Equal(b.Prefixes) && a.Attributes.Equal(&b.Attributes)
}

func (a *Announcement) safi() uint8 { return cmp.Or(a.SAFI, wire.SAFIUnicast) }

// Compare is the order of precedence: of two announcements the lesser goes first. The lesser Age decides, then Name, with the
// namespace before the name, then ID. Announcements of one ID that differ in PathID or SAFI go beside each other.
func (a *Announcement) Compare(b *Announcement) int {
	if c := cmp.Compare(a.Age, b.Age); c != 0 {
		return c
	}
	if c := compareNames(a.Name, b.Name); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(a.PathID, b.PathID), cmp.Compare(a.safi(), b.safi()))
}

// compareNames compares the namespaces, then the names.
func compareNames(a, b string) int {
	if a == b {
		return 0
	}
	namespaceA, nameA, _ := strings.Cut(a, "/")
	namespaceB, nameB, _ := strings.Cut(b, "/")
	return cmp.Or(strings.Compare(namespaceA, namespaceB), strings.Compare(nameA, nameB))
}

// Attributes are the path attributes of an announcement as its author wrote them, or a peer's defaults for them.
type Attributes = encode.Attributes

// Params are what a session contributes to the routes that its peer is sent.
type Params = encode.Params

// Export is everything that one peer may be sent: a complete snapshot, never a change to the one before. RFC 8212 §3: what it
// does not grant is not sent.
type Export struct {
	// Announcements are what may be sent. Of two with one prefix the first is sent. The other is withheld with ReasonConflict, unless
	// the session would send both with the same attributes: then the route is that of both.
	Announcements *List
	// Defaults apply to what an announcement leaves unset in every form: see values. Communities are the union.
	Defaults Attributes
	// RatePerSecond is how many UPDATEs with routes a second may be sent, 0 for no limit.
	RatePerSecond int
	// Node, where it is set, is in the place of the addresses in the parameters of the peer's sessions. Nil leaves those that an export
	// before it named.
	Node *NodeAddresses
	// Guard is looked at last, before anything is encoded; nil permits everything.
	Guard *Guard
	// Token is the caller's own note of what this export was made from. Report gives back the token of the newest
	// export that was written to the session's socket in full.
	Token any
}

// Reason is why a prefix of an announcement is not sent on a session.
type Reason = encode.Reason

// The reasons that only the session can know.
const (
	// ReasonConflict: an older announcement has the same prefix, with other attributes.
	ReasonConflict = encode.Conflict
	// ReasonFamilyNotNegotiated: the peer did not offer the prefix's address family.
	ReasonFamilyNotNegotiated = encode.FamilyNotNegotiated
	// ReasonNoNextHop: the session has no address of the prefix's family to name as next hop, or the next hop would
	// be the peer itself (RFC 4271 §5.1.3).
	ReasonNoNextHop = encode.NoNextHop
	// ReasonOnlyToCustomer: the announcement carries ONLY_TO_CUSTOMER, which must not be sent to a provider, a peer or a route
	// server (RFC 9234 §5).
	ReasonOnlyToCustomer = encode.OnlyToCustomer
	// ReasonGuardRefused: the guard does not permit it.
	ReasonGuardRefused = encode.GuardRefused
	// ReasonTooLong: the path attributes do not fit one message.
	ReasonTooLong = encode.TooLong
)

// Withheld says that some or all of an announcement's prefixes are not sent on a session. There is one for each announcement
// and reason.
type Withheld struct {
	Announcement *Announcement
	Reason       Reason
	// Prefixes is how many are withheld; Example is one of them.
	Prefixes int
	Example  wire.NLRI
	// Winner names the announcement that is sent instead, for ReasonConflict.
	Winner string
}

// FamilyCount is the number of routes of one family.
type FamilyCount struct {
	Family wire.Family
	Routes int
}

// Report says what a session's peer was sent.
type Report struct {
	// Token is that of the newest Export whose routes were all written to the socket, nil until the first was,
	// with End-of-RIB of every negotiated family (RFC 4724 §2).
	Token any
	// Withheld belongs to that Export, in its order: the reasons of one announcement stand together. It lacks what is of families
	// that the session does not have: see All.
	Withheld []Withheld
	// Announced is what the peer now holds of us, for each negotiated family.
	Announced []FamilyCount
	foreign   foreign
}
