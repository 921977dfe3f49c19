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

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

// fieldOwner is the manager of what this role writes of a status.
const fieldOwner client.FieldOwner = "herald-rollup"

// Reconciler keeps the statuses of BGPPeers and Announcements, the condition Reporting of BGPSessions, and removes
// BGPSessions that nobody else will.
//
// A survey takes what happened since the one before, brings the roll-up up to date, and compares the statuses of the objects that
// are touched by it. What differs is then written object by object.
type Reconciler struct {
	client client.Client
	// server is asked before a BGPSession is deleted: that a cache has no object may be its delay.
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
	// due is what is to be done, as the surveys found.
	due map[request]*task
}

// task is one write that a survey found to be due.
type task struct {
	kind kind
	uid  types.UID
	do   func(ctx context.Context) error
	// urgent: people wait for it; otherwise only counts, a message or the last error have changed.
	urgent bool
	// asked: nothing was said yet of this generation.
	asked bool
	// conditions are those that it writes, nil for a deletion. They are what says says, of a generation, and have been what
	// is to be said since then.
	conditions []metav1.Condition
	says       string
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
		world:     world{sessions: map[string]*v1alpha1.BGPSession{}, rollup: status.NewRollup()},
		due:       map[request]*task{},
		stopped:   map[string]time.Time{},
		started:   make(chan struct{}),
	}
}

// Reconcile surveys everything, or does what the last survey found to be due for one object.
func (r *Reconciler) Reconcile(ctx context.Context, key request) (reconcile.Result, error) {
	if key.kind == everything {
		return r.survey(ctx)
	}
	found := r.task(key)
	if found == nil {
		return reconcile.Result{}, nil
	}
	if delay := r.pace.delay(found, time.Now()); delay > 0 {
		// By then a survey may have found something else to be due, or nothing.
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
	// A survey found it meanwhile. The survey of this very write, which may find that nothing is left, goes first.
	return reconcile.Result{RequeueAfter: 2 * coalesce, Priority: new(left.priority())}, nil
}

// Of what is due conditions go before counts, what somebody asked for by an edit before what sessions did, and a survey before all:
// it says what is due no more.
const (
	countsPriority = iota
	urgentPriority
	askedPriority
	surveyPriority
)

func (t *task) priority() int {
	switch {
	case t.asked:
		return askedPriority
	case t.urgent:
		return urgentPriority
	}
	return countsPriority
}

// enqueue adds a key, the longest waiting first among those of its priority.
func enqueue(queue workqueue.TypedRateLimitingInterface[request], key request, priority int, after time.Duration) {
	if q, ok := queue.(priorityqueue.PriorityQueue[request]); ok {
		q.AddWithOpts(priorityqueue.AddOpts{Priority: &priority, After: after}, key)
		return
	}
	queue.AddAfter(key, after)
}

// surveyShare is the part of the time that surveys may take: one that took long makes the next wait.
const surveyShare = 10

// survey finds out what is due.
func (r *Reconciler) survey(ctx context.Context) (reconcile.Result, error) {
	began := time.Now()
	if rest := r.rested.Sub(began); rest > 0 {
		return reconcile.Result{RequeueAfter: rest, Priority: new(surveyPriority)}, nil
	}
	c := r.news.take()
	if !r.surveyed {
		// Of what there is none no event tells.
		c.add(&changes{peers: true, objects: true, nodes: true})
	}
	if again := r.world.again; !again.IsZero() && !again.After(began) {
		c.nodes = true
	}
	if err := r.read(ctx, c); err != nil {
		r.news.putBack(c)
		return reconcile.Result{}, err
	}
	r.surveyed = true
	now := time.Now()
	due := r.compare(&r.world, c, now)
	r.pace.share(len(r.world.nodes))
	r.enqueueDue(due, now)
	now = time.Now()
	r.rested = now.Add((surveyShare - 1) * now.Sub(began))
	var again time.Duration
	if !r.world.again.IsZero() {
		again = max(time.Millisecond, r.world.again.Sub(now))
	}
	return reconcile.Result{RequeueAfter: again, Priority: new(surveyPriority)}, nil
}

// enqueueDue replaces what was due for the objects that were looked at. What was due before is in the queue, or waits to be.
func (r *Reconciler) enqueueDue(due map[request]*task, now time.Time) {
	for key, t := range r.replaceDue(due, now) {
		enqueue(r.queue, key, t.priority(), 0)
	}
}

// replaceDue returns what is due that was not before.
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
		if before != nil && before.says == t.says {
			t.since = before.since
		}
		if before == nil || before.says != t.says || before.priority() != t.priority() {
			fresh[key] = t
		}
	}
	return fresh
}

// takeDown takes down what was done, or is of an object that is gone, and returns what is due for its key since then.
func (r *Reconciler) takeDown(key request, t *task) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.due[key] == t {
		delete(r.due, key)
	}
	return r.due[key]
}

// task is what is due for an object, nil for nothing.
func (r *Reconciler) task(key request) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.due[key]
}
