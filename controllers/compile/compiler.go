// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"iter"
	"maps"
	"net/netip"
	"reflect"
	"slices"

	"github.com/herald-bgp/herald/speaker"
)

// Settings are what a node's configuration depends on besides objects.
type Settings struct {
	// NodeName is the name of the Node.
	NodeName string
	// OperatorNamespace belongs to the platform team: its announcements need no tenant entry. With TrustAll no namespace needs one.
	OperatorNamespace string
	TrustAll          bool
	// AuthNamespace is the namespace of the Secrets, for messages.
	AuthNamespace string
	// Listening: the process accepts connections.
	Listening bool
	// SoftwareVersion is told to a neighbour whose BGPPeer asks for it.
	SoftwareVersion string
	// RouterID overrides what the node gives, unless it is the zero Addr.
	RouterID netip.Addr
}

// Compiler makes a node's configuration from the objects, and keeps it up to date at the cost of what changes. It is not safe for
// concurrent use.
type Compiler struct {
	settings Settings
	catalog  *Catalog
	node     NodeFacts
	secrets  map[string]Secret
	// here are the announcements that go out from this node, in order of precedence.
	here []*Announcement
	// chosen says of each node selector met so far whether it selects the node.
	chosen   map[string]bool
	sessions []*nodeSession
	// sessionIssues are the issues of the node's ASN and of its sessions.
	sessionIssues []Issue
	sent          sent
	out           *Output
}

// NewCompiler returns a Compiler that knows no object yet.
func NewCompiler(settings Settings) *Compiler {
	return &Compiler{
		settings: settings,
		catalog:  NewCatalog(settings.OperatorNamespace, settings.TrustAll),
		node:     NodeFacts{Name: settings.NodeName},
		secrets:  map[string]Secret{},
		chosen:   map[string]bool{},
		sent:     newSent(),
	}
}

// SecretNames are the names of the Secrets that the sessions of the node need.
func (c *Compiler) SecretNames() map[string]bool {
	names := map[string]bool{}
	for _, s := range c.sessions {
		if name := s.Peer.SecretName(); name != "" {
			names[name] = true
		}
	}
	return names
}

// Catalog holds what is in force of all objects, whatever the node.
func (c *Compiler) Catalog() *Catalog { return c.catalog }

// Node are the facts of the node.
func (c *Compiler) Node() *NodeFacts { return &c.node }

// Output is a node's configuration, and what could not become a part of it. It is immutable.
type Output struct {
	// Config is the whole configuration: the pointer of the output before where nothing in it changed.
	Config *speaker.Config
	// Sessions are the peers in Config, in its order.
	Sessions []Session
	// Issues, sorted.
	Issues []Issue
}

// Complete is for inputs that name every object there is. It adds that all other objects that the Compiler knows do not exist any
// more; of Secrets only where there is a map of them. It makes new maps, and changes none that it was given.
func (c *Compiler) Complete(in *Inputs) {
	c.catalog.Complete(in)
	if in.Secrets != nil {
		in.Secrets = maps.Clone(in.Secrets)
		merge(&in.Secrets, absent(c.secrets, in.Secrets))
	}
}

// Update puts inputs into force and returns the output: the pointer of the output before where nothing changed.
func (c *Compiler) Update(in *Inputs) *Output {
	changes := c.catalog.Update(in)
	first := c.out == nil
	sessions := first || len(changes.Peers) > 0
	relabelled := in.Node != nil && !maps.Equal(in.Node.Labels, c.node.Labels)
	sessions = c.readNode(in.Node) || sessions
	sessions = c.readSecrets(in.Secrets) || sessions
	moved := c.resolve(changes.Announcements, relabelled)
	c.here = reorder(c.here, moved)
	for _, s := range c.sessions {
		s.update(c, moved, &changes)
	}
	if sessions {
		c.readSessions()
	}
	return c.assemble(sessions, changes.Issues || first)
}

// readNode keeps the node's facts, and reports whether they changed.
func (c *Compiler) readNode(node *NodeFacts) bool {
	if node == nil || reflect.DeepEqual(*node, c.node) {
		return false
	}
	c.node = *node
	return true
}

// readSecrets keeps Secrets, and reports whether one changed.
func (c *Compiler) readSecrets(secrets map[string]Secret) (changed bool) {
	for name, secret := range secrets {
		if reflect.DeepEqual(c.secrets[name], secret) {
			continue
		}
		changed = true
		if secret.Exists || secret.Unread || secret.Problem != "" {
			c.secrets[name] = secret
		} else {
			delete(c.secrets, name)
		}
	}
	return changed
}

// resolve turns changes of announcements into changes of what goes out from this node. relabelled: the labels of the node changed, so that
// other node selectors may choose it.
func (c *Compiler) resolve(changes []Change[Announcement], relabelled bool) []Change[Announcement] {
	ForgetAnswers(c.chosen, len(c.catalog.Announcements))
	var moved []Change[Announcement]
	move := func(from, to *Announcement) {
		if from != nil && !c.wentOut(from) {
			from = nil
		}
		if to != nil && !c.goesOut(to) {
			to = nil
		}
		if from != to {
			moved = append(moved, Change[Announcement]{From: from, To: to})
		}
	}
	if relabelled {
		clear(c.chosen)
		changed := make(map[*Announcement]bool, len(changes))
		for _, change := range changes {
			changed[change.To] = true
		}
		for _, a := range c.catalog.Announcements {
			if !changed[a] {
				move(a, a)
			}
		}
	}
	for _, change := range changes {
		move(change.From, change.To)
	}
	return moved
}

