// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/controllers/status"
)

// statuses remembers what the statuses said last, for the times of their conditions.
type statuses struct {
	peers []v1alpha1.BGPPeer
	// announcements are in the order of the objects.
	announcements []told
	rollup        *status.Rollup
	// catalog is what the objects say, and changes are what became of it since the roll-up was updated.
	catalog *compile.Catalog
	changes compile.Changes
	nodes   []compile.NodeFacts
}

// told is what is remembered of the status of an Announcement: nothing before the first.
type told struct {
	conditions []metav1.Condition
	// confirmation is the roll-up's own memory.
	confirmation *status.Confirmation
}

// follow takes what is remembered along to the next list of announcements.
func (s *statuses) follow(former, next []*Announcement) {
	known := make(map[types.UID]told, len(former))
	for i, a := range former {
		known[a.Ref().UID] = s.announcements[i]
	}
	s.announcements = make([]told, len(next))
	for i, a := range next {
		s.announcements[i] = known[a.Ref().UID]
	}
}

// update makes the statuses anew from what the speaker says now, and appends those of the announcements to all, which may be nil.
// It returns the sessions.
func (r *Runner) update(now time.Time, all *[]shown) []v1alpha1.BGPSession {
	state := r.engine.State()
	if state == nil {
		return nil
	}
	sessions := r.sessions(state)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take()
	if r.statuses.catalog != nil {
		r.statuses.changes.Add(r.statuses.catalog.Update(&compile.Inputs{Now: now}))
	}
	rollup := r.statuses.read(&r.state.Node, sessions)
	warnings := r.memory.warnings(r.state.Issues)
	r.statuses.peers = r.peers(rollup, warnings, now)
	for i, announcement := range r.objects.Announcements {
		told := &r.statuses.announcements[i]
		// The roll-up asks no more of an object that the catalog was made from.
		object := &v1alpha1.Announcement{ObjectMeta: announcement.meta()}
		object.Status.Conditions = told.conditions
		announced, confirmation := rollup.Announcement(object, told.confirmation, now)
		warn(announced.Conditions, warnings[object.UID])
		warn(announced.Conditions, r.memory.ofPrefixes(announcement.Ref(), announced.Verdicts))
		told.conditions, told.confirmation = announced.Conditions, confirmation
		if all != nil {
			*all = append(*all, shown{announcement, announced})
		}
	}
	return sessions
}

// take makes the statuses be of the newest state, and takes along what they said last. The caller holds r.mu.
func (r *Runner) take() {
	state := r.engine.State()
	if r.state == state {
		return
	}
	source, ok := state.Source.(*Objects)
	if !ok {
		return
	}
	objects := *source
	r.nodeProblems = ofNodes(state.Issues, &objects, r.nodeProblems, state.Time)
	if r.statuses.catalog == nil {
		r.statuses.catalog = compile.NewCatalog("", true)
	}
	inputs := objects.read
	r.statuses.catalog.Complete(&inputs)
	r.statuses.changes.Add(r.statuses.catalog.Update(&inputs))
	r.statuses.follow(r.objects.Announcements, objects.Announcements)
	r.state, r.objects = state, objects
}

// pause is how long to wait before the statuses may change with time alone, 0 where they cannot.
func (r *Runner) pause(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.statuses.catalog == nil {
		return 0
	}
	return r.statuses.catalog.Pause(now)
}

// read brings the roll-up up to date.
func (s *statuses) read(node *compile.NodeFacts, sessions []v1alpha1.BGPSession) *status.Rollup {
	if s.rollup == nil {
		s.rollup = status.NewRollup()
	}
	if len(s.nodes) == 0 || !reflect.DeepEqual(s.nodes[0], *node) {
		s.nodes = []compile.NodeFacts{*node}
	}
	s.rollup.Read(status.Cluster{Catalog: s.catalog, Changes: s.changes, Nodes: s.nodes}, sessions)
	s.changes = compile.Changes{}
	return s.rollup
}

// peers are the BGPPeers with their statuses.
func (r *Runner) peers(rollup *status.Rollup, warnings map[types.UID][]warning, now time.Time) []v1alpha1.BGPPeer {
	before := conditionsOf(r.statuses.peers, func(p *v1alpha1.BGPPeer) []metav1.Condition { return p.Status.Conditions })
	var peers []v1alpha1.BGPPeer
	for _, peer := range r.objects.Peers {
		shown := *peer
		shown.TypeMeta = typeMeta("BGPPeer")
		shown.Status.Conditions = before[string(peer.UID)]
		shown.Status = rollup.Peer(&shown, now)
		warn(shown.Status.Conditions, warnings[shown.UID])
		peers = append(peers, shown)
	}
	return peers
}

// sessions makes the BGPSessions of the peers that the speaker has taken up.
func (r *Runner) sessions(state *engine.State) []v1alpha1.BGPSession {
	// No API server has one stored: this is what one would give it.
	stored := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Generation: 1}}
	var sessions []v1alpha1.BGPSession
	for i := range state.Sessions {
		session := r.engine.BGPSession(&state.Sessions[i], stored)
		if session == nil {
			continue
		}
		id := identity{GroupKind: v1alpha1.GroupVersion.WithKind("BGPSession").GroupKind(), Name: session.Name}
		session.UID, session.Generation = uidOf(id), stored.Generation
		sessions = append(sessions, *session)
	}
	return sessions
}

// conditionsOf are the conditions that objects had, by UID.
func conditionsOf[T any, P interface {
	*T
	metav1.Object
}](objects []T, of func(P) []metav1.Condition) map[string][]metav1.Condition {
	known := make(map[string][]metav1.Condition, len(objects))
	for i := range objects {
		object := P(&objects[i])
		known[string(object.GetUID())] = of(object)
	}
	return known
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
}

// shown is an Announcement with its status.
type shown struct {
	announcement *Announcement
	status       v1alpha1.AnnouncementStatus
}

// Status returns the objects of the endpoint: what is in force with its status, then what is not.
func (r *Runner) Status(context.Context) ([]runtime.Object, error) {
	var announcements []shown
	sessions := r.update(time.Now(), &announcements)
	r.mu.Lock()
	peers, problems := r.statuses.peers, slices.Concat(r.problems, r.nodeProblems)
	r.mu.Unlock()

	// All of that is immutable. To put ten thousand objects together takes a while, which nobody is to wait for.
	list := make([]runtime.Object, 0, len(peers)+len(announcements)+len(sessions)+len(problems)+1)
	for i := range peers {
		list = append(list, &peers[i])
	}
	for _, a := range announcements {
		object := *a.announcement.Object()
		object.TypeMeta, object.Status = typeMeta("Announcement"), a.status
		list = append(list, &object)
	}
	for i := range sessions {
		list = append(list, &sessions[i])
	}
	for i := range problems {
		list = append(list, problems[i].StatusObject())
	}
	if problem := r.engine.Problem(); problem != nil {
		list = append(list, problem)
	}
	return list, nil
}
