// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestBGPSessionIsPutRight: a node does not watch its BGPSessions. A deleted BGPSession is made anew with the next report. One that
// the roll-up or a person wrote while the node was lost is read and written again when the node is found.
func TestBGPSessionIsPutRight(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.startNode(t, node.Name, nil)
	c.startCluster(t)
	tor := newRouter(t, 91)
	c.create(t, tor.peer())
	session := c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)

	c.remove(t, session)
	web := announcement(operatorNamespace, "web", "203.0.113.0/24")
	c.create(t, web)
	c.expectAnnouncement(t, patience, web, advertised)
	again := c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)
	if again.UID == session.UID {
		t.Error("the deleted BGPSession is there")
	}

	c.writeStatus(t, again, func() {
		again.Status.State = v1alpha1.SessionIdle
		again.Status.Conditions = []metav1.Condition{{
			Type: v1alpha1.ConditionEstablished, Status: metav1.ConditionFalse, Reason: "ByHand", LastTransitionTime: metav1.Now(),
		}}
	})
	for _, ready := range []corev1.ConditionStatus{corev1.ConditionUnknown, corev1.ConditionTrue} {
		c.setNodeReady(t, node, ready)
	}
	if got := c.expectSession(t, patience, tor.name, node.Name, sessionEstablished); got.Status.State != v1alpha1.SessionEstablished {
		t.Errorf("state %s, want Established", got.Status.State)
	}
}

// setNodeReady sets the condition Ready of a node, as the control plane would.
func (c *cluster) setNodeReady(t *testing.T, node *corev1.Node, ready corev1.ConditionStatus) {
	t.Helper()
	c.writeStatus(t, node, func() {
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready, LastHeartbeatTime: metav1.Now()}}
	})
}
