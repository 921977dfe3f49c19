// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
)

const (
	// workers is how many objects are written at the same time: one slow answer must not hold up every object.
	workers = 4
	// coalesce is how long a survey waits for further changes: the reports of all nodes on one change come in a burst.
	coalesce = 100 * time.Millisecond
)

// SpeakerLabels are the labels of the node role's pods.
func SpeakerLabels() labels.Set {
	return labels.Set{"app.kubernetes.io/name": "herald", "app.kubernetes.io/component": "node"}
}

// Options say which objects the roll-up looks at.
type Options struct {
	// Logger gets the errors that keep the roll-up from its work; none by default.
	Logger logr.Logger
	// Namespace is the operator's own namespace.
	Namespace string
	// SpeakerPods: the node role runs as pods with the SpeakerLabels in Namespace. A node where no such pod runs has no speaker.
	// A node that neither has such a pod nor is chosen by a DaemonSet with these labels shall have no speaker. Without SpeakerPods
	// it is unknown where speakers run: every node counts, and no BGPSession gets Reporting=False.
	SpeakerPods bool
	// LocalNode is the node whose speaker this process is, empty for none.
	LocalNode string
}

// CacheOptions limit the objects in a manager's memory to those that the roll-up needs.
func CacheOptions(options Options) cache.Options {
	return cache.Options{
		DefaultTransform:         kube.StripObject(),
		DefaultWatchErrorHandler: kube.WatchErrorHandler(options.Logger, nil),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.BGPSession{}: {Transform: kube.StripSession()},
			&corev1.Node{}:         {Transform: kube.StripNode()},
			&corev1.Namespace{}:    {Transform: kube.StripNamespace()},
			&corev1.Pod{}:          ofSpeakers(options, kube.StripPod()),
			&appsv1.DaemonSet{}:    ofSpeakers(options, kube.StripDaemonSet()),
		},
	}
}

// ofSpeakers limits the cache of a kind to the objects that run the node role.
func ofSpeakers(options Options, transform toolscache.TransformFunc) cache.ByObject {
	return cache.ByObject{
		Namespaces: map[string]cache.Config{options.Namespace: {}},
		Label:      labels.SelectorFromSet(SpeakerLabels()),
		Transform:  transform,
	}
}

// SetupWithManager adds the roll-up to a manager with CacheOptions.
func SetupWithManager(m manager.Manager, options Options) error {
	r := newReconciler(m.GetClient(), m.GetAPIReader(), options)
	queue := source.TypedFunc[request](func(ctx context.Context, q workqueue.TypedRateLimitingInterface[request]) error {
		r.queue = q
		if options.SpeakerPods {
			// The Leases are read before the first survey, which would otherwise take a lost node for found. A failed read is repeated
			// later.
			_, _ = r.readHeartbeats(ctx)
		}
		close(r.started)
		return nil
	})
	b := builder.TypedControllerManagedBy[request](m).
		Named("rollup").
		WithOptions(kube.ControllerOptions[request](workers)).
		WatchesRawSource(queue).
		Watches(&v1alpha1.BGPPeer{}, r.news.watch(), builder.WithPredicates(specOrStatusChanged())).
		Watches(&v1alpha1.Announcement{}, r.news.watch(), builder.WithPredicates(specOrStatusChanged())).
		Watches(&v1alpha1.BGPSession{}, r.news.watch()).
		Watches(&corev1.Node{}, r.news.watch(),
			builder.WithPredicates(predicate.Or(kube.NodeChanged(), kube.NodePlacementChanged()))).
		Watches(&corev1.Namespace{}, r.news.watch(), builder.WithPredicates(kube.LabelsChanged()))
	if options.SpeakerPods {
		b = b.Watches(&corev1.Pod{}, r.news.watch(), builder.WithPredicates(podChanged())).
			Watches(&appsv1.DaemonSet{}, r.news.watch(), builder.WithPredicates(predicate.GenerationChangedPredicate{}))
		if err := m.Add(manager.RunnableFunc(r.watchHeartbeats)); err != nil {
			return fmt.Errorf("heartbeats of the nodes: %w", err)
		}
	}
	if err := b.Complete(r); err != nil {
		return fmt.Errorf("roll-up controller: %w", err)
	}
	return nil
}

// specOrStatusChanged passes statuses too, our own writes among them. So a status that arrives late, from an earlier leader or
// from another writer, is corrected; a survey that finds every status right writes nothing.
func specOrStatusChanged() predicate.Predicate {
	return predicate.Or(kube.SpecChanged(), kube.StatusChanged())
}

// podChanged passes pods that begin or cease to speak.
func podChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, isPod := e.ObjectOld.(*corev1.Pod)
		after, stillIs := e.ObjectNew.(*corev1.Pod)
		return !isPod || !stillIs || speaks(before) != speaks(after)
	}}
}
