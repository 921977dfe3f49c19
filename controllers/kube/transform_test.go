// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
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

// TestStripSessionKeepsWhatIsSummedUp: there may be ten thousand BGPSessions, and each has many fields that the roll-up does not use.
func TestStripSessionKeepsWhatIsSummedUp(t *testing.T) {
	summed := v1alpha1.BGPSessionStatus{
		Conditions: []metav1.Condition{{Type: v1alpha1.ConditionEstablished, Status: metav1.ConditionTrue, Message: "up"}},
		Peer:       &v1alpha1.SessionPeer{UID: "1", Generation: 2},
		State:      v1alpha1.SessionEstablished,
		Since:      new(metav1.Now()),
		LastError:  &v1alpha1.SessionError{Text: "connection refused"},
		Announcements: &v1alpha1.AnnouncementsStatus{
			Digest: "v2:", Withheld: []v1alpha1.WithheldAnnouncement{{Namespace: "shop", Name: "web", Reason: v1alpha1.ReasonConflict, Winner: "shop/old"}},
			Truncated: []v1alpha1.TruncatedReason{{Reason: v1alpha1.ReasonConflict, Count: 3}},
		},
	}
	meta := metav1.ObjectMeta{Name: "tor-a.node-1", UID: "3", Generation: 1, ResourceVersion: "4"}
	spec := v1alpha1.BGPSessionSpec{PeerName: "tor-a", NodeName: "node-1", Remote: "192.0.2.1"}
	full := &v1alpha1.BGPSession{ObjectMeta: *meta.DeepCopy(), Spec: spec, Status: *summed.DeepCopy()}
	full.OwnerReferences = []metav1.OwnerReference{{Kind: "Node", Name: "node-1"}}
	full.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "herald-node"}}
	full.Status.Negotiated = &v1alpha1.NegotiatedSession{HoldSeconds: 90}
	full.Status.Prefixes = []v1alpha1.FamilyPrefixes{{Announced: 7}}
	full.Status.LocalAddress, full.Status.RouterID, full.Status.Flaps = "192.0.2.10", "192.0.2.10", 5
	got, err := kube.StripSession()(full)
	if err != nil {
		t.Fatal(err)
	}
	if want := (&v1alpha1.BGPSession{ObjectMeta: meta, Spec: spec, Status: summed}); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestStripObjectDropsWhatToolsWrote(t *testing.T) {
	peer := &v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{
		Name: "tor-a", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
		Annotations: map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "net"},
	}}
	got, err := kube.StripObject()(peer)
	if err != nil {
		t.Fatal(err)
	}
	want := &v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{Name: "tor-a", Annotations: map[string]string{"team": "net"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}
