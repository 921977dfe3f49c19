// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"reflect"
	"slices"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// Input is everything that a node's configuration depends on. It is read, never changed.
type Input struct {
	Objects
	// Node is the node's own.
	Node NodeFacts
	// Listening: the process accepts connections.
	Listening bool
	// SoftwareVersion is what a neighbour is told where its peer says so.
	SoftwareVersion string
	// RouterID overrides what the node gives, unless it is the zero Addr.
	RouterID netip.Addr
	// AuthNamespace is the namespace of Secrets, for messages.
	AuthNamespace string
	// Secrets are the Secrets of AuthNamespace, by name and entry.
	Secrets map[string]map[string][]byte
	// SecretProblems say why a Secret of AuthNamespace cannot be read, by name.
	SecretProblems map[string]string
}

// Output is a node's configuration, and what could not become a part of it. It is immutable.
type Output struct {
	// Config is complete. It is the very pointer of the output before when nothing changed.
	Config *speaker.Config
	// Sessions are the peers in Config, in its order.
	Sessions []Session
	// Issues, sorted.
	Issues []Issue

	catalog *Catalog
	// verdicts are those that the next Compile may use, by the peer that they are about.
	verdicts map[*Peer]map[*Announcement]*verdict
	// parts are the announcements that some session may have only a part of, by ID; partsOf are theirs, by that of the whole.
	parts   map[string]*rib.Announcement
	partsOf map[string][]*rib.Announcement
	// exports are what each peer is sent, by its name.
	exports map[speaker.SessionID]speaker.Export
}

// share returns an export that shares with the one before what did not change.
func share(e, before speaker.Export) speaker.Export {
	if e.Guard.Equal(before.Guard) {
		e.Guard = before.Guard
	}
	if decisions, was := DecisionsOf(e.Token), DecisionsOf(before.Token); decisions.equal(was) {
		e.Token = was
	}
	return e
}

// Catalog is what the objects say, as the configuration was compiled from it.
func (out *Output) Catalog() *Catalog { return out.catalog }

// Compile makes the configuration of a node. It never fails and does no I/O; equal inputs in any order give equal
// outputs. Whatever is equal in prev, which may be nil, is shared with it; prev has no other effect.
func Compile(in Input, prev *Output) *Output {
	if prev == nil {
		prev = &Output{}
	}
	out := &Output{
		catalog:  NewCatalog(in.Objects),
		verdicts: map[*Peer]map[*Announcement]*verdict{},
		parts:    map[string]*rib.Announcement{},
		partsOf:  map[string][]*rib.Announcement{},
		exports:  make(map[speaker.SessionID]speaker.Export, len(in.Objects.Peers)),
	}
	out.Issues = append(out.Issues, out.catalog.Issues...)
	former := cmp.Or(prev.Config, &speaker.Config{})
	config := &speaker.Config{
		RouterID:     in.RouterID,
		NodeAddress4: in.Node.Address4(),
		NodeAddress6: in.Node.Address6(),
	}
	if !config.RouterID.IsValid() {
		id, origin, issues := in.Node.RouterID()
		config.RouterID, config.RouterIDOrigin = id, origin
		out.Issues = append(out.Issues, issues...)
	}
	sessions, issues := out.catalog.Sessions(&in.Node)
	out.Issues = append(out.Issues, issues...)
	whole := map[*rib.Announcement]bool{} // what some session is sent all of
	for _, session := range sessions {
		peer := out.compilePeer(&in, session)
		if i := len(config.Peers); i < len(former.Peers) && reflect.DeepEqual(peer, former.Peers[i]) {
			peer = former.Peers[i]
		}
		config.Peers = append(config.Peers, peer)
		config.Exports = append(config.Exports, out.export(&in, session.Peer, prev, whole))
	}
	if slices.Equal(config.Peers, former.Peers) {
		config.Peers = former.Peers
	}
	config.Announcements = former.Announcements.Replace(out.announcements(whole)...)
	out.Sessions = sessions
	out.Config = config
	if reflect.DeepEqual(prev.Config, config) {
		out.Config = prev.Config
	}
	sortIssues(out.Issues)
	return out
}

// compilePeer adds to a peer what the node knows: its ASN and the key.
func (out *Output) compilePeer(in *Input, session Session) *speaker.Peer {
	peer := session.Peer.session
	peer.LocalASN = session.LocalASN
	peer.ConnectMode = session.Peer.connectMode(in.Listening)
	peer.Capabilities = session.Peer.capabilities(in)
	if issue := authenticate(&peer, session.Peer, in); issue != nil {
		out.Issues = append(out.Issues, *issue)
	}
	return &peer
}

