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

// defaultRestartTime is how long a peer without graceful restart is waited for: the API's default of restartSeconds.
const defaultRestartTime = 120 * time.Second

// maxNamed is how many peers Ready names in its error.
const maxNamed = 5

var errNoConfig = errors.New("no complete configuration was applied yet")

// Readiness decides when a process is ready: the first complete configuration was applied, and each of its peers has had
// its End-of-RIB or has been down for its restart time. It is reached once and never lost: a router that goes away must
// not take the pod with it. The zero value is ready to use.
type Readiness struct {
	mu sync.Mutex
	// restart holds the restart time of each peer of the configuration, nil before the first one.
	restart map[string]time.Duration
	// settled holds the peers that were seen to fulfil their part.
	settled map[string]bool
	ready   bool
}

// Applied notes that a complete configuration was handed to the speaker.
func (r *Readiness) Applied(c *speaker.Config) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restart = make(map[string]time.Duration, len(c.Peers))
	for i := range c.Peers {
		p := &c.Peers[i]
		switch {
		case p.AdminDown:
			// Nothing will come, so nothing is waited for.
		case p.GracefulRestart != nil:
			r.restart[p.Name] = p.GracefulRestart.RestartTime
		default:
			r.restart[p.Name] = defaultRestartTime
		}
	}
}

// Check looks at the peers as they are now. It returns nil once the process is ready, and before that what is waited for.
// It is to be called when a peer has changed too, or an End-of-RIB would be missed on a session that was lost since.
func (r *Readiness) Check(now time.Time, peers []speaker.PeerSnapshot) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready {
		return nil
	}
	if r.restart == nil {
		return errNoConfig
	}
	if r.settled == nil {
		r.settled = make(map[string]bool)
	}
	for i := range peers {
		if p := &peers[i]; settled(now, p, r.restart[p.Name]) {
			r.settled[p.Name] = true
		}
	}
	var waiting []string
	for name := range r.restart {
		if !r.settled[name] {
			waiting = append(waiting, name)
		}
	}
	if len(waiting) > 0 {
		return waitingError(waiting)
	}
	r.ready = true
	return nil
}

func settled(now time.Time, p *speaker.PeerSnapshot, restart time.Duration) bool {
	if p.State == speaker.StateEstablished {
		// A token says that every route and each family's End-of-RIB (RFC 4724 §2) was written.
		return p.Routes.Token != nil
	}
	return now.Sub(p.Since) >= restart
}

func waitingError(names []string) error {
	slices.Sort(names)
	more := ""
	if n := len(names) - maxNamed; n > 0 {
		names, more = names[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("waiting for the End-of-RIB to %s%s", strings.Join(names, ", "), more)
}
