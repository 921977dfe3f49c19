// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
)

// readinessPatience is how long peers are waited for in all. Whatever keeps one of them away, the process is of use to the
// others, and a rollout is not to wait for a router.
const readinessPatience = 10 * time.Second

// maxNamed is how many peers Ready names in its error.
const maxNamed = 5

var errNoConfig = errors.New("no complete configuration was applied yet")

// readiness decides when a process is ready: see Engine.Ready. It is reached once and never lost: it depends on no peer's state
// again. The zero value is ready to use.
type readiness struct {
	mu sync.Mutex
	// had says whether there was a session before this process started; nil where nobody knows, so that there may have been any.
	had func(speaker.SessionID) bool
	// obstacle is what keeps a configuration from being made now, nil where nothing is known to.
	obstacle error
	// waiting holds the sessions that are waited for, nil before the first configuration; deadline is for how long.
	waiting  map[speaker.SessionID]bool
	deadline time.Time
	ready    bool
}

// recall notes which sessions there were before this process started.
func (r *readiness) recall(had func(speaker.SessionID) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.had = had
}

// obstructed notes what keeps the first complete configuration from being made, and reports whether that is news.
func (r *readiness) obstructed(err error) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news = r.obstacle == nil || r.obstacle.Error() != err.Error()
	r.obstacle = err
	return news
}

// free notes that nothing keeps a configuration from being made any more.
func (r *readiness) free() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.obstacle = nil
}

// applied notes that a complete configuration was handed to the speaker.
func (r *readiness) applied(now time.Time, c *speaker.Config) {
	if r.reached() {
		return
	}
	// had is not called under the mutex.
	startable, had := make(map[speaker.SessionID]bool, len(c.Peers)), r.hadOf(c)
	for _, p := range c.Peers {
		// One that is shut down or may not start will not come, so nothing is waited for. One whose key is being read may start soon.
		startable[p.ID()] = !p.AdminDown && (p.Blocked.Reason == speaker.NotBlocked || compile.AwaitsKey(p.Blocked))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting, r.deadline = had, now.Add(readinessPatience)
	}
	for id := range r.waiting {
		if !startable[id] {
			delete(r.waiting, id)
		}
	}
}

// hadOf are the sessions of a configuration that may have been there before this process started.
func (r *readiness) hadOf(c *speaker.Config) map[speaker.SessionID]bool {
	r.mu.Lock()
	had := r.had
	r.mu.Unlock()
	ids := make(map[speaker.SessionID]bool, len(c.Peers))
	for _, p := range c.Peers {
		if had == nil || had(p.ID()) {
			ids[p.ID()] = true
		}
	}
	return ids
}

// reached reports whether the process was found to be ready.
func (r *readiness) reached() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ready
}

// check looks at the peers as they are now. It returns nil once the process is ready, and before that what is waited for.
// It is to be called when a peer has changed too, or an End-of-RIB would be missed on a session that was lost since.
func (r *readiness) check(now time.Time, peers []speaker.PeerSnapshot) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ready:
		return nil
	case r.waiting == nil && r.obstacle != nil:
		return r.obstacle
	case r.waiting == nil:
		return errNoConfig
	}
	for i := range peers {
		if settled(&peers[i]) {
			delete(r.waiting, peers[i].ID)
		}
	}
	if len(r.waiting) > 0 && now.Before(r.deadline) {
		return waitingError(r.waiting)
	}
	r.ready = true
	return nil
}

func settled(p *speaker.PeerSnapshot) bool {
	// A token says that every route and each family's End-of-RIB (RFC 4724 §2) was written.
	return p.State == speaker.StateEstablished && p.Routes.Token != nil || p.LastError != nil
}

func waitingError(waiting map[speaker.SessionID]bool) error {
	names := make([]string, 0, len(waiting))
	for id := range waiting {
		names = append(names, id.Peer)
	}
	slices.Sort(names)
	names = slices.Compact(names) // a peer may have several sessions
	more := ""
	if n := len(names) - maxNamed; n > 0 {
		names, more = names[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("waiting for the End-of-RIB to %s%s", strings.Join(names, ", "), more)
}
