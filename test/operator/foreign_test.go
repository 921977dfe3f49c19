// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/test/harness"
)

// TestBGPSessionOfAnotherNode: if a BGPSession of another node has the wanted name, the session goes on, log and herald status show
// the conflict, and the session is reported once the name is free.
func TestBGPSessionOfAnotherNode(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	tor := newRouter(t, 70)
	other := &v1alpha1.BGPSession{
		ObjectMeta: metav1.ObjectMeta{Name: compile.SessionName(tor.name, node.Name)},
		Spec:       v1alpha1.BGPSessionSpec{PeerName: "tor", NodeName: "70.node-1", Remote: "192.0.2.1"},
	}
	c.create(t, other)
	c.create(t, tor.peer())
	health := freeAddress(t)
	process := c.startNode(t, node.Name, nil, "--health-address="+health.String())
	harness.Eventually(t, patience, "the session and what is wrong with its object", func() error {
		if session, err := tor.Session(t.Context()); err != nil || !session.Established {
			return fmt.Errorf("the session is %+v: %v", session, err)
		}
		if err := ready(t, health); err != nil {
			return err
		}
		if text := heraldStatus(t, health); !strings.Contains(text, "Established") || !strings.Contains(text, "that of node 70.node-1") {
			return fmt.Errorf("herald status:\n%s", text)
		}
		return nil
	})
	if !contains(process.Log(), "another node has a BGPSession of this name") {
		t.Error("the log has no line about it")
	}
	since := tor.since(t)
	c.remove(t, other)
	c.expectSession(t, patience, tor.name, node.Name, sessionEstablished)
	if now := tor.since(t); now != since {
		t.Errorf("the session began anew: %s, was %s", now, since)
	}
}
