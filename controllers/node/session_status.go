// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/status"
)

// statusOf is the status of a session as the speaker has it now; stored is its BGPSession, nil where that is not known. It is
// false while the speaker has not taken up the peer. The status speaks of the version of the BGPPeer that the speaker's word
// is about: the newest may only just have been handed over.
func (a *Agent) statusOf(session *compile.Session, stored *v1alpha1.BGPSession) (v1alpha1.BGPSessionStatus, bool) {
	return a.makeStatus(session, stored, false)
}

// makeStatus is statusOf, brief or in full.
func (a *Agent) makeStatus(session *compile.Session, stored *v1alpha1.BGPSession, brief bool) (v1alpha1.BGPSessionStatus, bool) {
	snapshot, known := a.speaker.Peer(session.Peer.Ref.Name)
	peer, told := compile.PeerOf(snapshot.Revision)
	if !known || !told {
		return v1alpha1.BGPSessionStatus{}, false
	}
	name := compile.SessionName(session.Peer.Ref.Name, a.options.NodeName)
	before := a.said.before(name, stored)
	now := status.Session(status.SessionInput{
		Snapshot:   snapshot,
		Peer:       peer,
		Generation: before.generation,
		Previous:   before.conditions,
		Now:        time.Now(),
		Brief:      brief,
	})
	now.LastError = sinceFirst(before.lastError, now.LastError, now.Since)
	before.conditions, before.lastError = now.Conditions, now.LastError
	a.said.note(name, before)
	return now, true
}

// sinceFirst gives an error that repeats the one before the time of that one: a neighbour that cannot be reached fails with
// every attempt, and a status that moved with each would load the API server for ever. A session in between, which since
// tells, makes it another error.
func sinceFirst(before, now *v1alpha1.SessionError, since *metav1.Time) *v1alpha1.SessionError {
	if before == nil || now == nil || since != nil && before.Time.Before(since) {
		return now
	}
	repeated := *now
	repeated.Time = before.Time
	if !kube.SameStatus(*before, repeated) {
		return now
	}
	return &repeated
}

// said is what was last said of a session. Its times stay for as long as what they are the times of does.
type said struct {
	conditions []metav1.Condition
	lastError  *v1alpha1.SessionError
	// generation is that of the BGPSession, 0 while none was seen.
	generation int64
}

// memory is what was last said of each session, by the name of its BGPSession, to the API server or to whoever asked. A cache
// is behind, and may be away.
type memory struct {
	mu   sync.Mutex
	last map[string]said
}

// before is what was last said, be it by a process before this one: what that stored counts until this one has seen it.
func (m *memory) before(name string, stored *v1alpha1.BGPSession) said {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.last[name]
	if stored == nil {
		return last
	}
	if last.generation == 0 && len(stored.Status.Conditions) > 0 {
		last = said{conditions: stored.Status.Conditions, lastError: stored.Status.LastError}
	}
	last.generation = stored.Generation
	return last
}

func (m *memory) note(name string, now said) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == nil {
		m.last = map[string]said{}
	}
	m.last[name] = now
}

func (m *memory) forget(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.last, name)
}
