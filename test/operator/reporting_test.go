// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// reportingWithin is the time within which the status shows that no speaker reports: 45 s, and an allowance for a busy machine.
const reportingWithin = 45*time.Second + 5*time.Second

var (
	reporting    = want{v1alpha1.ConditionReporting, metav1.ConditionTrue, v1alpha1.ReasonReporting}
	noSpeaker    = want{v1alpha1.ConditionReporting, metav1.ConditionFalse, v1alpha1.ReasonNoSpeaker}
	nodeLost     = want{v1alpha1.ConditionReporting, metav1.ConditionFalse, v1alpha1.ReasonNodeLost}
	notReporting = want{v1alpha1.ConditionEstablished, metav1.ConditionUnknown, v1alpha1.ReasonNotReporting}
)

// addDaemonSet makes the DaemonSet of the node role as it is shipped.
func (c *cluster) addDaemonSet(t *testing.T) *appsv1.DaemonSet {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join("..", "..", "config", "manager", "node_daemonset.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ApplyManifests(t.Context(), manifest); err != nil {
		t.Fatal(err)
	}
	return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "herald-node"}}
}

// kubelet renews the Lease of a node until the context ends.
func (c *cluster) kubelet(ctx context.Context, t *testing.T, node string) (stopped chan struct{}) {
	t.Helper()
	admin, err := kubernetes.NewForConfig(c.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	leases := admin.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	renew := func() error {
		now := metav1.NowMicro()
		lease, err := leases.Get(ctx, node, metav1.GetOptions{})
		if err != nil {
			lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: node}, Spec: coordinationv1.LeaseSpec{RenewTime: &now}}
			_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
			return err
		}
		lease.Spec.RenewTime = &now
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
		return err
	}
	harness.Eventually(t, patience, "the first heartbeat of "+node, renew)
	stopped = make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(5 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if err := renew(); err != nil && ctx.Err() == nil {
					t.Errorf("heartbeat of %s: %v", node, err)
				}
			}
		}
	}()
	return stopped
}

// TestReporting: a session is reported while its speaker runs on a live node, whether the pod is ready or not. A session that no
// speaker reports is Unknown, and does not affect announcements at other sessions; the node's next report counts again.
func TestReporting(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.addDaemonSet(t)
	tor := newRouter(t, 64)
	c.create(t, tor.peer())
	web := announcement(operatorNamespace, "web", "203.0.113.0/24")
	c.create(t, web)
	alive, die := context.WithCancel(t.Context())
	stopped := c.kubelet(alive, t, node.Name)
	config := c.roleConfig(t, "node")
	args := []string{"--role=node", "--node-name=" + node.Name}
	first := c.launch(t, "node-1", config, args...)
	pod := c.addSpeakerPod(t, node.Name)
	c.startCluster(t, "--speaker-pods")
	c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)
	c.expectSession(t, patience, tor.name, node.Name, reporting)
	c.expectAnnouncement(t, patience, web, complete)

	holds := func() error {
		session := &v1alpha1.BGPSession{}
		if err := c.Get(t.Context(), keyOf(&v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: tor.name + "." + node.Name}}), session); err != nil {
			return err
		}
		return errors.Join(reporting.check(session.Status.Conditions, 0), sessionEstablished.check(session.Status.Conditions, 0))
	}
	c.setPod(t, pod, true, corev1.ConditionFalse)
	harness.Steadily(t, 5*time.Second, "of a pod that is not ready nothing changes", holds)

	// unknown waits until no speaker reports, and checks the statuses of all objects.
	unknown := func(t *testing.T, why want) {
		t.Helper()
		began := time.Now()
		session := c.expectSession(t, reportingWithin, tor.name, node.Name, why)
		t.Logf("%s after %v", why.reason, time.Since(began))
		if err := notReporting.check(session.Status.Conditions, 0); err != nil || session.Status.State != v1alpha1.SessionUnknown {
			t.Errorf("state %s, %v", session.Status.State, err)
		}
		c.expectPeer(t, patience, tor.name, want{v1alpha1.ConditionEstablished, metav1.ConditionUnknown, v1alpha1.ReasonUnavailable})
		c.expectAnnouncement(t, patience, web, want{v1alpha1.ConditionComplete, metav1.ConditionFalse, v1alpha1.ReasonUnavailable})
	}
	// known waits until the node has overwritten the roll-up's conditions.
	known := func(t *testing.T) {
		t.Helper()
		c.expectSession(t, patience, tor.name, node.Name, reporting)
		session := c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)
		if session.Status.State != v1alpha1.SessionEstablished {
			t.Errorf("state %s", session.Status.State)
		}
		c.expectPeer(t, patience, tor.name, peerEstablished)
		c.expectAnnouncement(t, patience, web, complete)
		if owners := ownersOfEstablished(session); !slices.Equal(owners, []string{"herald-node"}) {
			t.Errorf("Established is of %v, want herald-node alone", owners)
		}
	}
	for range 2 {
		if err := errors.Join(first.Stop(syscall.SIGTERM, stopPatience), first.Err()); err != nil {
			t.Fatal(err)
		}
		c.setPod(t, pod, false, corev1.ConditionFalse)
		unknown(t, noSpeaker)
		first = c.launch(t, "node-1", config, args...)
		c.setPod(t, pod, true, corev1.ConditionTrue)
		known(t)
	}
	t.Cleanup(func() { c.expectOrderlyEnd(t, "node-1", first) })

	die()
	<-stopped
	unknown(t, nodeLost)
	c.setNodeReady(t, node, corev1.ConditionUnknown) // as the control plane would, a little later
	again, end := context.WithCancel(t.Context())
	stopped = c.kubelet(again, t, node.Name)
	c.setNodeReady(t, node, corev1.ConditionTrue)
	known(t)
	end()
	<-stopped
}

