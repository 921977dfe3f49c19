// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/controllers/compile"
)

// BenchmarkRollup makes the status of every object of 500 nodes with two peers each, and of 2,000 announcements.
func BenchmarkRollup(b *testing.B) {
	c := newCluster(b, 0)
	c.addPeer("tor-b", "192.0.2.2")
	for i := range 500 {
		name := fmt.Sprintf("node-%03d", i)
		c.nodes = append(c.nodes, compile.NodeFacts{Name: name, Labels: map[string]string{"name": name}})
		c.speakers[name] = true
	}
	for i := range 2000 {
		c.addAnnouncement(fmt.Sprint("ann-", i), "203.0.113.0/24")
	}
	c.reportNode(c.nodes[0], nil)
	for _, node := range c.nodes[1:] {
		c.copyReport(c.nodes[0].Name, node.Name)
	}
	for b.Loop() {
		r := c.rollup()
		for i := range c.objects.Peers {
			if got := r.Peer(&c.objects.Peers[i], now); got.Sessions.Established != 500 {
				b.Fatalf("sessions %+v", got.Sessions)
			}
		}
		for i := range c.objects.Announcements {
			if got, _ := r.Announcement(&c.objects.Announcements[i], nil, now); got.Sessions.Advertised != 1000 {
				b.Fatalf("sessions %+v", got.Sessions)
			}
		}
	}
}
