// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// speakerPod is one that speaks, but for what change does to it.
func speakerPod(change func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		Spec: corev1.PodSpec{NodeName: "node-1"},
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		},
	}
	change(pod)
	return pod
}

func TestSpeaks(t *testing.T) {
	ready := speakerPod(func(*corev1.Pod) {})
	for name, test := range map[string]struct {
		change func(*corev1.Pod)
		want   bool
	}{
		"ready":           {func(*corev1.Pod) {}, true},
		"pending":         {func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodPending} }, false},
		"not scheduled":   {func(p *corev1.Pod) { p.Spec.NodeName = "" }, false},
		"told to end":     {func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }, false},
		"not yet ready":   {func(p *corev1.Pod) { p.Status.Conditions = nil }, false},
		"its node is off": {func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }, false},
		"nobody can tell": {func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionUnknown }, false},
		"failed":          {func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }, false},
	} {
		t.Run(name, func(t *testing.T) {
			pod := speakerPod(test.change)
			if got := speaks(pod); got != test.want {
				t.Errorf("speaks: %v, want %v", got, test.want)
			}
			if got := podChanged().Update(event.UpdateEvent{ObjectOld: ready, ObjectNew: pod}); got == test.want {
				t.Errorf("the change from a pod that speaks passes: %v, want %v", got, !test.want)
			}
		})
	}
}

// TestStatusesWakeASurvey: what is written over our statuses is seen, and what changes nothing is not.
func TestStatusesWakeASurvey(t *testing.T) {
	before := &v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{Name: "tor-a", ResourceVersion: "1"}}
	touched := before.DeepCopy()
	touched.ResourceVersion = "2"
	overwritten := touched.DeepCopy()
	overwritten.Status.Sessions = &v1alpha1.PeerSessions{Summary: "9/9"}
	for object, want := range map[*v1alpha1.BGPPeer]bool{touched: false, overwritten: true} {
		if got := specOrStatusChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: object}); got != want {
			t.Errorf("status %+v passes: %v, want %v", object.Status, got, want)
		}
	}
}
