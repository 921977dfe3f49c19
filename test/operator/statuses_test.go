// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// TestStatusIsPutRight: the leader corrects a status that an earlier leader or a person wrote; and the status does not wait for a
// node on which the node role does not run.
func TestStatusIsPutRight(t *testing.T) {
	c := newCluster(t)
	linux, windows := c.addNode(t, "node-1", "192.0.2.10"), c.addNode(t, "node-2", "192.0.2.11")
	for node, system := range map[*corev1.Node]string{linux: "linux", windows: "windows"} {
		change(t, c, node, func(n *corev1.Node) { n.Labels[corev1.LabelOSStable] = system })
	}
	c.addDaemonSet(t)
	c.addSpeakerPod(t, linux.Name)
	c.startNode(t, linux.Name, nil)
	c.startCluster(t, "--speaker-pods")
	tor := newRouter(t, 81)
	c.create(t, tor.peer())
	web := announcement(operatorNamespace, "web", "203.0.113.0/24")
	c.create(t, web)
	c.expectAnnouncement(t, patience, web, advertised)
	peer := c.expectPeer(t, patience, tor.name, peerEstablished)
	if got := peer.Status.Sessions.Summary; got != "1/1" {
		t.Errorf("sessions %s, want 1/1", got)
	}

	c.writeStatus(t, peer, func() {
		peer.Status.Sessions.Summary = "0/7"
		meta.FindStatusCondition(peer.Status.Conditions, v1alpha1.ConditionEstablished).Status = metav1.ConditionFalse
	})
	c.writeStatus(t, web, func() { web.Status = v1alpha1.AnnouncementStatus{} })
	harness.Eventually(t, patience, "both statuses are put right", func() error {
		if err := c.Get(t.Context(), keyOf(peer), peer); err != nil {
			return err
		}
		if got := peer.Status.Sessions.Summary; got != "1/1" {
			return fmt.Errorf("sessions %s, want 1/1", got)
		}
		return peerEstablished.check(peer.Status.Conditions, peer.Generation)
	})
	c.expectAnnouncement(t, patience, web, advertised)
}

// writeStatus writes a status as a person would.
func (c *cluster) writeStatus(t *testing.T, object client.Object, edit func()) {
	t.Helper()
	harness.Eventually(t, patience, "status of "+object.GetName(), func() error {
		if err := c.Get(t.Context(), keyOf(object), object); err != nil {
			return err
		}
		edit()
		return c.Status().Update(t.Context(), object)
	})
}
