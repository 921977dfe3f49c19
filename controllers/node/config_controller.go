// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/speaker"
)

// ConfigReconciler gives the engine the caches of a manager to read from, once they have synced. From then on events of the caches
// tell the engine what to read.
type ConfigReconciler struct {
	client client.Reader
	stored *stored
	agent  *Agent
}

// Reconcile runs once, and only after every cache has synced, so that no route is withdrawn for an object that was not read yet.
func (r *ConfigReconciler) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	if !r.agent.recalled {
		r.recall(ctx)
		r.agent.recalled = true
	}
	r.agent.engine.Use(&cached{kinds: kinds(r.agent.options.NodeName), caches: r.client, reader: &r.agent.reader})
	return reconcile.Result{}, nil
}

// recallPatience is how long the first configuration waits to learn which peers had a session.
const recallPatience = 2 * time.Second

// recall tells the engine which sessions of this node there were before this process started: their BGPSessions still say so,
// because nothing is written before the first configuration. Where they cannot be read, there may have been any.
func (r *ConfigReconciler) recall(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, recallPatience)
	defer cancel()
	if err := r.stored.list(ctx); err != nil {
		r.agent.options.Logger.Error(err, "sessions before this start unknown; each peer is waited for")
		return
	}
	had := r.stored.hadSession()
	r.agent.engine.Recall(func(id speaker.SessionID) bool { return had[id] })
}
