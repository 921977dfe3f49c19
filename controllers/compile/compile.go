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
	// parts are the announcements that some session may have only a part of, by ID; partsOf are theirs, by that of the whole.
	parts   map[string]*rib.Announcement
	partsOf map[string][]*rib.Announcement
	// tokens are the decisions for each peer, by its name.
	tokens map[string]*Decisions
	// sent are the announcements that some session is sent.
	sent map[*rib.Announcement]bool
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
		catalog: NewCatalog(in.Objects, prev.catalog),
		parts:   map[string]*rib.Announcement{},
		partsOf: map[string][]*rib.Announcement{},
		tokens:  map[string]*Decisions{},
		sent:    map[*rib.Announcement]bool{},
	}
	out.Issues = append(out.Issues, out.catalog.Issues...)
	config := &speaker.Config{
		RouterID:     in.RouterID,
		NodeAddress4: in.Node.Address4(),
		NodeAddress6: in.Node.Address6(),
	}
	if !config.RouterID.IsValid() {
		id, issues := in.Node.RouterID()
		config.RouterID = id
		out.Issues = append(out.Issues, issues...)
	}
	sessions, issues := out.catalog.Sessions(&in.Node)
	out.Issues = append(out.Issues, issues...)
	for _, session := range sessions {
		config.Peers = append(config.Peers, out.compilePeer(&in, session, prev))
	}
	config.Announcements = out.announcements()
	out.Sessions = sessions
	out.Config = config
	if reflect.DeepEqual(prev.Config, config) {
		out.Config = prev.Config
	}
	sortIssues(out.Issues)
	return out
}

// compilePeer adds to a peer what the node knows: its ASN, the key, and what it is sent.
func (out *Output) compilePeer(in *Input, session Session, prev *Output) speaker.Peer {
	peer := session.Peer.session
	peer.LocalASN = session.LocalASN
	peer.ConnectMode = session.Peer.connectMode(in.Listening)
	peer.Capabilities = session.Peer.capabilities(in)
	if issue := authenticate(&peer, session.Peer, in); issue != nil {
		out.Issues = append(out.Issues, *issue)
	}
	peer.Export.Guard = out.catalog.guardOf(session.Peer)
	decisions := &Decisions{Peer: session.Peer.Ref}
	judge := newJudge(out.catalog, session.Peer)
	for _, a := range out.catalog.granted(session.Peer) {
		if !a.SelectsNode(in.Node.Labels) {
			continue
		}
		verdict := judge.decide(a)
		decision := Decision{Ref: a.Ref, Reason: verdict.reason, Foreign: verdict.foreign}
		if len(verdict.kept) > 0 {
			part := out.part(a, verdict.kept, prev)
			decision.ID, decision.Prefixes = part.ID, verdict.prefixes
			peer.Export.Announcements = append(peer.Export.Announcements, part)
			out.sent[part] = true
		}
		if a.families.has(session.Peer.families) {
			decisions.Announcements = append(decisions.Announcements, decision)
		}
	}
	if known := prev.tokens[peer.Name]; decisions.equal(known) {
		decisions = known
	}
	out.tokens[peer.Name] = decisions
	peer.Export.Token = decisions
	return peer
}

// part is the announcement of some of a's prefixes. Every session that may have the same part shares it.
func (out *Output) part(a *Announcement, kept []rib.PrefixRange, prev *Output) *rib.Announcement {
	if len(kept) == a.whole.Prefixes.Len() {
		return a.whole
	}
	id := a.whole.ID + "#" + partName(a, kept)
	if part := out.parts[id]; part != nil {
		return part
	}
	part := &rib.Announcement{ID: id, Name: a.whole.Name, Owner: a.whole.Owner, Prefixes: rib.NewPrefixes(kept...), PathID: a.whole.PathID, Attributes: a.whole.Attributes}
	if known := prev.parts[id]; known != nil && known.Equal(part) {
		part = known
	}
	out.parts[id] = part
	out.partsOf[a.whole.ID] = append(out.partsOf[a.whole.ID], part)
	return part
}

// announcements are all that some session is sent, in order of precedence. No session is sent two parts of one.
func (out *Output) announcements() []*rib.Announcement {
	list := make([]*rib.Announcement, 0, len(out.sent))
	for _, a := range out.catalog.Announcements {
		if out.sent[a.whole] {
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
