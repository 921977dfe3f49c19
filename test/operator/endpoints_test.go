// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/herald-bgp/herald/test/harness"
)

// take takes an address on loopback, as another program of the host may.
func take(t *testing.T) (net.Listener, netip.AddrPort) {
	t.Helper()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	return taken, taken.Addr().(*net.TCPAddr).AddrPort()
}

// expectEvent waits for an Event about a pod that names a flag.
func (c *cluster) expectEvent(t *testing.T, pod, flag string) {
	t.Helper()
	admin, err := kubernetes.NewForConfig(c.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, patience, "an Event about "+flag, func() error {
		events, err := admin.CoreV1().Events(operatorNamespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, e := range events.Items {
			if e.InvolvedObject.Kind == "Pod" && e.InvolvedObject.Name == pod && e.Type == corev1.EventTypeWarning &&
				e.Reason == "EndpointUnavailable" && strings.Contains(e.Message, flag) {
				return nil
			}
		}
		return fmt.Errorf("none among %d", len(events.Items))
	})
}

// TestTakenPorts: if another program has a port, neither role and no session ends; Herald reports it, and serves the endpoint once
// the port is free.
func TestTakenPorts(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	tor := newRouter(t, 65)
	c.create(t, tor.peer())
	health, healthAddress := take(t)
	metrics, metricsAddress := take(t)
	ofNode := c.startNode(t, node.Name, nil, "--pod-name=herald-node-x",
		"--health-address="+healthAddress.String(), "--metrics-address="+metricsAddress.String())
	_, clusterAddress := take(t)
	ofCluster := c.startCluster(t, "--pod-name=herald-cluster-x", "--health-address="+clusterAddress.String())

	c.expectPeer(t, patience, tor.name, peerEstablished)
	for _, flag := range []string{"--health-address", "--metrics-address"} {
		c.expectEvent(t, "herald-node-x", flag)
		if !contains(ofNode.Log(), "flag="+flag) {
			t.Errorf("the node's log has no line about %s", flag)
		}
	}
	c.expectEvent(t, "herald-cluster-x", "--health-address")
	if !contains(ofCluster.Log(), "flag=--health-address") {
		t.Error("the cluster role's log has no line about --health-address")
	}

	since := tor.since(t)
	metrics.Close()
	token := c.scraperToken(t)
	status, text := scrape(t, "https://"+metricsAddress.String()+"/metrics", token)
	for _, line := range []string{
		`herald_endpoint_up{endpoint="metrics-address"} 1`,
		`herald_endpoint_up{endpoint="health-address"} 0`,
	} {
		if status != http.StatusOK || !strings.Contains(text, line+"\n") {
			t.Errorf("the answer is %d, and has no line %s", status, line)
		}
	}
	health.Close()
	harness.Eventually(t, patience, "readiness", func() error { return ready(t, healthAddress) })
	if now := tor.since(t); now != since {
		t.Errorf("the session began anew: %s, was %s", now, since)
	}
}
