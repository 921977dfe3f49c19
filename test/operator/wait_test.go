// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
)

// waitReady is kubectl wait --for=condition=Ready.
func (c *cluster) waitReady(t *testing.T, args ...string) {
	t.Helper()
	args = append([]string{"--kubeconfig", c.AdminKubeconfig(), "wait", "--for=condition=Ready", "--timeout=30s"}, args...)
	out, err := exec.CommandContext(t.Context(), filepath.Join(c.Assets(), "kubectl"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
}

// TestWaitForReady: when kubectl wait returns, the applied objects are carried out on the wire: a session that the change resets has
// been reset and is up again, and the router holds the newest version of the route.
func TestWaitForReady(t *testing.T) {
	c := newCluster(t)
	node := c.addNode(t, "node-1", "192.0.2.10")
	c.startNode(t, node.Name, nil)
	c.startCluster(t)
	tor := newRouter(t, 65)
	peer := tor.peer()
	// As in README, on a node without an IPv6 address.
	web := announcement(operatorNamespace, "web", "203.0.113.0/24", "2001:db8:1::/48")
	c.create(t, peer)
	c.create(t, web)
	c.waitReady(t, "bgppeer", peer.Name)
	before := tor.since(t)
	for med := range int64(6) {
		change(t, c, peer, func(p *v1alpha1.BGPPeer) {
			// Each edit is of the class reset, and the router accepts both.
			if p.Spec.PeerASN != nil {
				p.Spec.PeerASN, p.Spec.PeerType = nil, new(v1alpha1.PeerTypeExternal)
			} else {
				p.Spec.PeerASN, p.Spec.PeerType = new(int64(routerASN)), nil
			}
		})
		c.waitReady(t, "bgppeer", peer.Name)
		if now := tor.since(t); now == before {
			t.Errorf("edit %d: the BGPPeer is Ready before the session was reset", med)
		} else {
			before = now
		}
		change(t, c, web, func(a *v1alpha1.Announcement) { a.Spec.Attributes = &v1alpha1.PathAttributes{MED: &med} })
		c.waitReady(t, "announcement", web.Name, "--namespace="+web.Namespace)
		route, err := tor.Route(t.Context(), tor.prefix("203.0.113.0/24"))
		if err != nil || route == nil || route.MED == nil || *route.MED != uint32(med) {
			t.Errorf("edit %d: the Announcement is Ready and the router has %+v, %v", med, route, err)
		}
	}
	c.expectAnnouncement(t, patience, web, want{v1alpha1.ConditionAdvertised, metav1.ConditionTrue, v1alpha1.ReasonPartial})
	c.expectVerdict(t, web, v1alpha1.ReasonNoNextHop)

	// A change that does not affect a session does not make its conditions Unknown.
	change(t, c, peer, func(p *v1alpha1.BGPPeer) { p.Spec.Description = new("rack A, left") })
	harness.Steadily(t, 3*time.Second, "Established stays True", func() error {
		var now v1alpha1.BGPPeer
		if err := c.Get(t.Context(), keyOf(peer), &now); err != nil {
			return err
		}
		return peerEstablished.check(now.Status.Conditions, 0)
	})
	if now := tor.since(t); now != before {
		t.Errorf("the session was reset: %s, was %s", now, before)
	}
}

// TestOneOfThree: a session that comes and goes does not change conditions that the other two sessions keep True.
func TestOneOfThree(t *testing.T) {
	c := newCluster(t)
	var routers []*router
	for i := range 3 {
		name := fmt.Sprintf("node-%d", i+1)
		node := c.addNode(t, name, fmt.Sprintf("192.0.2.%d", 10+i))
		c.startNode(t, node.Name, nil)
		tor := newRouter(t, byte(66+i))
		peer := tor.peer()
		peer.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{corev1.LabelHostname: v1alpha1.LabelValue(name)}}
		c.create(t, peer)
		routers = append(routers, tor)
	}
	c.startCluster(t)
	web := announcement(operatorNamespace, "web", "203.0.113.0/24")
	c.create(t, web)
	c.expectAnnouncement(t, patience, web, complete)

	holds := func(a *v1alpha1.Announcement) error {
		return errors.Join(
			want{v1alpha1.ConditionAdvertised, metav1.ConditionTrue, ""}.check(a.Status.Conditions, a.Generation),
			objectReady.check(a.Status.Conditions, a.Generation),
		)
	}
	watched := c.watchAnnouncement(t, web, holds)
	if _, err := routers[2].Ask(t.Context(), "disable", "herald"); err != nil {
		t.Fatal(err)
	}
	c.expectAnnouncement(t, patience, web, want{v1alpha1.ConditionComplete, metav1.ConditionFalse, v1alpha1.ReasonSessionDown})
	// Meanwhile other announcements are created, in every sum of the digests.
	for i := range 64 {
		c.create(t, announcement(operatorNamespace, fmt.Sprintf("other-%d", i), fmt.Sprintf("198.51.100.%d/32", i)))
	}
	if _, err := routers[2].Ask(t.Context(), "enable", "herald"); err != nil {
		t.Fatal(err)
	}
	c.expectAnnouncement(t, patience, web, complete)
	if versions := watched(); versions < 2 {
		t.Errorf("%d versions of the Announcement were seen, want those of down and up at least", versions)
	}
}

// watchAnnouncement checks every version of an Announcement from now on. It returns a function that ends the watch and says how
// many there were.
func (c *cluster) watchAnnouncement(t *testing.T, of *v1alpha1.Announcement, check func(*v1alpha1.Announcement) error) (versions func() int) {
	t.Helper()
	events, stop := c.watch(t, &v1alpha1.AnnouncementList{}, of.Name)
	counted := make(chan int, 1)
	go func() {
		n := 0
		for event := range events {
			if a, ok := event.Object.(*v1alpha1.Announcement); ok {
				if n++; check(a) != nil {
					t.Errorf("version %d: %v", n, check(a))
				}
			}
		}
		counted <- n
	}()
	return func() int {
		stop()
		return <-counted
	}
}
