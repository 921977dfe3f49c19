// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// annotationPrefix is the prefix of the annotations that people put on objects for Herald.
const annotationPrefix = v1alpha1.GroupName + "/"

// SpecChanged passes changes that a person made to an object: to its spec, labels or annotations. It passes no status write,
// above all not our own: a controller that wakes itself never sleeps.
func SpecChanged() predicate.Predicate {
	return onUpdate(func(before, after client.Object) bool {
		return before.GetUID() != after.GetUID() ||
			before.GetGeneration() != after.GetGeneration() ||
			deleting(before) != deleting(after) ||
			!maps.Equal(before.GetLabels(), after.GetLabels()) ||
			!maps.Equal(before.GetAnnotations(), after.GetAnnotations())
	})
}

// StatusChanged passes every change of the status of a BGPPeer or an Announcement, our own writes too. It is for a controller that
// compares the status with the desired one and writes nothing if the two are the same.
func StatusChanged() predicate.Predicate {
	return onUpdate(func(before, after client.Object) bool {
		switch before := before.(type) {
		case *v1alpha1.BGPPeer:
			after, same := after.(*v1alpha1.BGPPeer)
			return !same || !equality.Semantic.DeepEqual(before.Status, after.Status)
		case *v1alpha1.Announcement:
			after, same := after.(*v1alpha1.Announcement)
			return !same || !equality.Semantic.DeepEqual(before.Status, after.Status)
		}
		return false
	})
}

// NodeChanged passes changes of the parts of a Node that Herald uses: its labels, Herald's annotations and its addresses. Kubelets
// write a Node every few seconds, and other programs keep their own annotations on it.
func NodeChanged() predicate.Predicate {
	return onUpdate(func(before, after client.Object) bool {
		return before.GetUID() != after.GetUID() ||
			deleting(before) != deleting(after) ||
			!maps.Equal(before.GetLabels(), after.GetLabels()) ||
			!maps.Equal(ownAnnotations(before), ownAnnotations(after)) ||
			!slices.Equal(nodeAddresses(before), nodeAddresses(after))
	})
}

// NodeHeard passes an update of a Node's condition Ready: by its kubelet, when that starts and every few minutes, or by the control plane
// when the kubelet is silent. It passes no creation and no deletion.
func NodeHeard() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		DeleteFunc: func(event.DeleteEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return !equality.Semantic.DeepEqual(nodeReadyCondition(conditionsOf(e.ObjectOld)), nodeReadyCondition(conditionsOf(e.ObjectNew)))
		},
	}
}

// NodePlacementChanged passes changes that decide which pods a Node may have, besides its labels, and a Node that the control plane
// lost or found again.
func NodePlacementChanged() predicate.Predicate {
	return onUpdate(func(before, after client.Object) bool {
		return nodeReady(before) != nodeReady(after) || !equality.Semantic.DeepEqual(nodeTaints(before), nodeTaints(after))
	})
}

// LabelsChanged passes changes of labels alone.
func LabelsChanged() predicate.Predicate {
	return onUpdate(func(before, after client.Object) bool {
		return !maps.Equal(before.GetLabels(), after.GetLabels())
	})
}

// onUpdate passes every creation and deletion, and the updates for which changed returns true.
func onUpdate(changed func(before, after client.Object) bool) predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld == nil || e.ObjectNew == nil || changed(e.ObjectOld, e.ObjectNew)
		},
	}
}

func deleting(object client.Object) bool { return object.GetDeletionTimestamp() != nil }

func ownAnnotations(object client.Object) map[string]string {
	own := map[string]string{}
	for key, value := range object.GetAnnotations() {
		if strings.HasPrefix(key, annotationPrefix) {
			own[key] = value
		}
	}
	return own
}

func nodeTaints(object client.Object) []corev1.Taint {
	node, ok := object.(*corev1.Node)
	if !ok {
		return nil
	}
	return node.Spec.Taints
}

// nodeReady is the status of the Node's condition Ready, empty if there is none.
func nodeReady(object client.Object) corev1.ConditionStatus {
	for _, condition := range nodeReadyCondition(conditionsOf(object)) {
		return condition.Status
	}
	return ""
}

func conditionsOf(object client.Object) []corev1.NodeCondition {
	node, ok := object.(*corev1.Node)
	if !ok {
		return nil
	}
	return node.Status.Conditions
}

func nodeAddresses(object client.Object) []corev1.NodeAddress {
	node, ok := object.(*corev1.Node)
	if !ok {
		return nil
	}
	return node.Status.Addresses
}
