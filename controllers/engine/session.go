// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
)

// Detail is how much of a status is wanted.
type Detail bool

const (
	// Full is a status with everything.
	Full Detail = false
	// Brief leaves out what only counts: the numbers of prefixes and announcements, and the digest.
	Brief Detail = true
)

// Status is the status of a session as the speaker has it now; stored is its BGPSession, nil where that is not known. It is
// false while TakenUp is. The status is about the version of the BGPPeer that the speaker has taken
// up, which may be older than the newest one.
func (e *Engine) Status(
	session *compile.Session, stored *v1alpha1.BGPSession, detail Detail,
) (v1alpha1.BGPSessionStatus, bool) {
	snapshot, known := e.takenUp(session)
	peer, told := compile.PeerOf(snapshot.Revision)
	if !known || !told {
		return v1alpha1.BGPSessionStatus{}, false
	}
	id := session.ID()
	before := e.memory.before(id, stored)
	now := status.Session(status.SessionInput{
		Snapshot:   snapshot,
		Peer:       peer,
		Generation: before.generation,
		Previous:   before.conditions,
		Now:        time.Now(),
		Brief:      detail == Brief,
	})
	now.LastError = sinceFirst(before.lastError, now.LastError, now.Since)
	before.conditions, before.lastError = now.Conditions, now.LastError
	e.memory.note(id, before)
	return now, true
}

// TakenUp reports whether the speaker has taken up a session, so that there is a status. It is false also while the key of the session
// is being read: nobody can say yet whether the session may start.
func (e *Engine) TakenUp(session *compile.Session) bool {
	_, known := e.takenUp(session)
	return known
}

func (e *Engine) takenUp(session *compile.Session) (speaker.PeerSnapshot, bool) {
	snapshot, known := e.speaker.Peer(session.ID())
	return snapshot, known && (snapshot.AdminDown || !compile.AwaitsKey(snapshot.Blocked))
}

// Spec is the spec of a session's BGPSession.
func (e *Engine) Spec(session *compile.Session) v1alpha1.BGPSessionSpec {
	return v1alpha1.BGPSessionSpec{
		PeerName: session.Peer.Ref.Name,
		NodeName: e.options.NodeName,
		Remote:   session.Peer.Address.Addr().String(),
	}
}

// BGPSession is the BGPSession of a session as it is now, without metadata but for the name: nil while the speaker has not taken
// it up. stored is as for Status.
func (e *Engine) BGPSession(session *compile.Session, stored *v1alpha1.BGPSession) *v1alpha1.BGPSession {
	now, known := e.Status(session, stored, Full)
	if !known {
		return nil
	}
	return &v1alpha1.BGPSession{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "BGPSession"},
		ObjectMeta: metav1.ObjectMeta{Name: NameOf(session.ID(), e.options.NodeName)},
		Spec:       e.Spec(session),
		Status:     now,
	}
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
	if !equality.Semantic.DeepEqual(*before, repeated) {
		return now
	}
	return &repeated
}

// lastStatus is the part of a session's last status that the next one depends on: a condition that does not change keeps its time,
// and so does an error that repeats.
type lastStatus struct {
	conditions []metav1.Condition
	lastError  *v1alpha1.SessionError
	// generation is that of the BGPSession, 0 while none was seen.
	generation int64
}

// memory has the last status of each session, whether the API server or a client of the endpoint got it.
// It holds the sessions of the newest state and no others, so that a session that ends and comes back is a new one.
type memory struct {
	mu   sync.Mutex
	last map[speaker.SessionID]lastStatus
}

// keep forgets every session but these.
func (m *memory) keep(sessions []compile.Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := make(map[speaker.SessionID]lastStatus, len(sessions))
	for i := range sessions {
		id := sessions[i].ID()
		next[id] = m.last[id]
	}
	m.last = next
}

// before is the last status of a session. Until this process has seen the stored object, the stored status counts: the process before
// wrote it.
func (m *memory) before(id speaker.SessionID, stored *v1alpha1.BGPSession) lastStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.last[id]
	if stored == nil {
		return last
	}
	if last.generation == 0 && len(stored.Status.Conditions) > 0 {
		last = lastStatus{conditions: stored.Status.Conditions, lastError: stored.Status.LastError}
	}
	last.generation = stored.Generation
	return last
}

// note remembers the status of a session, unless the session has ended meanwhile.
func (m *memory) note(id speaker.SessionID, now lastStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.last[id]; ok {
		m.last[id] = now
	}
}
