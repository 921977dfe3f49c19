// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
)

const (
	// requestTimeout bounds one reconciliation, and so every write in it: a hung API server never answers.
	requestTimeout = 15 * time.Second
	// The default of controller-runtime grows to 17 minutes: after an outage of the API server, Herald would be silent for that long.
	retryFirst, retryLongest = 100 * time.Millisecond, 10 * time.Second
)

// ManagerOptions are the controller options of every manager.
func ManagerOptions() config.Controller {
	return config.Controller{
		// A second manager in the same process registers the same names again.
		SkipNameValidation:    new(true),
		ReconciliationTimeout: requestTimeout,
	}
}

// ControllerOptions are the options of a controller with that many workers.
func ControllerOptions[request comparable](workers int) controller.TypedOptions[request] {
	return controller.TypedOptions[request]{
		MaxConcurrentReconciles: workers,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[request](retryFirst, retryLongest),
	}
}
