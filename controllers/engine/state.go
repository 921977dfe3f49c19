// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"net/netip"
	"strings"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// State is what the speaker was told, and what could not become a part of it. It is immutable.
type State struct {
	// Config is the configuration, the very pointer of the state before where nothing changed.
	Config *speaker.Config
	// Sessions are the peers in Config, in its order.
	Sessions []compile.Session
	// Issues, sorted.
	Issues []compile.Issue
	// Catalog is what the objects say whatever the node.
	Catalog *compile.Catalog
	// Node is the node that it was made for.
	Node compile.NodeFacts
	// Origin is that of the Input that it was made from.
	Origin any
	// Time is when it was made.
	Time time.Time
	// Refusal says that the speaker has refused a configuration since; nil unless it has.
	Refusal *Refusal

	output   *compile.Output
	nodeName string
}

// Refusal is why the speaker refused a configuration, which is a defect.
type Refusal struct {
	Err error
	// Since is when it was refused for that the first time.
	Since time.Time
}

// SessionID names a session of a node.
type SessionID struct {
	// Peer is the name of the BGPPeer.
	Peer string
	// Remote is the neighbour's address.
	Remote netip.Addr
	// VRF is empty for the default one.
	VRF string
}

// IDOf is the ID of a session.
func IDOf(session *compile.Session) SessionID {
	return SessionID{Peer: session.Peer.Ref.Name, Remote: session.Peer.Address.Addr()}
}

// IDOfSpec is the ID of the session that a BGPSession is about. It has no address where the spec has none that can be read.
func IDOfSpec(spec *v1alpha1.BGPSessionSpec) SessionID {
	remote, _ := netip.ParseAddr(spec.Remote)
	return SessionID{Peer: spec.PeerName, Remote: remote}
}

// Name is the name of a session's BGPSession on a node.
func (id SessionID) Name(node string) string { return compile.SessionName(id.Peer, node) }

// Session is the session whose BGPSession has that name, nil when the node is to have none.
func (s *State) Session(name string) *compile.Session {
	for i := range s.Sessions {
		peer := s.Sessions[i].Peer.Ref.Name
		if strings.HasPrefix(name, peer) && compile.SessionName(peer, s.nodeName) == name {
			return &s.Sessions[i]
		}
	}
	return nil
}

// IDs are those of the sessions, in their order; none of a nil State.
func (s *State) IDs() []SessionID {
	if s == nil {
		return nil
	}
	ids := make([]SessionID, len(s.Sessions))
	for i := range s.Sessions {
		ids[i] = IDOf(&s.Sessions[i])
	}
	return ids
}

// changedSessions are those that only one of two states has, or that have another version of their BGPPeer. What the speaker
// does with a configuration it tells by itself. former may be nil.
func changedSessions(former, next *State) []SessionID {
	versions := map[SessionID]compile.Ref{}
	if former != nil {
		for i := range former.Sessions {
			versions[IDOf(&former.Sessions[i])] = former.Sessions[i].Peer.Ref
		}
	}
	var changed []SessionID
	for i := range next.Sessions {
		id := IDOf(&next.Sessions[i])
		if before, ok := versions[id]; !ok || before != next.Sessions[i].Peer.Ref {
			changed = append(changed, id)
		}
		delete(versions, id)
	}
	for id := range versions {
		changed = append(changed, id)
	}
	return changed
}

// changed are the sessions with the peers that the speaker names. One that is gone is told of by changedSessions.
func (e *Engine) changed(peers []string) []SessionID {
	state := e.state.Load()
	if state == nil {
		return nil
	}
	named := make(map[string]bool, len(peers))
	for _, peer := range peers {
		named[peer] = true
	}
	var ids []SessionID
	for i := range state.Sessions {
		if named[state.Sessions[i].Peer.Ref.Name] {
			ids = append(ids, IDOf(&state.Sessions[i]))
		}
	}
	return ids
}
