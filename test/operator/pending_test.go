// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// TestCompleteOnceEveryNodeSaysSo: a node that has not seen a change cannot have sent it, so Complete must not be True. Advertised
// is True all the same, since the other node has sent it.
func TestCompleteOnceEveryNodeSaysSo(t *testing.T) {
	c := newCluster(t)
	proxy := harness.StartProxy(t, harness.ProxyOptions{Target: c.Server()})
	for i, through := range []*harness.Proxy{nil, proxy} {
		name := []string{"node-a", "node-b"}[i]
		node := c.addNode(t, name, []string{"192.0.2.10", "192.0.2.11"}[i])
		c.startNode(t, node.Name, through)
		tor := newRouter(t, byte(61+i))
		peer := tor.peer()
		peer.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{corev1.LabelHostname: v1alpha1.LabelValue(name)}}
		c.create(t, peer)
	}
	c.startCluster(t)
	web := announcement(operatorNamespace, "web", "203.0.113.0/24")
	c.create(t, web)
	said := c.expectAnnouncement(t, patience, web, advertised)
	if said.Status.Sessions.Summary != "2/2" {
		t.Fatalf("sessions %s, want 2/2", said.Status.Sessions.Summary)
	}

	proxy.Stall(harness.ToClient)
	change(t, c, web, func(a *v1alpha1.Announcement) {
		a.Spec.Attributes = &v1alpha1.PathAttributes{MED: new(int64(7))}
	})
	pending := want{v1alpha1.ConditionComplete, metav1.ConditionUnknown, v1alpha1.ReasonPending}
	partial := want{v1alpha1.ConditionAdvertised, metav1.ConditionTrue, v1alpha1.ReasonPartial}
	c.expectAnnouncement(t, patience, web, pending)
	c.expectAnnouncement(t, patience, web, partial)
	harness.Steadily(t, 5*time.Second, "Complete stays Unknown", func() error {
		var now v1alpha1.Announcement
		if err := c.Get(t.Context(), keyOf(web), &now); err != nil {
			return err
		}
		return errors.Join(pending.check(now.Status.Conditions, now.Generation), partial.check(now.Status.Conditions, now.Generation))
	})
	proxy.Resume(harness.ToClient)
	c.expectAnnouncement(t, afterOutage, web, complete)
	c.expectAnnouncement(t, patience, web, advertised)
}

// TestLeftOvers: a BGPSession is deleted with its Node; one whose node no longer has a speaker pod says so.
func TestLeftOvers(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	change(t, c, node, func(n *corev1.Node) { n.Labels[corev1.LabelOSStable] = "linux" })
	c.addDaemonSet(t)
	tor := newRouter(t, 63)
	c.create(t, tor.peer())
	c.startNode(t, node.Name, nil)
	pod := c.addSpeakerPod(t, node.Name)
	c.startCluster(t, "--speaker-pods")
	c.expectSession(t, patience, tor.name, node.Name, reporting)
	session := c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)

	c.remove(t, pod)
	c.expectSession(t, reportingWithin, tor.name, node.Name, noSpeaker)

	orphan := &v1alpha1.BGPSession{
		ObjectMeta: metav1.ObjectMeta{Name: tor.name + ".node-2"},
		Spec:       v1alpha1.BGPSessionSpec{PeerName: tor.name, NodeName: "node-2", Remote: session.Spec.Remote},
	}
	c.create(t, orphan)
	c.expectGone(t, patience, orphan)

	c.remove(t, node)
	c.expectGone(t, patience, session)
}