// export decides what a peer is sent.
func (out *Output) export(in *Input, peer *Peer, prev *Output, whole map[*rib.Announcement]bool) speaker.Export {
	granted := out.catalog.granted(peer)
	announcements, decisions := make([]*rib.Announcement, 0, len(granted)), make([]Decision, 0, len(granted))
	part := func(a *Announcement, kept []rib.PrefixRange) *rib.Announcement { return out.part(a, kept, prev) }
	judge := newJudge(out.catalog, peer, part, prev.settled(peer, out.catalog))
	for _, a := range granted {
		if !a.SelectsNode(in.Node.Labels) {
			continue
		}
		verdict := judge.decide(a)
		decision := Decision{Of: a, Sent: verdict.sent, Foreign: int32(verdict.foreign), Reason: verdict.reason}
		switch {
		case verdict.sent == a.whole:
			whole[a.whole] = true
		case verdict.sent != nil:
			decision.Sent = out.addPart(a, verdict.sent, prev)
		}
		if decision.Sent != nil {
			decision.Prefixes = int32(verdict.prefixes)
			announcements = append(announcements, decision.Sent)
		}
		if a.families.has(peer.families) {
			decisions = append(decisions, decision)
		}
	}
	out.verdicts[peer] = judge.settled
	id := peer.session.ID()
	e, before := peer.export, prev.exports[id]
	e.Announcements = before.Announcements.Replace(announcements...)
	e.Guard = out.catalog.guardOf(peer)
	e.Token = &Decisions{Peer: peer.Ref, Announcements: nonEmpty(decisions)}
	out.exports[id] = share(e, before)
	return out.exports[id]
}

// nonEmpty is nil for an empty list, so that all empty ones are equal.
func nonEmpty[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// settled are the verdicts about a peer that are as true of another catalog.
func (out *Output) settled(peer *Peer, of *Catalog) map[*Announcement]*verdict {
	if c := out.catalog; c == nil || c.trustAll != of.trustAll || c.operatorNamespace != of.operatorNamespace {
		return nil
	}
	return out.verdicts[peer]
}

// part is the announcement of some of a's prefixes. Every session that may have the same part shares it.
func (out *Output) part(a *Announcement, kept []rib.PrefixRange, prev *Output) *rib.Announcement {
	part := *a.whole
	part.ID += "#" + partName(a, kept)
	if known := out.parts[part.ID]; known != nil {
		return known
	}
	part.Prefixes = rib.NewPrefixes(kept...)
	if known := prev.parts[part.ID]; known != nil && known.Equal(&part) {
		return known
	}
	return &part
}

// addPart notes a part that some session is sent, and returns the one value that stands for it: a verdict may have kept another,
// from when its session was sent nothing.
func (out *Output) addPart(a *Announcement, part *rib.Announcement, prev *Output) *rib.Announcement {
	if known := out.parts[part.ID]; known != nil {
		return known
	}
	if known := prev.parts[part.ID]; known != nil && known.Equal(part) {
		part = known
	}
	out.parts[part.ID] = part
	out.partsOf[a.whole.ID] = append(out.partsOf[a.whole.ID], part)
	return part
}

// announcements are all that some session is sent, in order of precedence. No session is sent two parts of one.
func (out *Output) announcements(whole map[*rib.Announcement]bool) []*rib.Announcement {
	list := make([]*rib.Announcement, 0, len(whole)+len(out.parts))
	for _, a := range out.catalog.Announcements {
		if whole[a.whole] {
			list = append(list, a.whole)
		}
		parts := out.partsOf[a.whole.ID]
		slices.SortFunc(parts, func(a, b *rib.Announcement) int { return cmp.Compare(a.ID, b.ID) })
		list = append(list, parts...)
	}
	return list
}

// partName tells the parts of an announcement apart. All of one family is the common part, and keeps its name when the
// prefixes change; any other is named by a hash of its prefixes.
func partName(a *Announcement, kept []rib.PrefixRange) string {
	var in families
	for _, r := range kept {
		in |= familyOf(r.Prefix)
	}
	all := 0
	for r := range a.whole.Prefixes.All() {
		if in.has(familyOf(r.Prefix)) {
			all++
		}
	}
	if all == len(kept) {
		return in.String()
	}
	hash := sha256.New()
	for _, r := range kept {
		fmt.Fprintf(hash, "%s-%d\n", r.Prefix, r.Length)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}
