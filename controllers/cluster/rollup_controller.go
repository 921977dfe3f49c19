// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

// fieldOwner is the manager of the status fields that this role writes.
const fieldOwner client.FieldOwner = "herald-rollup"

// Reconciler keeps the statuses of BGPPeers and Announcements, the condition Reporting of BGPSessions, and removes
// BGPSessions that no speaker will remove.
//
// A survey takes the changes since the one before, brings the roll-up up to date, and compares the statuses of the objects that
// the changes touch. The statuses that differ are then written object by object.
type Reconciler struct {
	client client.Client
	// server is asked before a BGPSession is deleted: a cache may lack an object because it is behind.
	server  client.Reader
	options Options
	queue   workqueue.TypedRateLimitingInterface[request]
	pace    *pace

	news news

	// reader, world, confirmed and stopped belong to the survey, which never runs twice at a time.
	reader    compile.Reader
	world     world
	confirmed map[types.UID]*status.Confirmation
	// stopped is since when a node has been without a speaker that runs.
	stopped    map[string]time.Time
	heartbeats heartbeats
	// started: there is a queue.
	started chan struct{}
	// surveyed: there was a survey. rested is when the next may begin.
	surveyed bool
	rested   time.Time

	mu sync.Mutex
	// due are the writes that the surveys found to be due.
	due map[request]*task
}

// task is one write that a survey found to be due.
type task struct {
	kind kind
	uid  types.UID
	do   func(ctx context.Context) error
	// urgent: people wait for it; otherwise only counts, a message or the last error have changed.
	urgent bool
	// edited: no status was written yet for this generation.
	edited bool
	// conditions are the conditions that the task writes, nil for a deletion. summary sums them up, generation is the generation
	// that they speak of, and since is when a survey first found them.
	conditions []metav1.Condition
	summary    string
	generation int64
	since      time.Time
}

func newReconciler(c client.Client, server client.Reader, options Options) *Reconciler {
	return &Reconciler{
		client:    c,
		server:    server,
		options:   options,
		pace:      newPace(),
		confirmed: map[types.UID]*status.Confirmation{},
		world:     newWorld(options.Namespace),
		due:       map[request]*task{},
		stopped:   map[string]time.Time{},
		started:   make(chan struct{}),
	}
}

// Reconcile surveys everything, or does the task that the last survey found for one object.
func (r *Reconciler) Reconcile(ctx context.Context, key request) (reconcile.Result, error) {
	if key.kind == everything {
		return r.survey(ctx)
	}
	found := r.task(key)
	if found == nil {
		return reconcile.Result{}, nil
	}
	if delay := r.pace.delay(found, time.Now()); delay > 0 {
		// By then a survey may have found another task, or none.
		return reconcile.Result{RequeueAfter: delay, Priority: new(found.priority())}, nil
	}
	if err := r.pace.turn(ctx, found); err != nil {
		return reconcile.Result{}, err
	}
	if found = r.task(key); found == nil {
		return reconcile.Result{}, nil
	}
	err := found.do(ctx)
	if client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, err
	}
	if err == nil {
		r.pace.note(found, time.Now())
	}
	left := r.takeDown(key, found)
	if left == nil {
		return reconcile.Result{}, nil
	}
	// A survey found the left task meanwhile. The survey after this write may find that nothing is left to do, so it goes first.
	return reconcile.Result{RequeueAfter: 2 * coalesce, Priority: new(left.priority())}, nil
}

// Conditions go before counts, conditions after an edit before those after changes of sessions, and a survey before everything: it
// finds which tasks are no longer due.
const (
	countsPriority = iota
	urgentPriority
	askedPriority
	surveyPriority
)

func (t *task) priority() int {
	switch {
	case t.edited:
		return askedPriority
	case t.urgent:
		return urgentPriority
	}
	return countsPriority
}

// enqueue adds a key. Among keys of one priority, the one that waits longest goes first.
func enqueue(queue workqueue.TypedRateLimitingInterface[request], key request, priority int, after time.Duration) {
	if q, ok := queue.(priorityqueue.PriorityQueue[request]); ok {
		q.AddWithOpts(priorityqueue.AddOpts{Priority: &priority, After: after}, key)
		return
	}
	queue.AddAfter(key, after)
}

// surveyShare bounds the part of the time that surveys take: after a long survey the next one waits.
const surveyShare = 10

// survey finds the tasks that are due.
func (r *Reconciler) survey(ctx context.Context) (reconcile.Result, error) {
	began := time.Now()
	if rest := r.rested.Sub(began); rest > 0 {
		return reconcile.Result{RequeueAfter: rest, Priority: new(surveyPriority)}, nil
	}
	c := r.news.take()
	if !r.surveyed {
		// Of what there is none no event tells.
		all, err := r.everything(ctx)
		if err != nil {
			r.news.putBack(c)
			return reconcile.Result{}, err
		}
		all.add(c)
		c = all
	}
	if again := r.world.again; !again.IsZero() && !again.After(began) {
		c.nodes = true
	}
	gone, err := r.read(ctx, c)
	if err != nil {
		r.news.putBack(c)
		return reconcile.Result{}, err
	}
	r.surveyed = true
	now := time.Now()
	due := r.compare(&r.world, c, now)
	r.forget(&r.world, gone, due)
	r.pace.share(len(r.world.nodes))
	r.enqueueDue(due, now)
	now = time.Now()
	r.rested = now.Add((surveyShare - 1) * now.Sub(began))
	again := r.world.catalog.Pause(now)
	if nodes := r.world.again; !nodes.IsZero() && (again == 0 || nodes.Before(now.Add(again))) {
		again = max(time.Millisecond, nodes.Sub(now))
	}
	return reconcile.Result{RequeueAfter: again, Priority: new(surveyPriority)}, nil
}

// enqueueDue replaces the tasks of the objects that the survey looked at. A task that was due before is in the queue already, or
// waits to enter it.
func (r *Reconciler) enqueueDue(due map[request]*task, now time.Time) {
	for key, t := range r.replaceDue(due, now) {
		enqueue(r.queue, key, t.priority(), 0)
	}
}

// replaceDue returns the tasks that were not due before.
func (r *Reconciler) replaceDue(due map[request]*task, now time.Time) map[request]*task {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := map[request]*task{}
	for key, t := range due {
		if t == nil {
			delete(r.due, key)
			continue
		}
		before := r.due[key]
		r.due[key], t.since = t, now
		if before != nil && before.summary == t.summary {
			t.since = before.since
		}
		if before == nil || before.summary != t.summary || before.priority() != t.priority() {
			fresh[key] = t
		}
	}
	return fresh
}

// takeDown removes a task that was done, or whose object is gone, and returns the task that became due for its key since then.
func (r *Reconciler) takeDown(key request, t *task) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.due[key] == t {
		delete(r.due, key)
	}
	return r.due[key]
}

// task is the task that is due for an object, nil for none.
func (r *Reconciler) task(key request) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.due[key]
}
