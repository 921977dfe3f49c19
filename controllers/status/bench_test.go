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

// large is a cluster whose sessions have all reported.
func large(b *testing.B, nodes, peers, announcements int) *cluster {
	c := newCluster(b, 0)
	for i := 1; i < peers; i++ {
		c.addPeer(fmt.Sprint("tor-", i), fmt.Sprint("192.0.2.", i+1))
	}
	for i := range nodes {
		name := fmt.Sprintf("node-%03d", i)
		c.nodes = append(c.nodes, compile.NodeFacts{Name: name, Labels: map[string]string{"name": name}})
		c.speakers[name] = true
	}
	for i := range announcements {
		c.addAnnouncement(fmt.Sprint("ann-", i), "203.0.113.0/24")
	}
	c.reportNode(c.nodes[0], nil)
	for _, node := range c.nodes[1:] {
		c.copyReport(c.nodes[0].Name, node.Name)
	}
	return c
}

// BenchmarkRollup makes the status of every object of 1,000 nodes with ten peers each, and of 1,000 announcements, from nothing.
func BenchmarkRollup(b *testing.B) {
	c := large(b, 1000, 10, 1000)
	for b.Loop() {
		c.summed = nil
		r := c.rollup()
		for i := range c.objects.Peers {
			if got := r.Peer(&c.objects.Peers[i], now); got.Sessions.Established != 1000 {
				b.Fatalf("sessions %+v", got.Sessions)
			}
		}
		for i := range c.objects.Announcements {
			if got, _ := r.Announcement(&c.objects.Announcements[i], nil, now); got.Sessions.Advertised != 10000 {
				b.Fatalf("sessions %+v", got.Sessions)
			}
		}
	}
}

// BenchmarkRollupChange is what one change costs among as many.
func BenchmarkRollupChange(b *testing.B) {
	c := large(b, 1000, 10, 1000)
	var reader compile.Reader
	inputs := reader.ReadAll(c.objects.Peers, c.objects.Announcements)
	given := status.Cluster{Catalog: compile.NewCatalog(c.objects.operatorNamespace, false), Nodes: c.nodes, Speakers: c.speakers}
	given.Catalog.Update(&inputs)
	var all []*v1alpha1.BGPSession
	for _, session := range c.sessions {
		all = append(all, session)
	}
	r := status.NewRollup()
	r.Update(given, all, nil)
	up := c.sessions["tor-a.node-500"]
	lost, counted := up.DeepCopy(), up.DeepCopy()
	lost.Status = status.Session(status.SessionInput{Snapshot: down(), Peer: compile.PeerVersion{Ref: compile.Ref{
		Name: "tor-a", UID: c.objects.Peers[0].UID, Generation: 1,
	}}})
	counted.Status.Flaps = 7
	states := []*v1alpha1.BGPSession{lost, up}
	confirmed := map[string]*status.Confirmation{}
	touched := func() (n int) {
		for i := range c.objects.Announcements {
			name := "platform/" + c.objects.Announcements[i].Name
			if r.TouchedAnnouncement(name, confirmed[name]) {
				_, confirmed[name] = r.Announcement(&c.objects.Announcements[i], confirmed[name], now)
				n++
			}
		}
		return n
	}
	b.Run("a session counts", func(b *testing.B) {
		for b.Loop() {
			if r.Update(given, []*v1alpha1.BGPSession{counted}, nil); touched() != 0 {
				b.Fatal("an announcement is touched")
			}
		}
	})
	b.Run("a session is lost or comes back", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if r.Update(given, []*v1alpha1.BGPSession{states[i%2]}, nil); touched() != 1000 {
				b.Fatal("not every announcement is touched")
			}
		}
	})
	b.Run("an announcement", func(b *testing.B) {
		for b.Loop() {
			changed := &c.objects.Announcements[500]
			changed.Generation++
			given.Changes = given.Catalog.Update(&compile.Inputs{Announcements: map[string]compile.Reading[compile.Announcement]{
				changed.Namespace + "/" + changed.Name: reader.Announcement(changed),
			}})
			if r.Update(given, nil, nil); touched() == 0 {
				b.Fatal("no announcement is touched")
			}
		}
	})
}
