// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// sameSum is the name of an announcement whose uid falls to the same sum of a digest as web's. The uid of otherSum falls to
// another sum.
func sameSum(t *testing.T) string { return nameWith(t, true) }

func otherSum(t *testing.T) string { return nameWith(t, false) }

func nameWith(t *testing.T, same bool) string {
	t.Helper()
	place := func(name string) int { return compile.TermOf(compile.Ref{UID: uid("platform", name)}).Bucket() }
	for i := range 10_000 {
		if name := fmt.Sprint("other-", i); (place(name) == place("web")) == same {
			return name
		}
	}
	t.Fatal("no name found")
	return ""
}

func TestConfirmationStays(t *testing.T) {
	both := []string{"node-1", "node-2"}
	tests := []struct {
		name   string
		change func(c *cluster)
		want   string
	}{
		{name: "nothing else changed", change: func(*cluster) {}, want: "True Advertised"},
		{
			name: "one of the sessions is established anew", change: func(c *cluster) {
				c.sessions["tor-a.node-2"].Status.Since = &metav1.Time{Time: now.Add(time.Minute)}
			}, want: "True Partial",
		},
		{
			name: "one of the sessions is down", change: func(c *cluster) { c.report([]string{"node-2"}, isDown) }, want: "True Partial",
		},
		{
			name: "all sessions are established anew", change: func(c *cluster) {
				for _, s := range c.sessions {
					s.Status.Since = &metav1.Time{Time: now.Add(time.Minute)}
				}
			}, want: "Unknown Pending",
		},
		{
			name: "a session more", change: func(c *cluster) {
				c.nodes = append(c.nodes, compile.NodeFacts{Name: "node-3"})
				c.speakers["node-3"] = true
			}, want: "Unknown Pending",
		},
		{
			name:   "a session says that it is withheld now",
			change: func(c *cluster) { c.report([]string{"node-1"}, withhold("web", rib.ReasonConflict)) }, want: "True Partial",
		},
		{
			name:   "a new generation",
			change: func(c *cluster) { c.announcement("web").Generation++ }, want: "Unknown Pending",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t, 2)
			c.addAnnouncement("web", "203.0.113.0/24")
			c.report(both)
			object := c.announcement("web")
			first, confirmed := c.rollup().Announcement(object, nil, now)
			wantCondition(t, first.Conditions, v1alpha1.ConditionAdvertised, "True Advertised")
			object.Status = first

			// Another announcement disturbs the sum of this one; only the nodes that test.change reports
			// has seen it.
			c.addAnnouncement(sameSum(t), "198.51.100.0/24")
			test.change(c)
			got, _ := c.rollup().Announcement(c.announcement("web"), confirmed, now)
			wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, test.want)
		})
	}
}

func TestConfirmationOfFalseStays(t *testing.T) {
	c := newCluster(t, 2)
	c.addAnnouncement("web", "203.0.113.0/24")
	c.report([]string{"node-1", "node-2"}, withhold("web", rib.ReasonConflict))
	_, confirmed := c.rollup().Announcement(c.announcement("web"), nil, now)
	c.addAnnouncement(sameSum(t), "198.51.100.0/24")
	got, _ := c.rollup().Announcement(c.announcement("web"), confirmed, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "False Conflict")
}

