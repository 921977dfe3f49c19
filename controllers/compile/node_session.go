// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"reflect"
	"slices"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// nodeSession is a session of the node: its parameters, and what it is sent.
type nodeSession struct {
	Session
	peer  *speaker.Peer
	guard *rib.Guard
	judge *Judge
	sent  *sent
	// list is what the session is sent, and edit changes it; edit is nil between updates.
	list *rib.List
	edit *rib.Editor
	// decisions are those of the last output, and next are those of the next one.
	decisions *Decisions
	next      Decisions
}

// newNodeSession judges every announcement for a peer. before is the session with the version of the peer before this one, nil for none.
func newNodeSession(c *Compiler, peer *Peer, before *nodeSession) *nodeSession {
	s := &nodeSession{Session: Session{Peer: peer}, sent: &c.sent}
	s.next = Decisions{Peer: peer.Ref, families: peer.families}
	if before != nil {
		s.peer, s.guard, s.list, s.decisions = before.peer, before.guard, before.settle(), before.decisions
	}
	former := s.list
	stays := map[*rib.Announcement]bool{}
	s.judge = NewJudge(c.catalog, peer, func(was, is *Verdict) {
		from, to := s.tell(was, is)
		delete(stays, from)
		stays[to] = true
	})
	for _, a := range c.here {
		s.judge.Change(nil, a)
	}
	s.judge.Settle(slices.Values(c.here))
	s.judge.tell = func(was, is *Verdict) { s.tell(was, is) }
	for a := range former.All() {
		if !stays[a] {
			s.editor().Delete(a)
		}
	}
	c.sent.drop(former)
	s.readGuard(c)
	return s
}

// update brings the session up to date. moved is what changed among the announcements that go out from the node, and changes is
// what changed in the catalog.
func (s *nodeSession) update(c *Compiler, moved []Change[Announcement], changes *Changes) {
	for _, change := range moved {
		s.judge.Change(change.From, change.To)
	}
	for _, namespace := range changes.Namespaces {
		s.judge.Namespace(namespace, slices.Values(c.here))
	}
	s.judge.Settle(slices.Values(c.here))
	for _, owner := range changes.Owners {
		s.judge.Forget(owner)
	}
	if len(changes.Namespaces)+len(changes.Owners) > 0 {
		s.readGuard(c)
	}
}

// readGuard makes the guard anew, and keeps the one before where both are equal.
func (s *nodeSession) readGuard(c *Compiler) {
	if guard := c.catalog.guardOf(s.Peer); !guard.Equal(s.guard) {
		s.guard = guard
	}
}

// tell puts one verdict in the place of another. It returns what the session was sent because of the verdict before, and what it is
// sent because of the verdict now.
func (s *nodeSession) tell(was, is *Verdict) (from, to *rib.Announcement) {
	from, to = s.count(was, -1), s.count(is, 1)
	if from == to {
		return from, to
	}
	if from != nil {
		s.editor().Delete(from)
		s.sent.use(from, -1)
	}
	if to != nil {
		s.editor().Put(to)
		s.sent.use(to, 1)
	}
	return from, to
}

// count adds a verdict to the next decisions (times is 1) or takes it away (-1). It returns what the session is sent because of it.
func (s *nodeSession) count(v *Verdict, times int) *rib.Announcement {
	if v == nil {
		return nil
	}
	sent := s.sent.of(v)
	if v.eligible {
		if times > 0 {
			s.next.Sums.Add(v.of.term)
		} else {
			s.next.Sums.Subtract(v.of.term)
		}
		if sent != nil && v.prefixes > 0 {
			s.next.Sent += times
		}
	}
	return sent
}

func (s *nodeSession) editor() *rib.Editor {
	if s.edit == nil {
		s.edit = s.list.Edit()
	}
	return s.edit
}

// settle ends the edit of the list, and returns what the session is sent now.
func (s *nodeSession) settle() *rib.List {
	if s.edit != nil {
		s.list, s.edit = s.edit.List(), nil
	}
	return s.list
}

// export is what the session is sent, and why.
func (s *nodeSession) export() speaker.Export {
	if s.decisions == nil || *s.decisions != s.next {
		decisions := s.next
		s.decisions = &decisions
	}
	export := s.Peer.export
	export.Announcements, export.Guard, export.Token = s.settle(), s.guard, s.decisions
	return export
}

// configure makes the parameters of the session from the BGPPeer and from what is known of the node. The Issue says why it may not
// start, nil where it may.
func (s *nodeSession) configure(c *Compiler) *Issue {
	peer := s.Peer.session
	peer.LocalASN = s.LocalASN
	peer.ConnectMode = s.Peer.connectMode(c.settings.Listening)
	peer.Capabilities = s.Peer.capabilities(&c.settings)
	issue := c.authenticate(&peer, s.Peer)
	if s.peer == nil || !reflect.DeepEqual(*s.peer, peer) {
		s.peer = &peer
	}
	return issue
}