// goesOut reports whether an announcement goes out from this node, and wentOut whether it did before.
func (c *Compiler) goesOut(a *Announcement) bool {
	return memo(c.chosen, a.nodes.key, func() bool { return a.SelectsNode(c.node.Labels) })
}

func (c *Compiler) wentOut(a *Announcement) bool {
	i, found := slices.BinarySearchFunc(c.here, a, (*Announcement).compare)
	return found && c.here[i] == a
}

// readSessions finds anew which sessions the node is to have, and what their parameters are.
func (c *Compiler) readSessions() {
	former := make(map[speaker.SessionID]*nodeSession, len(c.sessions))
	for _, s := range c.sessions {
		former[s.ID()] = s
	}
	sessions, issues := c.catalog.Sessions(&c.node)
	c.sessions = make([]*nodeSession, 0, len(sessions))
	for _, session := range sessions {
		s := former[session.ID()]
		delete(former, session.ID())
		if s == nil || s.Peer != session.Peer {
			s = newNodeSession(c, session.Peer, s)
		}
		s.LocalASN = session.LocalASN
		if issue := s.configure(c); issue != nil {
			issues = append(issues, *issue)
		}
		c.sessions = append(c.sessions, s)
	}
	for _, gone := range former {
		c.sent.drop(gone.settle())
	}
	c.sessionIssues = issues
}

// assemble makes the output. sessions and issues say whether these may have changed.
func (c *Compiler) assemble(sessions, issues bool) *Output {
	before := c.out
	if before == nil {
		before = &Output{Config: &speaker.Config{}}
	}
	out := &Output{Config: c.config(before.Config), Sessions: before.Sessions, Issues: before.Issues}
	if sessions {
		out.Sessions = make([]Session, 0, len(c.sessions))
		for _, s := range c.sessions {
			out.Sessions = append(out.Sessions, s.Session)
		}
	}
	if sessions || issues {
		_, _, nodeIssues := c.routerID()
		out.Issues = slices.Concat(c.catalog.Issues(), c.sessionIssues, nodeIssues)
		sortIssues(out.Issues)
	}
	if c.out != nil && out.Config == before.Config && slices.Equal(out.Sessions, before.Sessions) && slices.Equal(out.Issues, before.Issues) {
		return c.out
	}
	c.out = out
	return out
}

// routerID is the node's BGP identifier.
func (c *Compiler) routerID() (netip.Addr, speaker.RouterIDOrigin, []Issue) {
	if c.settings.RouterID.IsValid() {
		return c.settings.RouterID, speaker.RouterIDChosen, nil
	}
	return c.node.RouterID()
}

// config makes the configuration, and returns the one before where nothing changed.
func (c *Compiler) config(before *speaker.Config) *speaker.Config {
	config := &speaker.Config{
		NodeAddress4:  c.node.Address4(),
		NodeAddress6:  c.node.Address6(),
		Announcements: c.sent.settle(),
		Peers:         make([]*speaker.Peer, 0, len(c.sessions)),
		Exports:       make([]speaker.Export, 0, len(c.sessions)),
	}
	config.RouterID, config.RouterIDOrigin, _ = c.routerID()
	for _, s := range c.sessions {
		config.Peers = append(config.Peers, s.peer)
		config.Exports = append(config.Exports, s.export())
	}
	// Whoever compares two configurations skips a slice that they share.
	if slices.Equal(config.Peers, before.Peers) {
		config.Peers = before.Peers
	}
	if slices.EqualFunc(config.Exports, before.Exports, sameExport) && slices.Equal(config.Peers, before.Peers) && config.Announcements == before.Announcements &&
		config.RouterID == before.RouterID && config.RouterIDOrigin == before.RouterIDOrigin &&
		config.NodeAddress4 == before.NodeAddress4 && config.NodeAddress6 == before.NodeAddress6 {
		return before
	}
	return config
}

func sameExport(a, b speaker.Export) bool {
	return a.Announcements == b.Announcements && a.Guard == b.Guard && a.Token == b.Token && a.RatePerSecond == b.RatePerSecond &&
		a.Defaults.Equal(&b.Defaults)
}

// Verdicts yields the verdict about each announcement that a session is eligible for, in order of precedence.
func (c *Compiler) Verdicts(id speaker.SessionID) iter.Seq[*Verdict] {
	return func(yield func(*Verdict) bool) {
		i := slices.IndexFunc(c.sessions, func(s *nodeSession) bool { return s.ID() == id })
		if i < 0 {
			return
		}
		s := c.sessions[i]
		for _, a := range c.here {
			if v := s.judge.Of(a); v != nil && v.eligible && !yield(v) {
				return
			}
		}
	}
}
