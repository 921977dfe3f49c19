// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// heartbeatInterval is how often the kubelets' Leases are read. Kubelets renew them every 10 s; a watch would cost more.
	heartbeatInterval = 5 * time.Second
	// lostAfter is how long a kubelet may be silent. With one reading before that time and one after it, a dead node counts as lost
	// within 45 s.
	lostAfter = 35 * time.Second
	// heartbeatGap is the longest time between two readings from which silence can be concluded: while this process could not
	// reach the API server, the kubelets perhaps could not either.
	heartbeatGap = 3 * heartbeatInterval
)

// heartbeats are the signs of life of the nodes: each kubelet renews a Lease. They show a lost node earlier than the Node's
// condition Ready does.
type heartbeats struct {
	mu   sync.Mutex
	last map[string]heartbeat
	read time.Time
}

// heartbeat is the newest sign of life of a node.
type heartbeat struct {
	version string
	at      time.Time
	// renewed: this process saw the Lease change, so the heartbeat is no older than this process.
	renewed bool
}

// note takes down a reading, the version of each node's Lease, and reports whether it changes which nodes are lost.
func (h *heartbeats) note(versions map[string]string, now time.Time) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	anew := now.Sub(h.read) > heartbeatGap
	next := make(map[string]heartbeat, len(versions))
	for node, version := range versions {
		beat, known := h.last[node]
		was := known && h.read.Sub(beat.at) > lostAfter
		switch {
		case known && beat.version != version:
			changed = changed || was || !beat.renewed
			beat = heartbeat{version: version, at: now, renewed: true}
		case !known:
			beat = heartbeat{version: version, at: now}
			changed = true
		case anew && !was:
			beat.at = now
		case !was && now.Sub(beat.at) > lostAfter:
			changed = true
		}
		next[node] = beat
	}
	changed = changed || len(next) != len(h.last)
	h.last, h.read = next, now
	return changed
}

// lost reports whether a node gives no sign of life. before is the answer of an earlier process: it holds until this process hears
// the kubelet.
func (h *heartbeats) lost(node *corev1.Node, before bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	beat, known := h.last[node.Name]
	switch {
	case known && h.read.Sub(beat.at) > lostAfter:
		return true
	case known && beat.renewed:
		return false
	case known && before:
		return true
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionUnknown
		}
	}
	return false
}

// watchHeartbeats reads the Leases until ctx ends, and asks for a survey when the set of lost nodes changes.
func (r *Reconciler) watchHeartbeats(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-r.started:
	}
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		changed, err := r.readHeartbeats(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "the nodes' Leases cannot be read: that a node is lost is known later")
		}
		failed = err != nil
		if changed {
			r.news.tell(&changes{nodes: true})
			enqueue(r.queue, request{kind: everything}, surveyPriority, 0)
		}
	}
}

// readHeartbeats reads the Leases once, and reports whether the set of lost nodes changed.
func (r *Reconciler) readHeartbeats(ctx context.Context) (changed bool, err error) {
	versions, err := leases(ctx, r.server)
	if err != nil {
		return false, err
	}
	return r.heartbeats.note(versions, time.Now()), nil
}

// leases are the versions of the kubelets' Leases, by node.
func leases(ctx context.Context, server client.Reader) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, heartbeatInterval)
	defer cancel()
	var list metav1.PartialObjectMetadataList
	list.SetGroupVersionKind(coordinationv1.SchemeGroupVersion.WithKind("LeaseList"))
	// The list comes from the API server's cache: the newest version is not worth a read of etcd.
	fromCache := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}}
	if err := server.List(ctx, &list, client.InNamespace(corev1.NamespaceNodeLease), fromCache); err != nil {
		return nil, fmt.Errorf("list the nodes' Leases: %w", err)
	}
	versions := make(map[string]string, len(list.Items))
	for i := range list.Items {
		versions[list.Items[i].Name] = list.Items[i].ResourceVersion
	}
	return versions, nil
}
