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
	// countsInterval is about the least time between two writes of a status if only counts, a message or the last error have
	// changed.
	countsInterval = 10 * time.Second

	// steadyInterval is how long an Announcement must keep the conditions of an earlier status before the roll-up writes them
	// again: of a session that comes and goes, the status shows the first change and the last state. The roll-up compares with
	// the last pastStatuses statuses, for pastInterval each: so the status of a session that comes and goes for ever is
	// written again after that time.
	steadyInterval = 10 * time.Second
	pastStatuses   = 4
	pastInterval   = 5 * time.Minute

	// fanOut is how many events a second the roll-up may cause at all nodes together: each node watches every BGPPeer and every
	// Announcement. With few nodes, mostWrites a second are enough; with many, leastWrites are allowed all the same.
	fanOut      = 50_000
	mostWrites  = 50
	leastWrites = 1
)

// pace says when a status may be written.
type pace struct {
	written *kube.Written
	// budget is the limit for the objects that every node watches.
	budget *rate.Limiter

	mu   sync.Mutex
	past map[types.UID]history
}

// history holds the conditions of an object's statuses on one generation, the newest first.
type history struct {
	generation int64
	list       []pastStatus
}

type pastStatus struct {
	summary string
	// until is when the next status replaced this one; zero for the newest.
	until time.Time
}

func newPace() *pace {
	return &pace{
		written: kube.NewWritten(countsInterval),
		budget:  rate.NewLimiter(mostWrites, 1),
		past:    map[types.UID]history{},
	}
}

// share sets the budget for that many nodes.
func (p *pace) share(nodes int) {
	p.budget.SetLimit(rate.Limit(min(mostWrites, max(leastWrites, fanOut/max(1, nodes)))))
}

// delay is how long a task must wait for earlier writes of the same object. A deletion never waits, since it comes only once.
func (p *pace) delay(t *task, now time.Time) time.Duration {
	switch {
	case t.conditions == nil:
		return 0
	case !t.urgent:
		return p.written.Delay(t.uid, now)
	case t.kind == announcement && p.repeats(t, now):
		return max(steadyInterval-now.Sub(t.since), p.written.UrgentDelay(t.uid, now))
	default:
		return p.written.UrgentDelay(t.uid, now)
	}
}

// turn waits for the turn of a task among the writes of objects that every node watches.
func (p *pace) turn(ctx context.Context, t *task) error {
	if t.kind == session {
		return nil // no node watches BGPSessions
	}
	if err := p.budget.Wait(ctx); err != nil {
		return fmt.Errorf("turn of %s: %w", t.uid, err)
	}
	return nil
}

// note takes down a task that was done. The first error of a new BGPPeer goes at once, even right after a condition: the owner
// waits for it.
func (p *pace) note(done *task, now time.Time) {
	switch {
	case done.conditions == nil:
		p.written.Forget(done.uid)
	case done.urgent:
		p.written.NoteUrgent(done.uid, now, done.conditions)
		p.remember(done, now)
	}
	if done.conditions != nil && (!done.urgent || done.kind == announcement) {
		p.written.Note(done.uid, now, done.conditions)
	}
}

// repeats reports whether an earlier status of the object, not long ago, had the same conditions, and a later one had others.
func (p *pace) repeats(t *task, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	past := p.past[t.uid]
	if past.generation != t.generation {
		return false
	}
	for i, s := range past.list {
		if i > 0 && s.summary == t.summary && now.Sub(s.until) < pastInterval {
			return true
		}
	}
	return false
}

func (p *pace) remember(t *task, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	past := p.past[t.uid]
	if past.generation != t.generation {
		past = history{generation: t.generation}
	}
	if len(past.list) > 0 {
		past.list[0].until = now
	}
	list := append(make([]pastStatus, 0, pastStatuses), pastStatus{summary: t.summary})
	past.list = append(list, past.list[:min(len(past.list), pastStatuses-1)]...)
	p.past[t.uid] = past
}

// forget drops what is remembered of an object that is no more.
func (p *pace) forget(object types.UID) {
	p.written.Forget(object)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.past, object)
}

// summaryOf sums up conditions without their messages.
func summaryOf(conditions []metav1.Condition) string {
	var text strings.Builder
	for i := range conditions {
		c := &conditions[i]
		fmt.Fprintf(&text, "%s=%s/%s@%d ", c.Type, c.Status, c.Reason, c.ObservedGeneration)
	}
	return text.String()
}
