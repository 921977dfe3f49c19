// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/herald-bgp/herald/controllers/kube"
)

// statusWorkers write statuses at the same time: one slow answer is not to hold up every session.
const statusWorkers = 4

// CacheOptions limit what a manager keeps in memory to what this node needs. It is most of what a node costs the API
// server too: of all Nodes each node watches its own, and of BGPSessions none.
func (a *Agent) CacheOptions() cache.Options {
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		// What is in the way of the first configuration is what readiness waits for.
		DefaultWatchErrorHandler: kube.WatchErrorHandler(a.options.Logger, a.engine.Obstructed),
		ByObject:                 map[client.Object]cache.ByObject{},
	}
	for _, kind := range kinds(a.options.NodeName) {
		options.ByObject[kind.object] = kind.cached
	}
	return options
}

// SetupWithManager adds the controllers of the node role to a manager with the agent's CacheOptions.
func (a *Agent) SetupWithManager(m manager.Manager) error {
	stored := newStored(m.GetAPIReader(), a.options.NodeName)
	if err := a.setupConfig(m, stored); err != nil {
		return fmt.Errorf("config controller: %w", err)
	}
	if err := a.setupStatus(m, stored); err != nil {
		return fmt.Errorf("status controller: %w", err)
	}
	return nil
}

func (a *Agent) setupConfig(m manager.Manager, stored *stored) error {
	core, err := corev1client.NewForConfigAndClient(m.GetConfig(), m.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("client for Secrets: %w", err)
	}
	a.keys.use(core.RESTClient())
	start := source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		queue.Add(theConfig)
		return nil
	})
	controller := builder.ControllerManagedBy(m).
		Named("config").
		WithOptions(kube.ControllerOptions[reconcile.Request](1)).
		WatchesRawSource(start)
	for _, kind := range kinds(a.options.NodeName) {
		controller = controller.Watches(kind.object, a.events(&kind), builder.WithPredicates(kind.changed))
	}
	return controller.Complete(&ConfigReconciler{client: m.GetClient(), stored: stored, agent: a})
}

// theConfig is the one key of the config controller.
var theConfig = reconcile.Request{NamespacedName: client.ObjectKey{Name: "config"}}

// enqueue asks for the same, whatever the event.
func enqueue(request reconcile.Request) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
		return []reconcile.Request{request}
	})
}

func (a *Agent) setupStatus(m manager.Manager, stored *stored) error {
	news := source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		a.useQueue(queue)
		return nil
	})
	return builder.ControllerManagedBy(m).
		Named("status").
		WithOptions(kube.ControllerOptions[reconcile.Request](statusWorkers)).
		WatchesRawSource(news).
		// While the kubelet is silent, the roll-up writes over our statuses.
		Watches(&corev1.Node{}, enqueue(everySession), builder.WithPredicates(kube.NodeHeard())).
		Complete(&StatusReconciler{client: m.GetClient(), stored: stored, agent: a})
}
