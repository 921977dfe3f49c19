// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// restartGrace is how long a node may be without a running speaker before it counts as having none: a status does not show the
// replacement of a pod or the restart of a container.
const restartGrace = 30 * time.Second

// SpeakerContainer is the container of the node role in its pods.
const SpeakerContainer = "herald"

// fleet says which nodes shall run a speaker, and where one runs.
type fleet struct {
	// placed are the nodes that the node role shall run on, nil for all.
	placed map[string]bool
	// running are the nodes where a speaker runs, or did a moment ago; nil if that is unknown.
	running map[string]bool
	// lost are the nodes that give no sign of life.
	lost map[string]bool
	// again is when to look once more, zero for the next change.
	again time.Duration
}

// fleet makes the fleet from the pods of the node role and their DaemonSet. The conditions of sessions show where speakers ran
// before.
func (r *Reconciler) fleet(ctx context.Context, nodes []corev1.Node, sessions map[string]*v1alpha1.BGPSession, now time.Time) (*fleet, error) {
	if !r.options.SpeakerPods {
		return &fleet{}, nil
	}
	var pods corev1.PodList
	var sets appsv1.DaemonSetList
	for _, list := range []client.ObjectList{&pods, &sets} {
		if err := r.client.List(ctx, list, client.InNamespace(r.options.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("list %T of the node role: %w", list, err)
		}
	}
	var placements []placement
	for i := range sets.Items {
		placements = append(placements, placementOf(&sets.Items[i]))
	}
	has, runs := map[string]bool{}, map[string]bool{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		has[pod.Spec.NodeName] = true
		if speaks(pod) {
			runs[pod.Spec.NodeName] = true
		}
	}
	if local := r.options.LocalNode; local != "" {
		has[local], runs[local] = true, true
	}
	f := &fleet{placed: map[string]bool{}, running: map[string]bool{}, lost: map[string]bool{}}
	before := silentBefore(sessions)
	for i := range nodes {
		node := &nodes[i]
		// A pod keeps running when the node later gets a taint that only keeps new pods away.
		f.placed[node.Name] = has[node.Name] || placedBy(placements, node)
		f.lost[node.Name] = r.heartbeats.lost(node, before[node.Name] == v1alpha1.ReasonNodeLost)
		f.running[node.Name] = r.runs(f, node.Name, runs[node.Name], before[node.Name] != "", now)
	}
	for name := range r.stopped {
		if _, exists := f.placed[name]; !exists {
			delete(r.stopped, name)
		}
	}
	return f, nil
}

// runs reports whether a node counts as having a running speaker. A speaker that stopped a moment ago counts, unless the node was
// silent before.
func (r *Reconciler) runs(f *fleet, node string, now, silent bool, at time.Time) bool {
	if now {
		delete(r.stopped, node)
		return true
	}
	since, known := r.stopped[node]
	if !known {
		if since = at; silent {
			since = time.Time{}
		}
		r.stopped[node] = since
	}
	rest := restartGrace - at.Sub(since)
	if rest <= 0 {
		return false
	}
	if f.again == 0 || rest < f.again {
		f.again = rest
	}
	return true
}

func placedBy(placements []placement, node *corev1.Node) bool {
	for _, p := range placements {
		if p.has(node) {
			return true
		}
	}
	return false
}

// silentBefore are the nodes whose sessions have Reporting=False, with the reason.
func silentBefore(sessions map[string]*v1alpha1.BGPSession) map[string]string {
	silent := map[string]string{}
	for _, session := range sessions {
		if session == nil {
			continue // it is gone
		}
		reporting := meta.FindStatusCondition(session.Status.Conditions, v1alpha1.ConditionReporting)
		if reporting != nil && reporting.Status == metav1.ConditionFalse {
			silent[session.Spec.NodeName] = reporting.Reason
		}
	}
	return silent
}

// speaks reports whether the speaker of a pod runs, ready or not: readiness is about its start, not about its sessions. A pod that
// is being deleted speaks until it has ended.
func speaks(pod *corev1.Pod) bool {
	if pod.Spec.NodeName == "" {
		return false
	}
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; status.Name == SpeakerContainer {
			return status.State.Running != nil
		}
	}
	return false
}