// ownersOfEstablished are the field managers of the status of the condition Established.
func ownersOfEstablished(session *v1alpha1.BGPSession) []string {
	var owners []string
	for _, entry := range session.ManagedFields {
		if entry.FieldsV1 == nil {
			continue
		}
		_, fields, ok := strings.Cut(entry.FieldsV1.GetRawString(), `k:{\"type\":\"Established\"}`)
		if end := strings.Index(fields, "}}"); ok && strings.Contains(fields[:end], "f:status") {
			owners = append(owners, entry.Manager)
		}
	}
	return owners
}

// TestDesiredNodes: a node shall have a session if the DaemonSet of the node role gives it a pod, or if it has one.
func TestDesiredNodes(t *testing.T) {
	c := newCluster(t)
	for i, name := range []string{"plain", "tainted", "windows"} {
		node := c.addNode(t, name, fmt.Sprintf("192.0.2.%d", 10+i))
		change(t, c, node, func(n *corev1.Node) {
			n.Labels[corev1.LabelOSStable] = "linux"
			n.Spec.Taints = nil // that of a node that is not ready yet
			switch name {
			case "tainted":
				n.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "storage", Effect: corev1.TaintEffectNoSchedule}}
			case "windows":
				n.Labels[corev1.LabelOSStable] = "windows"
			}
		})
	}
	set := c.addDaemonSet(t)
	tolerate := func(tolerations ...corev1.Toleration) {
		t.Helper()
		change(t, c, set, func(s *appsv1.DaemonSet) { s.Spec.Template.Spec.Tolerations = tolerations })
	}
	tolerate()
	peer := &v1alpha1.BGPPeer{
		ObjectMeta: metav1.ObjectMeta{Name: "tor-a"},
		Spec:       v1alpha1.BGPPeerSpec{Address: "192.0.2.1", LocalASN: new(int64(localASN)), PeerASN: new(int64(routerASN))},
	}
	c.create(t, peer)
	c.startCluster(t, "--speaker-pods")
	desired := func(n int32) {
		t.Helper()
		harness.Eventually(t, patience, fmt.Sprintf("%d desired sessions", n), func() error {
			var now v1alpha1.BGPPeer
			if err := c.Get(t.Context(), keyOf(peer), &now); err != nil {
				return err
			}
			if now.Status.Sessions == nil || now.Status.Sessions.Desired != n {
				return fmt.Errorf("sessions %+v", now.Status.Sessions)
			}
			return nil
		})
	}
	desired(1)
	c.addSpeakerPod(t, "tainted") // it was there before the taint
	desired(2)
	tolerate(corev1.Toleration{Operator: corev1.TolerationOpExists})
	desired(2)
	change(t, c, set, func(s *appsv1.DaemonSet) { s.Spec.Template.Spec.NodeSelector = nil })
	desired(3)
}
