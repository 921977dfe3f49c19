// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/controllers/kube"
)

func TestStripPodKeepsWhichContainersRun(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "herald-node-1", Namespace: "herald-system", Annotations: map[string]string{"a": "b"}},
		Spec:       corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "herald"}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning,
			PodIP: "192.0.2.10",
			ContainerStatuses: []corev1.ContainerStatus{
				{Name: "herald", Image: "herald", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}},
				{Name: "sidecar", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}},
			},
		},
	}
	got, err := kube.StripPod()(pod)
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "herald-node-1", Namespace: "herald-system"},
		Spec:       corev1.PodSpec{NodeName: "node-1"},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "herald", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}
