// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
)

// reasonEndpointUnavailable is the reason of the Events of a pod with an endpoint that cannot be served.
const reasonEndpointUnavailable = "EndpointUnavailable"

// events returns a function that records an Event at the pod of this process, where people look. Outside of a pod it returns nil.
func (o *operator) events(ctx context.Context) (tell func(flag string, err error), _ error) {
	if o.options.podName == "" {
		return nil, nil
	}
	client, err := typedcorev1.NewForConfig(o.config)
	if err != nil {
		return nil, fmt.Errorf("client for Events: %w", err)
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.Events(o.options.namespace)})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "herald-" + o.options.role, Host: o.options.nodeName})
	pod := &corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: o.options.namespace, Name: o.options.podName}
	return func(flag string, err error) {
		recorder.Eventf(pod, corev1.EventTypeWarning, reasonEndpointUnavailable,
			"--%s cannot be served, and is tried again; BGP goes on: %v", flag, err)
	}, nil
}
