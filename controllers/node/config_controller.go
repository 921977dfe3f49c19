// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/api/v1alpha1"
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
	var node corev1.Node
	err := r.client.Get(ctx, client.ObjectKey{Name: r.agent.options.NodeName}, &node)
	switch {
	case apierrors.IsNotFound(err):
		return in, nil
	case err != nil:
		return in, fmt.Errorf("node: %w", err)
	}
	in.Node = &node
	if in.Objects, err = r.objects(ctx); err != nil {
		return in, err
	}
	in.Secrets, in.SecretProblems = r.agent.keys.read(ctx, secretsFor(&node, &in.Objects))
	return in, nil
}

// objects lists without copying: compile changes nothing that it reads.
func (r *ConfigReconciler) objects(ctx context.Context) (objects compile.Objects, err error) {
	var peers v1alpha1.BGPPeerList
	if err := r.client.List(ctx, &peers, client.UnsafeDisableDeepCopy); err != nil {
		return objects, fmt.Errorf("BGPPeers: %w", err)
	}
	var announcements v1alpha1.AnnouncementList
	if err := r.client.List(ctx, &announcements, client.UnsafeDisableDeepCopy); err != nil {
		return objects, fmt.Errorf("announcements: %w", err)
	}
	objects = r.agent.reader.Read(peers.Items, announcements.Items)
	objects.Namespaces, err = r.namespaces(ctx)
	return objects, err
}

func (r *ConfigReconciler) namespaces(ctx context.Context) (map[string]map[string]string, error) {
	var list corev1.NamespaceList
	if err := r.client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	labels := make(map[string]map[string]string, len(list.Items))
	for i := range list.Items {
		labels[list.Items[i].Name] = list.Items[i].Labels
	}
	return labels, nil
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
