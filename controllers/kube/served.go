// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// remindAfter is how long the log is quiet about kinds that are still not served.
const remindAfter = 10 * time.Minute

var errNotServed = errors.New("the API server does not serve " + v1alpha1.GroupVersion.String() + ": install the " +
	"CustomResourceDefinitions, by the chart (crds.install=true) or by kubectl apply --server-side -k config/crd")

// resources are the resources of Herald's kinds.
var resources = []string{"announcements", "bgppeers", "bgpsessions"}

// Served returns nil if the API server serves every kind of Herald, and else an error that says what to do about it.
func Served(ctx context.Context, client rest.Interface) error {
	var list metav1.APIResourceList
	err := client.Get().AbsPath("/apis", v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version).Do(ctx).Into(&list)
	if apierrors.IsNotFound(err) {
		return errNotServed
	}
	if err != nil {
		return fmt.Errorf("the API server cannot be asked: %w", err)
	}
	served := make(map[string]bool, len(list.APIResources))
	for i := range list.APIResources {
		served[list.APIResources[i].Name] = true
	}
	for _, name := range resources {
		if !served[name] {
			return fmt.Errorf("%w; %s are missing", errNotServed, name)
		}
	}
	return nil
}

// WatchErrorHandler handles the errors that keep a cache from being filled, and passes them on to tell, which may be nil. For a kind
// that is not served, an informer logs "the server could not find the requested resource" again and again. This handler instead logs
// now and then what to do about it.
func WatchErrorHandler(log logr.Logger, tell func(error)) toolscache.WatchErrorHandlerWithContext {
	var reminder reminder
	return func(ctx context.Context, r *toolscache.Reflector, err error) {
		missing := apierrors.IsNotFound(err)
		if !missing {
			toolscache.DefaultWatchErrorHandler(ctx, r, err)
		} else {
			err = errNotServed
		}
		if tell != nil {
			tell(err)
		}
		if missing && reminder.due(time.Now()) {
			log.Error(err, "objects cannot be read, and are tried again")
		}
	}
}

// reminder says when to log something again.
type reminder struct {
	mu   sync.Mutex
	last time.Time
}

// due reports whether the last time was long ago, and notes this one if it was.
func (r *reminder) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last) < remindAfter {
		return false
	}
	r.last = now
	return true
}
