// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/speaker"
)

// ConfigReconciler keeps the speaker's configuration what the objects say.
//
// There is one key for everything: a configuration is a complete snapshot, so whatever changed, all of it is compiled,
// and a burst of changes is one compilation. compile shares what did not change, and the speaker does nothing for it.
type ConfigReconciler struct {
	client client.Reader
	stored *stored
	agent  *Agent
}

// Reconcile hands all objects to the engine. It runs only after every cache it reads has synced, so that no route is withdrawn
// for an object that was not read yet.
func (r *ConfigReconciler) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	in, err := r.input(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	if in.Node != nil && !r.agent.recalled {
		r.recall(ctx)
		r.agent.recalled = true
	}
	r.agent.engine.Update(in)
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

// input reads what the configuration is made from: nothing but that there is no Node, where there is none.
func (r *ConfigReconciler) input(ctx context.Context) (engine.Input, error) {
	var in engine.Input
	read := objects{nodeName: r.agent.options.NodeName}
	for _, kind := range kinds(read.nodeName) {
		if err := kind.read(ctx, r.client, &read); err != nil {
			return in, fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	if in.Node = read.node; in.Node == nil {
		return in, nil
	}
	in.Objects = r.agent.reader.Read(read.peers.Items, read.announcements.Items)
	in.Objects.Namespaces = make(map[string]map[string]string, len(read.namespaces.Items))
	for i := range read.namespaces.Items {
		in.Objects.Namespaces[read.namespaces.Items[i].Name] = read.namespaces.Items[i].Labels
	}
	in.Secrets, in.SecretProblems = r.agent.keys.read(ctx, secretsFor(in.Node, &in.Objects))
	return in, nil
}

// secretsFor are the names of the Secrets that the peers of a node have their keys in.
func secretsFor(node *corev1.Node, objects *compile.Objects) map[string]bool {
	names := map[string]bool{}
	for _, peer := range objects.Peers {
		if name := peer.SecretName(); name != "" && peer.SelectsNode(node.Labels) {
			names[name] = true
		}
	}
	return names
}
