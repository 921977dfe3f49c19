// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package nodeapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/herald-bgp/herald/speaker"
)

// readinessPatience is how long peers are waited for in all. Whatever keeps one of them away, the process is of use to the
// others, and a rollout is not to wait for a router.
const readinessPatience = 10 * time.Second

// maxNamed is how many peers Ready names in its error.
const maxNamed = 5

var errNoConfig = errors.New("no complete configuration was applied yet")

// Readiness decides when a process is ready: the first complete configuration was applied, and each peer that had a session
// before this process started has had its End-of-RIB or one failed attempt, 10 s at most. It is reached once and never lost:
// it depends on no peer's state again. The zero value is ready to use.
type Readiness struct {
	mu sync.Mutex
	// obstacle is what keeps the first configuration from being made, nil where nothing is known to.
	obstacle error
	// waiting holds the peers that are waited for, nil before the first configuration; deadline is for how long.
	waiting  map[string]bool
	deadline time.Time
	ready    bool
}

// Obstructed notes what keeps the first complete configuration from being made, and reports whether that is news.
func (r *Readiness) Obstructed(err error) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news = r.obstacle == nil || r.obstacle.Error() != err.Error()
	r.obstacle = err
	return news
}

// Applied notes that a complete configuration was handed to the speaker. had says whether a peer had a session before this
// process started; nil stands for every peer, where nobody knows.
func (r *Readiness) Applied(now time.Time, c *speaker.Config, had func(peer string) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.waiting == nil
	if first {
		r.waiting, r.deadline = make(map[string]bool), now.Add(readinessPatience)
	}
	startable := make(map[string]bool, len(c.Peers))
	for i := range c.Peers {
		p := &c.Peers[i]
		// One that is shut down or may not start will not come, so nothing is waited for.
		startable[p.Name] = !p.AdminDown && p.Blocked == ""
		if first && startable[p.Name] && (had == nil || had(p.Name)) {
			r.waiting[p.Name] = true
		}
	}
	for name := range r.waiting {
		if !startable[name] {
			delete(r.waiting, name)
		}
	}
}

// Check looks at the peers as they are now. It returns nil once the process is ready, and before that what is waited for.
// It is to be called when a peer has changed too, or an End-of-RIB would be missed on a session that was lost since.
func (r *Readiness) Check(now time.Time, peers []speaker.PeerSnapshot) error {
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
			delete(r.waiting, peers[i].Name)
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

func waitingError(waiting map[string]bool) error {
	names := make([]string, 0, len(waiting))
	for name := range waiting {
		names = append(names, name)
	}
	slices.Sort(names)
	more := ""
	if n := len(names) - maxNamed; n > 0 {
		names, more = names[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("waiting for the End-of-RIB to %s%s", strings.Join(names, ", "), more)
}
