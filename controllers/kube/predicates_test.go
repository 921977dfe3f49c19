// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
)

func TestPredicates(t *testing.T) {
	peer := func() *v1alpha1.BGPPeer {
		return &v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{Name: "tor-a", Generation: 1}}
	}
	node := func() *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}}
	}
	for _, test := range []struct {
		name      string
		predicate predicate.Predicate
		before    client.Object
		after     client.Object
		want      bool
	}{
		{"a status is no change of a spec", kube.SpecChanged(), peer(), edit(peer(), func(p *v1alpha1.BGPPeer) {
			p.ResourceVersion = "2"
			p.Status.Sessions = &v1alpha1.PeerSessions{Desired: 1}
		}), false},
		{"a generation is", kube.SpecChanged(), peer(), edit(peer(), func(p *v1alpha1.BGPPeer) { p.Generation = 2 }), true},
		{"a label is", kube.SpecChanged(), peer(), edit(peer(), func(p *v1alpha1.BGPPeer) {
			p.Labels = map[string]string{"rack": "a"}
		}), true},
		{"another object of the same name is", kube.SpecChanged(), peer(), edit(peer(), func(p *v1alpha1.BGPPeer) { p.UID = "2" }), true},
		{"the beginning of a deletion is", kube.SpecChanged(), peer(), edit(peer(), func(p *v1alpha1.BGPPeer) {
			p.DeletionTimestamp = &metav1.Time{}
		}), true},
		{"a BGPPeer's status is a change of a status", kube.StatusChanged(), peer(), edit(peer(), func(p *v1alpha1.BGPPeer) {
			p.Status.Sessions = &v1alpha1.PeerSessions{Desired: 1}
		}), true},
		{"a version alone is not", kube.StatusChanged(), peer(), edit(peer(), func(p *v1alpha1.BGPPeer) {
			p.ResourceVersion, p.Generation = "2", 2
		}), false},
		{"an Announcement's status is", kube.StatusChanged(), &v1alpha1.Announcement{},
			edit(&v1alpha1.Announcement{}, func(a *v1alpha1.Announcement) { a.Status.Prefixes = 1 }), true},
		{"a heartbeat is no change of a Node", kube.NodeChanged(), node(), edit(node(), func(n *corev1.Node) {
			n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, LastHeartbeatTime: metav1.Now()}}
		}), false},
		{"nor is somebody else's annotation", kube.NodeChanged(), node(), edit(node(), func(n *corev1.Node) {
			n.Annotations = map[string]string{"example.com/lease": "1"}
		}), false},
		{"our own annotation is", kube.NodeChanged(), node(), edit(node(), func(n *corev1.Node) {
			n.Annotations = map[string]string{v1alpha1.AnnotationASN: "64513"}
		}), true},
		{"an address is", kube.NodeChanged(), node(), edit(node(), func(n *corev1.Node) {
			n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "192.0.2.10"}}
		}), true},
		{"an annotation is no change of labels", kube.LabelsChanged(), node(), edit(node(), func(n *corev1.Node) {
			n.Annotations = map[string]string{"a": "b"}
		}), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.predicate.Update(event.UpdateEvent{ObjectOld: test.before, ObjectNew: test.after}); got != test.want {
				t.Errorf("passes: %v, want %v", got, test.want)
			}
			if !test.predicate.Create(event.CreateEvent{Object: test.after}) || !test.predicate.Delete(event.DeleteEvent{Object: test.after}) {
				t.Error("a creation or a deletion does not pass")
			}
		})
	}
}

func edit[T any](object T, change func(T)) T {
	change(object)
	return object
}

// TestNodeHeard: the heartbeat of a kubelet that starts passes although the condition Ready keeps its status.
func TestNodeHeard(t *testing.T) {
	at := func(second int, ready corev1.ConditionStatus, labels map[string]string) *corev1.Node {
		return &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: "node-1", Labels: labels},
			Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{
				Type: corev1.NodeReady, Status: ready, LastHeartbeatTime: metav1.Unix(int64(second), 0),
			}}},
		}
	}
	before := at(1, corev1.ConditionTrue, nil)
	for name, test := range map[string]struct {
		after *corev1.Node
		want  bool
	}{
		"nothing":     {at(1, corev1.ConditionTrue, nil), false},
		"a label":     {at(1, corev1.ConditionTrue, map[string]string{"rack": "a"}), false},
		"a heartbeat": {at(2, corev1.ConditionTrue, nil), true},
		"silence":     {at(1, corev1.ConditionUnknown, nil), true},
	} {
		if got := kube.NodeHeard().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: test.after}); got != test.want {
			t.Errorf("%s passes: %v, want %v", name, got, test.want)
		}
	}
	if kube.NodeHeard().Create(event.CreateEvent{Object: before}) {
		t.Error("a creation passes")
	}
}
