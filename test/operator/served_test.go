// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/harness"
)

// afterInstall is how long it may take until kinds that were missing are used: the roles look for them every half minute.
const afterInstall = 90 * time.Second

// TestMissingCRDs: without the CRDs neither role is ready, both say how to install them, and both work once they are installed. The
// cluster role is not ready without an API server either.
func TestMissingCRDs(t *testing.T) {
	t.Parallel() // it waits for most of its time
	c := newBareCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	ofNode, ofCluster := freeAddress(t), freeAddress(t)
	nodeProcess := c.startNode(t, node.Name, nil, "--health-address="+ofNode.String())
	clusterProcess := c.startCluster(t, "--health-address="+ofCluster.String())
	const remedy = "install the CustomResourceDefinitions"
	for address, process := range map[netip.AddrPort]*harness.Process{ofNode: nodeProcess, ofCluster: clusterProcess} {
		harness.Eventually(t, patience, "the remedy from "+process.Name, func() error {
			if err := ready(t, address); err == nil || !strings.Contains(err.Error(), remedy) {
				return fmt.Errorf("not ready for %v", err)
			}
			if !contains(process.Log(), remedy) {
				return fmt.Errorf("the log has it not")
			}
			return nil
		})
	}
	if text := heraldStatus(t, ofNode); !strings.Contains(text, remedy) {
		t.Errorf("herald status has not the remedy:\n%s", text)
	}
	c.installCRDs(t)
	tor := newRouter(t, 69)
	c.create(t, tor.peer())
	c.expectPeer(t, afterInstall, tor.name, peerEstablished)
	for _, address := range []netip.AddrPort{ofNode, ofCluster} {
		harness.Eventually(t, patience, "readiness", func() error { return ready(t, address) })
	}

	if err := c.KillAPIServer(); err != nil {
		t.Fatal(err)
	}
	c.restarted = true
	if err := ready(t, ofCluster); err == nil || !strings.Contains(err.Error(), "the API server cannot be asked") {
		t.Errorf("the cluster role without an API server: %v", err)
	}
	if err := ready(t, ofNode); err != nil {
		t.Errorf("the node role, which was ready once, without an API server: %v", err)
	}
}
