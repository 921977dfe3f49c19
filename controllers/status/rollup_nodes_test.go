// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
)

// TestNodesGoAsASelectorComes: one update may bring both fewer nodes and a node selector that is new.
func TestNodesGoAsASelectorComes(t *testing.T) {
	c := newCluster(t, 0)
	for i := range 65 {
		name := fmt.Sprintf("node-%d", i)
		c.nodes = append(c.nodes, compile.NodeFacts{Name: name, Labels: map[string]string{"name": name}})
		c.speakers[name] = true
	}
	r := status.NewRollup()
	r.Update(c.asChanged(), nil, nil)
	c.nodes = c.nodes[64:]
	c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) {
		a.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-64"}}
	})
	r.Update(c.asChanged(), nil, nil)
	if got, _ := r.Announcement(c.announcement("web"), nil, now); got.Sessions.Summary != "0/1" {
		t.Errorf("it counts %s, want the session of the node that is left", got.Sessions.Summary)
	}
}

// TestUnusablePeerOfAName: what is said of an announcement whose peer does not exist changes when a peer comes that cannot be used.
func TestUnusablePeerOfAName(t *testing.T) {
	c := newCluster(t, 1)
	c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) { a.Spec.Peers = []string{"tor-x"} })
	r := status.NewRollup()
	r.Update(c.asChanged(), nil, nil)
	_, before := r.Announcement(c.announcement("web"), nil, now)
	c.addPeer("tor-x", "nonsense")
	r.Update(c.asChanged(), nil, nil)
	if got, _ := r.Announcement(c.announcement("web"), before, now); !r.TouchedAnnouncement("platform/web", before) {
		t.Errorf("nobody is told that it says %s", wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "False NoSession").Message)
	}
	c.objects.Peers = c.objects.Peers[:1]
	r.Update(c.asChanged(), nil, nil)
	if !r.TouchedAnnouncement("platform/web", before) {
		t.Error("nobody is told when that peer goes")
	}
}
