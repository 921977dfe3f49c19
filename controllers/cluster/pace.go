// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/controllers/kube"
)

const (
	// countsInterval is about the least time between two writes of a status where only counts, a message or the last error have
	// changed.
	countsInterval = 10 * time.Second

	// steadyInterval is how long an Announcement has to stay as it was once before until it says so again: a session that comes
	// and goes is told of once, and once how it stands in the end. said is how many of what it was before count, and
	// saidInterval for how long: what comes and goes for ever is told of then.
	steadyInterval = 10 * time.Second
	saidBefore     = 4
	saidInterval   = 5 * time.Minute

	// fanOut is how many events a second the roll-up may cause at all nodes together: each of them watches every BGPPeer and every
	// Announcement. However many nodes there are, mostWrites a second are enough, and leastWrites always allowed.
	fanOut      = 50_000
	mostWrites  = 50
	leastWrites = 1
)

// pace says when a status may be written.
type pace struct {
	written *kube.Written
	// budget is for all that every node watches.
	budget *rate.Limiter

	mu   sync.Mutex
	said map[types.UID]sayings
}

// sayings are the conditions that an object has said of one generation, the newest first.
type sayings struct {
	generation int64
	list       []saying
}

type saying struct {
	text string
	// until is when the object ceased to say it; zero of the newest.
	until time.Time
}

func newPace() *pace {
	return &pace{
		written: kube.NewWritten(countsInterval),
		budget:  rate.NewLimiter(mostWrites, 1),
		said:    map[types.UID]sayings{},
	}
}

// share sets the budget for that many nodes.
func (p *pace) share(nodes int) {
	p.budget.SetLimit(rate.Limit(min(mostWrites, max(leastWrites, fanOut/max(1, nodes)))))
}

// delay is how long a task has to wait for its own object's sake. A deletion never does: it does not come again.
func (p *pace) delay(t *task, now time.Time) time.Duration {
	switch {
	case t.conditions == nil:
		return 0
	case !t.urgent:
		return p.written.Delay(t.uid, now)
	case t.kind == announcement && p.returns(t, now):
		return max(steadyInterval-now.Sub(t.since), p.written.UrgentDelay(t.uid, now))
	default:
		return p.written.UrgentDelay(t.uid, now)
	}
}

// turn waits for the turn of a task among all that every node watches.
func (p *pace) turn(ctx context.Context, t *task) error {
	if t.kind == session {
		return nil // no node watches those
	}
	if err := p.budget.Wait(ctx); err != nil {
		return fmt.Errorf("turn of %s: %w", t.uid, err)
	}
	return nil
}

// note takes down what was done. The first error of a new BGPPeer goes at once, however soon it comes after a condition: it is
// the answer that its owner waits for.
func (p *pace) note(done *task, now time.Time) {
	switch {
	case done.conditions == nil:
		p.written.Forget(done.uid)
	case done.urgent:
		p.written.NoteUrgent(done.uid, now, done.conditions)
		p.say(done, now)
	}
	if done.conditions != nil && (!done.urgent || done.kind == announcement) {
		p.written.Note(done.uid, now, done.conditions)
	}
}

// returns reports whether the object has said the same before, not long ago, and something else since.
func (p *pace) returns(t *task, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := p.said[t.uid]
	if said.generation != t.generation {
		return false
	}
	for i, s := range said.list {
		if i > 0 && s.text == t.says && now.Sub(s.until) < saidInterval {
			return true
		}
	}
	return false
}

func (p *pace) say(t *task, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := p.said[t.uid]
	if said.generation != t.generation {
		said = sayings{generation: t.generation}
	}
	if len(said.list) > 0 {
		said.list[0].until = now
	}
	list := append(make([]saying, 0, saidBefore), saying{text: t.says})
	said.list = append(list, said.list[:min(len(said.list), saidBefore-1)]...)
	p.said[t.uid] = said
}

// keep forgets every object but these.
func (p *pace) keep(objects map[types.UID]bool) {
	p.written.Keep(objects)
	p.mu.Lock()
	defer p.mu.Unlock()
	for uid := range p.said {
		if !objects[uid] {
			delete(p.said, uid)
		}
	}
}

// sayingOf is what conditions say, without the words.
func sayingOf(conditions []metav1.Condition) string {
	var text strings.Builder
	for i := range conditions {
		c := &conditions[i]
		fmt.Fprintf(&text, "%s=%s/%s@%d ", c.Type, c.Status, c.Reason, c.ObservedGeneration)
	}
	return text.String()
}
