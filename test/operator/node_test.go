// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// TestNodeAddresses: a Node gains an IPv6 InternalIP, changes it, and a controller puts another IPv4 InternalIP first. No session
// ends: routes appear and are replaced, and the router ID waits for the next start of the process.
func TestNodeAddresses(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	process := c.launch(t, "node", c.roleConfig(t, "node"), "--role=node", "--node-name=node-1")
	c.startCluster(t)
	tor := newRouter(t, 101)
	c.create(t, tor.peer())
	web := announcement(operatorNamespace, "web", "203.0.113.0/24", "2001:db8:1::/48")
	c.create(t, web)
	tor.expectRoute(t, "203.0.113.0/24", func(*harness.Route) error { return nil })
	c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)
	since := tor.since(t)
	mark := tor.mark(t)

	for _, six := range []string{"2001:db8::10", "2001:db8::11"} {
		c.setAddresses(t, node, "192.0.2.10", six)
		tor.expectRoute(t, "2001:db8:1::/48", func(route *harness.Route) error {
			if route.NextHop != netip.MustParseAddr(six) {
				return fmt.Errorf("next hop %v, want %s", route.NextHop, six)
			}
			return nil
		})
	}
	tor.expectUpdates(t, mark, 2)

	mark = tor.mark(t)
	c.setAddresses(t, node, "192.0.2.9", "192.0.2.10", "2001:db8::11")
	session := c.expectSession(t, patience, tor.name, node.Name,
		want{v1alpha1.ConditionUpToDate, metav1.ConditionFalse, v1alpha1.ReasonPendingReset})
	if session.Status.RouterID != "192.0.2.10" || session.Status.Flaps != 0 {
		t.Errorf("router ID %s and %d flaps, want 192.0.2.10 and none", session.Status.RouterID, session.Status.Flaps)
	}
	tor.expectUpdates(t, mark, 0)
	if now := tor.since(t); now != since {
		t.Errorf("the session is of %s, and was of %s", now, since)
	}

	process.Report(t)
	if err := process.Stop(syscall.SIGTERM, stopPatience); err != nil {
		t.Fatal(err)
	}
	c.startNode(t, node.Name, nil)
	c.expectSession(t, patience, tor.name, node.Name, want{v1alpha1.ConditionUpToDate, metav1.ConditionTrue, v1alpha1.ReasonUpToDate})
	session = c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)
	if session.Status.RouterID != "192.0.2.9" {
		t.Errorf("router ID %s after a start, want 192.0.2.9", session.Status.RouterID)
	}
}

// setAddresses sets the InternalIPs of a Node, as a cloud controller would.
func (c *cluster) setAddresses(t *testing.T, node *corev1.Node, addresses ...string) {
	t.Helper()
	node.Status.Addresses = nil
	for _, address := range addresses {
		node.Status.Addresses = append(node.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address})
	}
	if err := c.Status().Update(t.Context(), node); err != nil {
		t.Fatalf("addresses of node %s: %v", node.Name, err)
	}
}
