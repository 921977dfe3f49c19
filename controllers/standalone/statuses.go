// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	corev1 "k8s.io/api/core/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
)

// statuses keeps the status of each object, at the cost of what changes: the roll-up of a cluster with one node says which to make
// anew. Whoever uses it has the Runner's turn.
type statuses struct {
	objects *Objects
	// catalog is what the objects say, and node are the facts of the Node, one at most.
	catalog *compile.Catalog
	node    []compile.NodeFacts
	rollup  *status.Rollup

	peers         map[string]*toldPeer
	announcements map[types.UID]*told
	sessions      map[speaker.SessionID]*v1alpha1.BGPSession
	// order are the sessions that the speaker is to have.
	order []speaker.SessionID
	// problems are those of the manifests, and nodeProblems those of the Node.
	problems, nodeProblems []Problem
	// memory says what a restart would know, and warnings what it would do about issues.
	memory   memory
	warnings map[types.UID][]warning
}

// toldPeer is a BGPPeer and its status.
type toldPeer struct {
	of     *v1alpha1.BGPPeer
	status v1alpha1.BGPPeerStatus
}

// told is an Announcement and its status.
type told struct {
	of     *Announcement
	status v1alpha1.AnnouncementStatus
	// confirmation is the roll-up's own memory.
	confirmation *status.Confirmation
}

func newStatuses(objects *Objects) *statuses {
	return &statuses{
		objects:       objects,
		catalog:       compile.NewCatalog("", true),
		rollup:        status.NewRollup(),
		peers:         map[string]*toldPeer{},
		announcements: map[types.UID]*told{},
		sessions:      map[speaker.SessionID]*v1alpha1.BGPSession{},
		memory:        memory{dated: map[types.UID]bool{}},
	}
}

// touched are the objects whose statuses are to be made anew.
type touched struct {
	// all: every object.
	all           bool
	peers         map[string]bool
	announcements map[types.UID]bool
}

// update takes news and brings the statuses up to date.
func (s *statuses) update(e *engine.Engine, state *engine.State, news *unseen, now time.Time) {
	s.problems = news.problems
	s.nodeProblems = ofNodes(state.Issues, s.objects, s.nodeProblems, state.Time)
	touched := touched{all: s.memory.lost != news.lost, peers: map[string]bool{}, announcements: map[types.UID]bool{}}
	s.memory.lost = news.lost
	changes, another := s.read(slices.AppendSeq(make([]identity, 0, len(news.objects)), maps.Keys(news.objects)), now, &touched)
	changed, gone := s.ask(e, state, news.sessions)
	s.rollup.Update(status.Cluster{Catalog: s.catalog, Changes: changes, Nodes: s.node}, changed, gone)
	if touched.all || another || changes.Issues || len(changes.Peers) > 0 {
		s.warn(&touched)
	}
	for name, peer := range s.peers {
		if touched.all || touched.peers[name] || s.rollup.TouchedPeer(name) {
			s.tellPeer(peer, now)
		}
	}
	if touched.all {
		for _, told := range s.announcements {
			s.tell(told, now)
		}
		return
	}
	for name := range s.rollup.TouchedAnnouncements(s.confirmation) {
		touched.announcements[uidOf(announcementNamed(name))] = true
	}
	for uid := range touched.announcements {
		if told := s.announcements[uid]; told != nil {
			s.tell(told, now)
		}
	}
}

// confirmation is the roll-up's memory of an Announcement, nil for none.
func (s *statuses) confirmation(uid types.UID) *status.Confirmation {
	if told := s.announcements[uid]; told != nil {
		return told.confirmation
	}
	return nil
}

// read takes over objects that came, changed or went. another: the facts of the Node are others than before.
func (s *statuses) read(ids []identity, now time.Time, touched *touched) (changes compile.Changes, another bool) {
	in := engine.NewInput()
	in.Now = now
	contents := s.objects.read(ids, in)
	for i, id := range ids {
		s.replace(id, contents[i], touched)
	}
	if in.Node != nil || len(s.node) == 0 {
		another = s.readNode(cmp.Or(in.Node, s.objects.noNode()))
	}
	return s.catalog.Update(&in.Inputs), another
}

// readNode reports whether the facts of the Node changed.
func (s *statuses) readNode(node *corev1.Node) bool {
	var before compile.NodeFacts
	if len(s.node) > 0 {
		before = s.node[0]
	}
	facts := []compile.NodeFacts{compile.FactsOf(node, before)}
	if reflect.DeepEqual(facts, s.node) {
		return false // what is the same slice is not looked at again
	}
	s.node = facts
	return true
}

// replace takes over the version in force of an object, nil for none.
func (s *statuses) replace(id identity, c content, touched *touched) {
	uid := uidOf(id)
	known := false
	switch c := c.(type) {
	case *peer:
		touched.peers[id.Name] = true
		before := s.peers[id.Name]
		if known = before != nil; !known {
			before = &toldPeer{}
			s.peers[id.Name] = before
		}
		before.of, _ = c.admitted.(*v1alpha1.BGPPeer)
	case *Announcement:
		touched.announcements[uid] = true
		before := s.announcements[uid]
		if known = before != nil; !known {
			before = &told{}
			s.announcements[uid] = before
		}
		before.of = c
	case nil:
		delete(s.announcements, uid)
		if id.Kind == compile.KindBGPPeer {
			delete(s.peers, id.Name)
		}
	}
	dated := c != nil && c.dated()
	// Of two that conflict, the loser's status speaks of the winner's age.
	touched.all = touched.all || known && dated != s.memory.dated[uid]
	if s.memory.dated[uid] = dated; !dated {
		delete(s.memory.dated, uid)
	}
}

