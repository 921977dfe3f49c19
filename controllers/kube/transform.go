// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"crypto/sha256"
	"encoding/json"
	"runtime"
	"slices"
	"sync"
	"unique"
	"weak"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// StripNode drops the parts of a Node that Herald does not use: a Node lists every image that it holds.
func StripNode() cache.TransformFunc {
	return func(object any) (any, error) {
		if node, ok := object.(*corev1.Node); ok {
			node.ManagedFields = nil
			node.Annotations = ownAnnotations(node)
			node.Spec = corev1.NodeSpec{Taints: node.Spec.Taints}
			node.Status = corev1.NodeStatus{Addresses: node.Status.Addresses, Conditions: nodeReadyCondition(node.Status.Conditions)}
		}
		return object, nil
	}
}

// StripNamespace keeps only the name and labels of a Namespace.
func StripNamespace() cache.TransformFunc {
	return func(object any) (any, error) {
		if namespace, ok := object.(*corev1.Namespace); ok {
			namespace.ObjectMeta = strippedMeta(namespace.ObjectMeta)
			namespace.Spec = corev1.NamespaceSpec{}
			namespace.Status = corev1.NamespaceStatus{}
		}
		return object, nil
	}
}

// StripPod keeps only the node of a Pod and its running containers.
func StripPod() cache.TransformFunc {
	return func(object any) (any, error) {
		if pod, ok := object.(*corev1.Pod); ok {
			pod.ObjectMeta = strippedMeta(pod.ObjectMeta)
			pod.Spec = corev1.PodSpec{NodeName: pod.Spec.NodeName}
			pod.Status = corev1.PodStatus{ContainerStatuses: running(pod.Status.ContainerStatuses)}
		}
		return object, nil
	}
}

func nodeReadyCondition(conditions []corev1.NodeCondition) []corev1.NodeCondition {
	for _, condition := range conditions {
		if condition.Type == corev1.NodeReady {
			return []corev1.NodeCondition{{
				Type: condition.Type, Status: condition.Status, LastHeartbeatTime: condition.LastHeartbeatTime,
			}}
		}
	}
	return nil
}

// running are the containers that run.
func running(containers []corev1.ContainerStatus) []corev1.ContainerStatus {
	var list []corev1.ContainerStatus
	for i := range containers {
		if container := &containers[i]; container.State.Running != nil {
			list = append(list, corev1.ContainerStatus{
				Name: container.Name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
			})
		}
	}
	return list
}

// StripDaemonSet keeps only the fields of a DaemonSet that say which nodes it chooses.
func StripDaemonSet() cache.TransformFunc {
	return func(object any) (any, error) {
		if set, ok := object.(*appsv1.DaemonSet); ok {
			pod := set.Spec.Template.Spec
			set.ObjectMeta = strippedMeta(set.ObjectMeta)
			set.Spec = appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				NodeSelector: pod.NodeSelector, Affinity: pod.Affinity, Tolerations: pod.Tolerations, HostNetwork: pod.HostNetwork,
			}}}
			set.Status = appsv1.DaemonSetStatus{}
		}
		return object, nil
	}
}

// StripStatus drops managed fields and the statuses that only the cluster role uses, so that a node's memory does not
// grow with what other nodes report.
func StripStatus() cache.TransformFunc {
	return func(object any) (any, error) {
		switch object := object.(type) {
		case *v1alpha1.BGPPeer:
			stripAuthors(object)
			object.Status = v1alpha1.BGPPeerStatus{}
		case *v1alpha1.Announcement:
			stripAuthors(object)
			object.Status = v1alpha1.AnnouncementStatus{}
		}
		return object, nil
	}
}

// StripSession keeps only the fields of a BGPSession that the roll-up sums up. Texts and reports that many sessions share, above all
// on announcements, are kept once.
func StripSession() cache.TransformFunc {
	shared := &reports{known: map[[sha256.Size]byte]weak.Pointer[v1alpha1.AnnouncementsStatus]{}}
	return func(object any) (any, error) {
		session, ok := object.(*v1alpha1.BGPSession)
		if !ok {
			return object, nil
		}
		session.ObjectMeta = strippedMeta(session.ObjectMeta)
		session.Labels = nil
		intern(&session.Spec.PeerName, &session.Spec.NodeName, &session.Spec.Remote)
		full := &session.Status
		for i := range full.Conditions {
			intern(&full.Conditions[i].Type, &full.Conditions[i].Reason, &full.Conditions[i].Message)
		}
		if full.Peer != nil {
			intern(&full.Peer.UID, &full.Peer.ResetKey)
		}
		if full.LastError != nil {
			intern(&full.LastError.Text)
		}
		session.Status = v1alpha1.BGPSessionStatus{
			Conditions: full.Conditions, Peer: full.Peer, State: full.State, Since: full.Since, LastError: full.LastError,
			Announcements: shared.share(full.Announcements),
		}
		return session, nil
	}
}

// reports holds the sessions' reports on announcements, each once for as long as some session has it.
type reports struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]weak.Pointer[v1alpha1.AnnouncementsStatus]
}

// share returns the kept copy of an equal report, or the report itself if it is new.
func (r *reports) share(report *v1alpha1.AnnouncementsStatus) *v1alpha1.AnnouncementsStatus {
	if report == nil {
		return nil
	}
	text, err := json.Marshal(report)
	if err != nil {
		return report // unreachable: it was read from JSON
	}
	key := sha256.Sum256(text)
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.known[key].Value(); known != nil {
		return known
	}
	for i := range report.Withheld {
		w := &report.Withheld[i]
		intern(&w.Namespace, &w.Name, &w.Reason, &w.Winner)
	}
	report.Withheld = slices.Clone(report.Withheld) // as long as a session has it
	r.known[key] = weak.Make(report)
	runtime.AddCleanup(report, r.forget, key)
	return report
}

// forget drops a report that no session has any more.
func (r *reports) forget(key [sha256.Size]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[key].Value() == nil {
		delete(r.known, key)
	}
}

// intern replaces texts by the one copy of each that is kept.
func intern(texts ...*string) {
	for _, text := range texts {
		*text = unique.Make(*text).Value()
	}
}

// lastApplied is the annotation in which kubectl apply keeps a copy of the whole object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// StripObject drops the fields of an object that only its authors' tools read.
func StripObject() cache.TransformFunc {
	return func(object any) (any, error) {
		if stripped, ok := object.(metav1.Object); ok {
			stripAuthors(stripped)
		}
		return object, nil
	}
}

func stripAuthors(object metav1.Object) {
	object.SetManagedFields(nil)
	delete(object.GetAnnotations(), lastApplied)
}

func strippedMeta(full metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:              full.Name,
		Namespace:         full.Namespace,
		UID:               full.UID,
		ResourceVersion:   full.ResourceVersion,
		Generation:        full.Generation,
		CreationTimestamp: full.CreationTimestamp,
		DeletionTimestamp: full.DeletionTimestamp,
		Labels:            full.Labels,
	}
}
