// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"
)

// speakerPod is a pod that speaks, altered by change.
func speakerPod(change func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		Spec: corev1.PodSpec{NodeName: "node-1"},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "sidecar"},
			{Name: SpeakerContainer, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
		}},
	}
	change(pod)
	return pod
}

// TestSpeaks: only whether the speaker's container runs counts, and nothing else of its pod.
func TestSpeaks(t *testing.T) {
	speaking := speakerPod(func(*corev1.Pod) {})
	readiness := func(status corev1.ConditionStatus) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
		}
	}
	for name, test := range map[string]struct {
		change func(*corev1.Pod)
		want   bool
	}{
		"ready":               {readiness(corev1.ConditionTrue), true},
		"not ready":           {readiness(corev1.ConditionFalse), true},
		"nobody can tell":     {readiness(corev1.ConditionUnknown), true},
		"told to end":         {func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }, true},
		"pending":             {func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodPending} }, false},
		"not scheduled":       {func(p *corev1.Pod) { p.Spec.NodeName = "" }, false},
		"crashed":             {func(p *corev1.Pod) { p.Status.ContainerStatuses[1].State = corev1.ContainerState{} }, false},
		"the sidecar runs on": {func(p *corev1.Pod) { p.Status.ContainerStatuses[1].Name = "other" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			pod := speakerPod(test.change)
			if got := speaks(pod); got != test.want {
				t.Errorf("speaks: %v, want %v", got, test.want)
			}
			if got := podChanged().Update(event.UpdateEvent{ObjectOld: speaking, ObjectNew: pod}); got == test.want {
				t.Errorf("the change from a pod that speaks passes: %v, want %v", got, !test.want)
			}
		})
	}
}

// TestStoppedSpeakersHaveAMoment: the restart of a container and the replacement of a pod are no change, a pod that stays away is. A
// node that was silent before this process began counts as silent at once.
func TestStoppedSpeakersHaveAMoment(t *testing.T) {
	r := newTestReconciler()
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, step := range []struct {
		after       time.Duration
		now, silent bool
		runs        bool
		again       time.Duration
		why         string
	}{
		{0, true, false, true, 0, "it runs"},
		{time.Second, false, false, true, 30 * time.Second, "it has just stopped"},
		{20 * time.Second, false, false, true, 11 * time.Second, "it stopped 19 s ago"},
		{25 * time.Second, true, false, true, 0, "it is back"},
		{26 * time.Second, false, false, true, 30 * time.Second, "it stopped again"},
		{56 * time.Second, false, false, false, 0, "it stays away"},
		{57 * time.Second, false, true, false, 0, "and is said to"},
		{58 * time.Second, true, true, true, 0, "it is back"},
	} {
		f := &fleet{}
		if got := r.runs(f, "node-1", step.now, step.silent, begin.Add(step.after)); got != step.runs || f.again != step.again {
			t.Errorf("%s: runs %v, again in %v, want %v and %v", step.why, got, f.again, step.runs, step.again)
		}
	}
	if r.runs(&fleet{}, "node-2", false, true, begin) {
		t.Error("a node that was silent before this process began counts as having a speaker")
	}
}

