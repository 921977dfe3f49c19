// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/speaker"
)

// Options say which node an Agent speaks for.
type Options struct {
	// NodeName is the name of the Node.
	NodeName string
	// Namespace is the operator's own; AuthNamespace is that of the Secrets with session keys.
	Namespace, AuthNamespace string
	// Listening: the speaker accepts connections.
	Listening bool
	// SoftwareVersion is what neighbours are told whose BGPPeer says so.
	SoftwareVersion string
	// Logger gets a line for each object that is not in use, or not in full; none by default.
	Logger logr.Logger
}

// Agent is what connects a speaker with the API server and outlives every manager: the engine, and where news of its sessions goes.
type Agent struct {
	options Options
	engine  *engine.Engine
	reader  compile.Reader
	// recalled is set once it was asked which sessions there were before this process. It is the config controller's.
	recalled bool
	// written paces the writes of each session, exceptions what it keeps back, and line the counts of all of them together.
	written, exceptions *kube.Written
	line                line
	keys                *keyring
	conflicts           nameConflicts

	mu sync.Mutex
	// queue is the status controller's, of the newest manager; nil before the first.
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// NewAgent returns the agent of a speaker, which the caller runs beside it.
func NewAgent(s *speaker.Speaker, options Options) *Agent {
	a := &Agent{options: options, written: kube.NewWritten(countsInterval), exceptions: kube.NewWritten(countsInterval)}
	a.keys = newKeyring(options.AuthNamespace, func() { a.engine.Touch(engine.Key{Kind: engine.KindSecret}) })
	a.engine = engine.New(s, engine.Options{
		NodeName:        options.NodeName,
		Namespace:       options.Namespace,
		AuthNamespace:   options.AuthNamespace,
		Listening:       options.Listening,
		SoftwareVersion: options.SoftwareVersion,
		Logger:          options.Logger,
		Secrets:         a.keys.read,
		Changed:         a.enqueue,
	})
	return a
}

// Engine is what the Agent drives.
func (a *Agent) Engine() *engine.Engine { return a.engine }

// Run runs the engine until ctx ends. It runs beside the managers, not in them: what happens between the end of one and the
// start of the next is not lost, and the speaker never waits for either.
func (a *Agent) Run(ctx context.Context) error {
	defer a.keys.stop()
	return a.engine.Run(ctx)
}

// enqueue asks the status controller to look at sessions. It never blocks.
func (a *Agent) enqueue(sessions []speaker.SessionID) {
	queue := a.newestQueue()
	if queue == nil {
		return // the source of the first manager starts with every session
	}
	for _, id := range sessions {
		queue.Add(a.request(id))
	}
}

// enqueueNames asks the status controller to look at BGPSessions, by name.
func (a *Agent) enqueueNames(names []string) {
	queue := a.newestQueue()
	for _, name := range names {
		queue.Add(reconcile.Request{NamespacedName: client.ObjectKey{Name: name}})
	}
}

// useQueue makes queue the one that news goes to, and fills it with every session: what a queue before it was told may
// not have been done.
func (a *Agent) useQueue(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	a.mu.Lock()
	a.queue = queue
	a.mu.Unlock()
	a.line.clear()
	queue.Add(everySession)
	a.enqueue(a.engine.State().IDs())
}

// newestQueue is the queue of the newest manager. What is added to one that a newer manager replaced meanwhile is lost without harm: the
// new one starts with everything.
func (a *Agent) newestQueue() workqueue.TypedRateLimitingInterface[reconcile.Request] {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.queue
}

// request names the BGPSession of a session.
func (a *Agent) request(id speaker.SessionID) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKey{Name: engine.NameOf(id, a.options.NodeName)}}
}
