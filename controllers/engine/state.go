// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// State is a configuration that the speaker was given, and what could not become a part of it. It is immutable.
type State struct {
	// Config is the configuration: the pointer of the state before where nothing in it changed.
	Config *speaker.Config
	// Sessions are the peers in Config, in its order.
	Sessions []compile.Session
	// Issues, sorted.
	Issues []compile.Issue
	// Node has the facts of the node that the configuration was made for.
	Node compile.NodeFacts
	// Source is where the objects were read from.
	Source Source
	// Time is when the state was made.
	Time time.Time
	// Refusal says that the speaker has refused a configuration since; nil unless it has.
	Refusal *Refusal

	output   *compile.Output
	nodeName string
}

// Refusal is why the speaker refused a configuration, which is a defect.
type Refusal struct {
	Err error
	// Since is when the speaker gave this reason for the first time.
	Since time.Time
}

// IDOfSpec is the ID of the session that a BGPSession is about. It has no address where the spec has none that can be read.
func IDOfSpec(spec *v1alpha1.BGPSessionSpec) speaker.SessionID {
	remote, _ := netip.ParseAddr(spec.Remote)
	return speaker.SessionID{Peer: spec.PeerName, Remote: remote}
}

// NameOf is the name of a session's BGPSession on a node.
func NameOf(id speaker.SessionID, node string) string { return compile.SessionName(id.Peer, node) }

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
func (s *State) IDs() []speaker.SessionID {
	if s == nil {
		return nil
	}
	ids := make([]speaker.SessionID, len(s.Sessions))
	for i := range s.Sessions {
		ids[i] = s.Sessions[i].ID()
	}
	return ids
}

// changedSessions returns the sessions that only one of two states has, and those whose BGPPeer has another version. The speaker
// itself tells of every other change. former may be nil.
func changedSessions(former, next *State) []speaker.SessionID {
	versions := map[speaker.SessionID]compile.Ref{}
	if former != nil {
		for i := range former.Sessions {
			versions[former.Sessions[i].ID()] = former.Sessions[i].Peer.Ref
		}
	}
	var changed []speaker.SessionID
	for i := range next.Sessions {
		id := next.Sessions[i].ID()
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

// changed returns those of the sessions that the node is to have. changedSessions tells of the sessions that are gone.
func (e *Engine) changed(sessions []speaker.SessionID) []speaker.SessionID {
	wanted := map[speaker.SessionID]bool{}
	for _, id := range e.state.Load().IDs() {
		wanted[id] = true
	}
	return slices.DeleteFunc(sessions, func(id speaker.SessionID) bool { return !wanted[id] })
}