func TestTruncatedMakesUnknown(t *testing.T) {
	c := newCluster(t, 1)
	c.addAnnouncement("oldest", "203.0.113.0/24")
	var kept []func(*speaker.PeerSnapshot)
	for i := range 300 {
		name := fmt.Sprint("long-", i)
		c.addAnnouncement(name, "198.51.100.0/24")
		kept = append(kept, withhold(name, rib.ReasonTooLong))
	}
	c.report([]string{"node-1"}, kept...)
	advertised := func(name string) string {
		got, _ := c.rollup().Announcement(c.announcement(name), nil, now)
		condition := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionAdvertised)
		return string(condition.Status) + " " + condition.Reason
	}
	for name, want := range map[string]string{
		"oldest":   "True Advertised", // older than every listed announcement: it would be listed too
		"long-0":   "False TooLong",
		"long-255": "False TooLong",
		"long-256": "Unknown Pending", // not listed, but it may be among those that are not listed
		"long-299": "Unknown Pending",
	} {
		if got := advertised(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	_, confirmed := c.rollup().Announcement(c.announcement("oldest"), nil, now)

	// If the node and the roll-up do not know the same announcements, the order of the list proves nothing; a confirmation stays.
	c.addAnnouncement("newest", "192.0.2.0/24")
	if got := advertised("oldest"); got != "Unknown Pending" {
		t.Errorf("oldest is %s, want Unknown Pending", got)
	}
	got, _ := c.rollup().Announcement(c.announcement("oldest"), confirmed, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "True Advertised")
}

// TestTruncatedKeepsItsPlace: an older announcement that is not for the session is deleted, and the others move up.
func TestTruncatedKeepsItsPlace(t *testing.T) {
	c := newCluster(t, 1)
	c.objects.reader = &compile.Reader{}
	for _, name := range []string{"elsewhere", "elsewhere-too"} { // another of the same selector stays
		c.addAnnouncement(name, "198.51.100.0/24", func(a *v1alpha1.Announcement) {
			a.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-2"}}
		})
	}
	c.addAnnouncement("listed", "203.0.112.0/24")
	c.addAnnouncement("web", "203.0.113.0/24")
	c.report([]string{"node-1"}, withhold("listed", rib.ReasonNoNextHop))
	c.sessions["tor-a.node-1"].Status.Announcements.Truncated = []v1alpha1.TruncatedReason{{Reason: v1alpha1.ReasonNoNextHop, Count: 1}}
	cluster, r := c.asRead(), status.NewRollup()
	r.Update(cluster, []*v1alpha1.BGPSession{c.sessions["tor-a.node-1"]}, nil)
	// It is younger than every announcement that the session lists.
	got, _ := r.Announcement(c.announcement("web"), nil, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "Unknown Pending")

	c.objects.Announcements = c.objects.Announcements[1:]
	cluster.Catalog = c.objects.catalog()
	r.Update(cluster, nil, nil)
	got, _ = r.Announcement(c.announcement("web"), nil, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "Unknown Pending")
}

// TestTruncatedCatchesUp: a session that does not list everything gives no answer on an announcement while its digest differs from
// the objects. Once it has caught up with them, its answer on that announcement changes too.
func TestTruncatedCatchesUp(t *testing.T) {
	c := newCluster(t, 1)
	c.objects.reader = &compile.Reader{}
	for _, name := range []string{"web", "listed", otherSum(t)} {
		c.addAnnouncement(name, "203.0.113.0/24")
	}
	cluster, r := c.asRead(), status.NewRollup()
	report := func() {
		c.report([]string{"node-1"}, withhold("listed", rib.ReasonNoNextHop))
		session := c.sessions["tor-a.node-1"].DeepCopy()
		session.Status.Announcements.Truncated = []v1alpha1.TruncatedReason{{Reason: v1alpha1.ReasonNoNextHop, Count: 1}}
		cluster.Catalog = c.objects.catalog()
		r.Update(cluster, []*v1alpha1.BGPSession{session}, nil)
	}
	report()
	c.announcement(otherSum(t)).Generation++
	cluster.Catalog = c.objects.catalog()
	r.Update(cluster, nil, nil)
	got, pending := r.Announcement(c.announcement("web"), nil, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "Unknown Pending")

	report()
	if !r.TouchedAnnouncement("platform/web", pending) {
		t.Error("the announcement is not looked at again")
	}
	got, _ = r.Announcement(c.announcement("web"), nil, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "True Complete")
}

// TestConfirmedIsNotTouchedByOthers: an edit of another announcement changes a sum of the digests. An announcement that shares the
// sum is looked at again only while one of its sessions is pending, and again once a session has changed.
func TestConfirmedIsNotTouchedByOthers(t *testing.T) {
	c := newCluster(t, 2)
	c.objects.reader = &compile.Reader{}
	other := sameSum(t)
	c.addAnnouncement("web", "203.0.113.0/24")
	c.addAnnouncement(other, "203.0.113.0/24")
	r := status.NewRollup()
	var confirmed *status.Confirmation
	look := func(when string, touched bool, want string) {
		t.Helper()
		cluster := c.asChanged()
		cluster.Nodes = c.nodes
		var sessions []*v1alpha1.BGPSession
		for _, session := range c.sessions {
			sessions = append(sessions, session.DeepCopy())
		}
		r.Update(cluster, sessions, nil)
		if got := r.TouchedAnnouncement("platform/web", confirmed); got != touched {
			t.Errorf("%s: touched %v, want %v", when, got, touched)
		}
		var got v1alpha1.AnnouncementStatus
		got, confirmed = r.Announcement(c.announcement("web"), confirmed, now)
		wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, want)
	}
	both := []string{"node-1", "node-2"}
	c.report(both[:1])
	look("one node has reported", true, "Unknown Pending")
	c.announcement(other).Generation++
	c.report(both[:1])
	look("the other is edited while a session is pending", true, "Unknown Pending")
	c.report(both)
	look("both nodes have reported", true, "True Complete")
	c.announcement(other).Generation++
	look("the other is edited", false, "True Complete")
	c.report(both)
	look("the nodes have followed", false, "True Complete")
	c.report(both[:1], isDown)
	look("a session is lost", true, "False SessionDown")
	c.announcement("web").Generation++
	look("it is edited itself", true, "False SessionDown")
}
