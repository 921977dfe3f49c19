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
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/controllers/status"
)

const (
	// fieldOwner is the manager of what this role writes of a status.
	fieldOwner client.FieldOwner = "herald-rollup"

	// countsInterval is the least time between two writes of a status where only counts, a message or the last error have
	// changed.
	countsInterval = 10 * time.Second
)

// Reconciler keeps the statuses of BGPPeers and Announcements, the condition Reporting of BGPSessions, and removes
// BGPSessions that nobody else will.
//
// A survey reads everything, computes every status and compares: each is a function of all objects, and one pass over
// them costs less than one for each object. What differs is then written object by object.
type Reconciler struct {
	client client.Client
	// server is asked before a BGPSession is deleted: that a cache has no object may be its delay.
	server  client.Reader
	options Options
	queue   workqueue.TypedRateLimitingInterface[request]
	written *kube.Written

	// reader and confirmed belong to the survey, which never runs twice at a time.
	reader    compile.Reader
	confirmed map[types.UID]*status.Confirmation

	mu sync.Mutex
	// due is what the last survey found to be done.
	due map[request]task
}

// task is one write that a survey found to be due.
type task struct {
	do func(ctx context.Context) error
	// urgent: people wait for it; otherwise only counts, a message or the last error have changed.
	urgent bool
	uid    types.UID
	// conditions are those that it writes, nil for a deletion.
	conditions []metav1.Condition
}

func newReconciler(c client.Client, server client.Reader, options Options) *Reconciler {
	return &Reconciler{
		client:    c,
		server:    server,
		options:   options,
		written:   kube.NewWritten(countsInterval),
		confirmed: map[types.UID]*status.Confirmation{},
	}
}

// Reconcile surveys everything, or does what the last survey found to be due for one object.
func (r *Reconciler) Reconcile(ctx context.Context, key request) (reconcile.Result, error) {
	if key.kind == everything {
		return reconcile.Result{}, r.survey(ctx)
	}
	found, ok := r.task(key)
	if !ok {
		return reconcile.Result{}, nil
	}
	if delay := r.delay(found); delay > 0 {
		// By then a survey may have found something else to be due, or nothing.
		return reconcile.Result{RequeueAfter: delay}, nil
	}
	if err := found.do(ctx); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	r.note(found)
	return reconcile.Result{}, nil
}

// delay is how long a task has to wait. A deletion never does: it does not come again.
func (r *Reconciler) delay(t task) time.Duration {
	switch {
	case t.conditions == nil:
		return 0
	case t.urgent:
		return r.written.UrgentDelay(t.uid, time.Now())
	default:
		return r.written.Delay(t.uid, time.Now())
	}
}

// note takes down what was done. The first of the writes that can wait goes at once, however soon it comes after one that
// could not: a new BGPPeer's first error is the answer that its owner waits for.
func (r *Reconciler) note(done task) {
	switch {
	case done.conditions == nil:
		r.written.Forget(done.uid)
	case done.urgent:
		r.written.NoteUrgent(done.uid, time.Now(), done.conditions)
	default:
		r.written.Note(done.uid, time.Now(), done.conditions)
	}
}

// survey finds out what is due.
func (r *Reconciler) survey(ctx context.Context) error {
	w, err := r.read(ctx)
	if err != nil {
		return err
	}
	due := r.compare(w, time.Now())
	r.mu.Lock()
	r.due = due
	r.mu.Unlock()
	for key := range due {
		r.queue.Add(key)
	}
	return nil
}

func (r *Reconciler) task(key request) (task, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.due[key]
	return found, ok
}
