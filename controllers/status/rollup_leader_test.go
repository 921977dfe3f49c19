// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/status"
	"github.com/herald-bgp/herald/speaker"
)

func TestNewLeaderTakesTrueAsConfirmed(t *testing.T) {
	c := newCluster(t, 2)
	c.addAnnouncement("web", "203.0.113.0/24")
	c.report([]string{"node-1", "node-2"})
	c.announcement("web").Status, _ = c.rollup().Announcement(c.announcement("web"), nil, now)
	c.addAnnouncement(sameSum(t), "198.51.100.0/24")

	got, confirmed := c.rollup().Announcement(c.announcement("web"), nil, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "True Advertised")
	got, _ = c.rollup().Announcement(c.announcement("web"), confirmed, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "True Advertised")

	// The leader's own result counts more than a status in its cache, which may be old.
	c.announcement("web").Generation++
	_, unconfirmed := c.rollup().Announcement(c.announcement("web"), nil, now)
	for i := range c.announcement("web").Status.Conditions {
		c.announcement("web").Status.Conditions[i].ObservedGeneration = c.announcement("web").Generation
	}
	got, _ = c.rollup().Announcement(c.announcement("web"), unconfirmed, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "Unknown Pending")
}

// TestNewLeaderWaitsForWhatASessionHasWritten: a session that is up and has written nothing gives no answer, whatever the
// object's status says.
func TestNewLeaderWaitsForWhatASessionHasWritten(t *testing.T) {
	c := newCluster(t, 2)
	c.addAnnouncement("web", "203.0.113.0/24")
	c.report([]string{"node-1", "node-2"})
	first, confirmed := c.rollup().Announcement(c.announcement("web"), nil, now)
	c.announcement("web").Status = first
	c.report([]string{"node-2"}, func(s *speaker.PeerSnapshot) { s.Routes.Token = nil })

	for who, before := range map[string]*status.Confirmation{"a new leader": nil, "the leader that confirmed it": confirmed} {
		got, _ := c.rollup().Announcement(c.announcement("web"), before, now)
		c := wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "Unknown Pending")
		wantMessage(t, c, "tor-a/node-2")
		if got.Sessions.Summary != "1/2" {
			t.Errorf("%s counts %s, want 1/2", who, got.Sessions.Summary)
		}
	}
	// An earlier confirmation does not count for the session's next report either.
	_, confirmed = c.rollup().Announcement(c.announcement("web"), confirmed, now)
	c.report([]string{"node-2"})
	c.addAnnouncement(sameSum(t), "198.51.100.0/24")
	got, _ := c.rollup().Announcement(c.announcement("web"), confirmed, now)
	wantMessage(t, wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "Unknown Pending"), "tor-a/node-2")
}
