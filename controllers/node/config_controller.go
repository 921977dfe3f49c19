// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
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

// Reconcile compiles all objects and hands the result over. It runs only after every cache it reads has synced, so that
// no route is withdrawn for an object that was not read yet.
func (r *ConfigReconciler) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	former := r.agent.output.Load()
	in, err := r.input(ctx)
	if errors.Is(err, errNoNode) && former == nil {
		// Nothing is to end for a Node that was never seen. The watch says when it comes.
		r.agent.obstructed(fmt.Errorf("there is %w %s: --node-name is to be the name of a Node", err, r.agent.options.NodeName))
		return reconcile.Result{}, nil
	}
	if err != nil && !errors.Is(err, errNoNode) {
		return reconcile.Result{}, err
	}
	switch {
	case former == nil:
		r.recall(ctx)
	case err != nil:
		r.agent.options.Logger.Info("the Node is gone: its sessions end")
	}
	return reconcile.Result{}, r.agent.configure(compile.Compile(in, former))
}

// errNoNode says that the Node does not exist. One that was there and is gone has no sessions.
var errNoNode = errors.New("no Node")

// recallPatience is how long the first configuration waits to learn which peers had a session.
const recallPatience = 2 * time.Second

// recall notes which peers of this node had a session before this process started: their BGPSessions still say so, because
// nothing is written before the first configuration. Where they cannot be read, every peer may have had one.
func (r *ConfigReconciler) recall(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, recallPatience)
	defer cancel()
	if err := r.stored.list(ctx); err != nil {
		r.agent.options.Logger.Error(err, "sessions before this start unknown; each peer is waited for")
		return
	}
	had := r.stored.hadSession()
	r.agent.had = func(peer string) bool { return had[peer] }
}

func (r *ConfigReconciler) input(ctx context.Context) (compile.Input, error) {
	in := compile.Input{
		Listening:       r.agent.options.Listening,
		SoftwareVersion: r.agent.options.SoftwareVersion,
		AuthNamespace:   r.agent.options.AuthNamespace,
		Node:            compile.NodeFacts{Name: r.agent.options.NodeName},
	}
	var node corev1.Node
	err := r.client.Get(ctx, client.ObjectKey{Name: r.agent.options.NodeName}, &node)
	switch {
	case apierrors.IsNotFound(err):
		return in, errNoNode
	case err != nil:
		return in, fmt.Errorf("node: %w", err)
	}
	in.Node = compile.FactsOf(&node, r.agent.node)
	r.agent.node = in.Node
	if in.Objects, err = r.objects(ctx); err != nil {
		return in, err
	}
	r.readKeys(ctx, &in)
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
	objects.OperatorNamespace = r.agent.options.Namespace
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

// readKeys reads the Secrets that the peers of this node name.
func (r *ConfigReconciler) readKeys(ctx context.Context, in *compile.Input) {
	names := map[string]bool{}
	for _, peer := range in.Peers {
		if name := peer.SecretName(); name != "" && peer.SelectsNode(in.Node.Labels) {
			names[name] = true
		}
	}
	in.Secrets, in.SecretProblems = r.agent.keys.read(ctx, names)
}