// everySession are the sessions that the speaker is to have, and those that it had.
func (s *statuses) everySession(state *engine.State) map[speaker.SessionID]bool {
	every := map[speaker.SessionID]bool{}
	for _, id := range slices.Concat(state.IDs(), slices.Collect(maps.Keys(s.sessions))) {
		every[id] = true
	}
	return every
}

// ask makes the BGPSessions of sessions anew. It returns those that changed, and those that are gone.
func (s *statuses) ask(e *engine.Engine, state *engine.State, ids map[speaker.SessionID]bool) (changed, gone []*v1alpha1.BGPSession) {
	s.order = state.IDs()
	// No API server has one stored: this is what one would give it.
	stored := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Generation: 1}}
	asked := make(map[speaker.SessionID]bool, len(ids))
	for i := range state.Sessions {
		id := state.Sessions[i].ID()
		if !ids[id] {
			continue
		}
		// The speaker may not have taken it up yet.
		session := e.BGPSession(&state.Sessions[i], stored)
		if session == nil {
			continue
		}
		asked[id] = true
		session.UID, session.Generation = uidOf(identityOfSession(session.Name)), stored.Generation
		s.sessions[id] = session
		changed = append(changed, session)
	}
	for id := range ids {
		if former := s.sessions[id]; former != nil && !asked[id] {
			gone = append(gone, former)
			delete(s.sessions, id)
		}
	}
	return changed, gone
}

func identityOfSession(name string) identity {
	return identity{GroupKind: v1alpha1.GroupVersion.WithKind("BGPSession").GroupKind(), Name: name}
}

// warn finds anew what a restart would do about issues, and which statuses are to say so, or not any more.
func (s *statuses) warn(touched *touched) {
	issues := s.catalog.Issues()
	for i := range s.node {
		_, refused := s.catalog.Sessions(&s.node[i])
		issues = append(issues, refused...)
	}
	before := s.warnings
	s.warnings = s.memory.warnings(issues)
	touch := func(uid types.UID) {
		if !slices.Equal(before[uid], s.warnings[uid]) {
			touched.announcements[uid] = true
		}
	}
	for uid := range before {
		touch(uid)
	}
	for uid := range s.warnings {
		touch(uid)
	}
	for name, peer := range s.peers {
		if !slices.Equal(before[peer.of.UID], s.warnings[peer.of.UID]) {
			touched.peers[name] = true
		}
	}
}

// tellPeer makes the status of a BGPPeer.
func (s *statuses) tellPeer(p *toldPeer, now time.Time) {
	object := *p.of
	object.Status.Conditions = p.status.Conditions
	p.status = s.rollup.Peer(&object, now)
	warn(p.status.Conditions, s.warnings[object.UID])
}

// tell makes the status of an Announcement.
func (s *statuses) tell(t *told, now time.Time) {
	// The roll-up asks no more of an object that the catalog was made from.
	object := &v1alpha1.Announcement{ObjectMeta: t.of.meta()}
	object.Status.Conditions = t.status.Conditions
	t.status, t.confirmation = s.rollup.Announcement(object, t.confirmation, now)
	warn(t.status.Conditions, s.warnings[object.UID])
	warn(t.status.Conditions, s.memory.ofPrefixes(t.of.Ref(), t.status.Verdicts))
	if accepted := meta.FindStatusCondition(t.status.Conditions, v1alpha1.ConditionAccepted); t.status.Expires != nil {
		accepted.Message += s.memory.ofExpiry(object.UID)
	}
}

// shown are objects with their statuses, and problems.
type shown struct {
	peers         []toldPeer
	announcements []told
	sessions      []*v1alpha1.BGPSession
	problems      []Problem
}

// shown is what the statuses say now. Later updates do not change it.
func (s *statuses) shown() *shown {
	now := &shown{problems: slices.Concat(s.problems, s.nodeProblems), announcements: make([]told, 0, len(s.announcements))}
	for _, peer := range s.peers {
		now.peers = append(now.peers, *peer)
	}
	for _, told := range s.announcements {
		now.announcements = append(now.announcements, *told)
	}
	for _, id := range s.order {
		if session := s.sessions[id]; session != nil {
			now.sessions = append(now.sessions, session)
		}
	}
	return now
}

// objects puts the objects together, each kind sorted by namespace and name. With ten thousand of them that takes a while.
func (s *shown) objects() []runtime.Object {
	slices.SortFunc(s.peers, func(a, b toldPeer) int { return strings.Compare(a.of.Name, b.of.Name) })
	slices.SortFunc(s.announcements, func(a, b told) int { return a.of.identity().compare(b.of.identity()) })
	list := make([]runtime.Object, 0, len(s.peers)+len(s.announcements)+len(s.sessions)+len(s.problems)+1)
	for i := range s.peers {
		object := *s.peers[i].of
		object.TypeMeta, object.Status = typeMeta("BGPPeer"), s.peers[i].status
		list = append(list, &object)
	}
	for i := range s.announcements {
		object := *s.announcements[i].of.Object()
		object.TypeMeta, object.Status = typeMeta("Announcement"), s.announcements[i].status
		list = append(list, &object)
	}
	for _, session := range s.sessions {
		list = append(list, session)
	}
	for i := range s.problems {
		list = append(list, s.problems[i].StatusObject())
	}
	return list
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
}