// TestPlacement: a node that gets no pod from the DaemonSet shall have no session.
func TestPlacement(t *testing.T) {
	inZone := func(zone string) *corev1.Affinity {
		return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{
				{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}},
			}}},
		}}}
	}
	taint := func(key string, effect corev1.TaintEffect) func(*corev1.Node) {
		return func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: key, Effect: effect}} }
	}
	all := []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	for name, test := range map[string]struct {
		pod  corev1.PodSpec
		node func(*corev1.Node)
		want bool
	}{
		"nothing asked":            {want: true},
		"its node selector":        {pod: corev1.PodSpec{NodeSelector: map[string]string{corev1.LabelOSStable: "linux"}}, want: true},
		"another node selector":    {pod: corev1.PodSpec{NodeSelector: map[string]string{corev1.LabelOSStable: "windows"}}},
		"its affinity":             {pod: corev1.PodSpec{Affinity: inZone("a")}, want: true},
		"another affinity":         {pod: corev1.PodSpec{Affinity: inZone("b")}},
		"a taint":                  {node: taint("dedicated", corev1.TaintEffectNoSchedule)},
		"a taint that evicts":      {node: taint("dedicated", corev1.TaintEffectNoExecute)},
		"a taint that only asks":   {node: taint("dedicated", corev1.TaintEffectPreferNoSchedule), want: true},
		"a tolerated taint":        {pod: corev1.PodSpec{Tolerations: all}, node: taint("dedicated", corev1.TaintEffectNoSchedule), want: true},
		"cordoned":                 {node: taint(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule), want: true},
		"unreachable":              {node: taint(corev1.TaintNodeUnreachable, corev1.TaintEffectNoExecute), want: true},
		"no network yet":           {node: taint(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule)},
		"no network, host network": {pod: corev1.PodSpec{HostNetwork: true}, node: taint(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule), want: true},
	} {
		t.Run(name, func(t *testing.T) {
			n := node("node-1", "linux")
			n.Labels[corev1.LabelTopologyZone] = "a"
			if test.node != nil {
				test.node(&n)
			}
			set := &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{Spec: test.pod}}}
			if got := placementOf(set).has(&n); got != test.want {
				t.Errorf("placed: %v, want %v", got, test.want)
			}
		})
	}
}

// TestHeartbeats: a node is lost once its kubelet has been silent for 35 s, unless this process could not have heard it.
func TestHeartbeats(t *testing.T) {
	var h heartbeats
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, step := range []struct {
		after         time.Duration
		one, two      string // the versions of their Leases, empty for none
		changed       bool
		lost, lostTwo bool
		before        bool // node-1 was lost before
		why           string
	}{
		{0, "1", "1", true, true, false, true, "node-1 was lost before this process began"},
		{5 * time.Second, "1", "2", true, true, false, true, "it is not heard"},
		{10 * time.Second, "2", "3", true, false, false, true, "it is heard"},
		{15 * time.Second, "2", "4", false, false, false, false, "it was heard lately"},
		{20 * time.Second, "2", "5", false, false, false, false, "it was heard lately"},
		{30 * time.Second, "2", "6", false, false, false, false, "it was heard lately"},
		{40 * time.Second, "2", "7", false, false, false, false, "it was heard lately"},
		{45 * time.Second, "2", "8", false, false, false, false, "it was heard 35 s ago"},
		{46 * time.Second, "2", "9", true, true, false, false, "it was heard over 35 s ago"},
		{2 * time.Minute, "2", "9", false, true, false, false, "nobody could be heard, and it was lost before"},
		{2*time.Minute + 5*time.Second, "3", "10", true, false, false, true, "it is heard again"},
		{5 * time.Minute, "3", "10", false, false, false, false, "nobody could be heard"},
		{5*time.Minute + 10*time.Second, "4", "11", false, false, false, false, "both are heard"},
		{5*time.Minute + 15*time.Second, "", "12", true, false, false, false, "there is no Lease"},
	} {
		versions := map[string]string{}
		for name, version := range map[string]string{"node-1": step.one, "node-2": step.two} {
			if version != "" {
				versions[name] = version
			}
		}
		if got := h.note(versions, begin.Add(step.after)); got != step.changed {
			t.Errorf("after %v (%s): changed %v, want %v", step.after, step.why, got, step.changed)
		}
		one, two := node("node-1", "linux"), node("node-2", "linux")
		if got := h.lost(&one, step.before); got != step.lost {
			t.Errorf("after %v (%s): node-1 is lost: %v, want %v", step.after, step.why, got, step.lost)
		}
		if got := h.lost(&two, false); got != step.lostTwo {
			t.Errorf("after %v (%s): node-2 is lost: %v, want %v", step.after, step.why, got, step.lostTwo)
		}
	}
	// For a node without a Lease its condition Ready counts.
	one := node("node-1", "linux")
	one.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown}}
	if !h.lost(&one, false) {
		t.Error("a node without a Lease whose readiness is unknown is not lost")
	}
}
