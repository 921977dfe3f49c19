// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/speaker"
)

// lookInterval is about how often a BGPSession is read although nothing is to be written: nobody but its node and the
// roll-up is to write it, and what somebody else wrote is put right then, or with the next write.
const lookInterval = 3 * time.Minute

// stored is what is known to be stored of the BGPSessions of this node: they are listed once, then it is what each write
// returned. A watch would tell sooner what somebody else did, but the API server has to hold every write of every
// BGPSession against the field of every node's watch.
type stored struct {
	server client.Reader
	node   string

	mu       sync.Mutex
	listed   bool
	found    []string // the names that were listed, until the queue has them
	sessions map[string]known
}

// known is one BGPSession, nil where there is none, and when it is to be read again.
type known struct {
	session *v1alpha1.BGPSession
	look    time.Time
}

func newStored(server client.Reader, node string) *stored {
	return &stored{server: server, node: node, sessions: map[string]known{}}
}

// list reads all BGPSessions of the node, once.
func (s *stored) list(ctx context.Context) error {
	s.mu.Lock()
	listed := s.listed
	s.mu.Unlock()
	if listed {
		return nil
	}
	var list v1alpha1.BGPSessionList
	if err := s.server.List(ctx, &list, client.MatchingFields{"spec.nodeName": s.node}); err != nil {
		return fmt.Errorf("BGPSessions of the node: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listed {
		return nil // by another worker, which may have written since
	}
	s.listed = true
	for i := range list.Items {
		s.found = append(s.found, list.Items[i].Name)
		s.sessions[list.Items[i].Name] = known{&list.Items[i], lookAgain()}
	}
	return nil
}

// takeFound returns the names of what was listed, once.
func (s *stored) takeFound() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.found
	s.found = nil
	return found
}

// hadSession returns the sessions that were Established when their BGPSessions were last written. The roll-up may have declared
// them Unknown while no speaker ran, but it leaves what was negotiated.
func (s *stored) hadSession() map[speaker.SessionID]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := make(map[speaker.SessionID]bool, len(s.sessions))
	for _, found := range s.sessions {
		if session := found.session; session != nil && (session.Status.Negotiated != nil ||
			meta.IsStatusConditionTrue(session.Status.Conditions, v1alpha1.ConditionEstablished)) {
			had[engine.IDOfSpec(&session.Spec)] = true
		}
	}
	return had
}

// get is the BGPSession of that name, nil when there is none. It is read where that is due.
func (s *stored) get(ctx context.Context, name string) (*v1alpha1.BGPSession, error) {
	s.mu.Lock()
	found, ok := s.sessions[name]
	s.mu.Unlock()
	if !ok || time.Now().Before(found.look) {
		return found.session, nil
	}
	return s.read(ctx, name)
}

// read asks the API server for a BGPSession. An answer from its cache will do: what the cache has not seen yet is written once more.
func (s *stored) read(ctx context.Context, name string) (*v1alpha1.BGPSession, error) {
	session := &v1alpha1.BGPSession{}
	err := s.server.Get(ctx, client.ObjectKey{Name: name}, session, &client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: "0"}})
	switch {
	case apierrors.IsNotFound(err):
		session = nil
	case err != nil:
		return nil, fmt.Errorf("BGPSession %s: %w", name, err)
	}
	s.note(name, session)
	return session, nil
}

// note remembers what is stored now, nil for nothing.
func (s *stored) note(name string, session *v1alpha1.BGPSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[name] = known{session, lookAgain()}
}

// untilLook is how long it is until a BGPSession is to be read again.
func (s *stored) untilLook(name string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(time.Millisecond, time.Until(s.sessions[name].look))
}

// forget drops the name of a session that the node is not to have any more.
func (s *stored) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, name)
}

// doubt makes every BGPSession be read before it is believed again, and returns their names.
func (s *stored) doubt() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.sessions))
	for name, found := range s.sessions {
		names = append(names, name)
		s.sessions[name] = known{session: found.session}
	}
	return names
}

func lookAgain() time.Time { return time.Now().Add(kube.Jittered(lookInterval)) }
