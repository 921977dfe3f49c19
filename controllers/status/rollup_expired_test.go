// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/status"
)

// TestExpiredAnnouncement follows an announcement through its life: only what the sessions have reported of its end counts.
func TestExpiredAnnouncement(t *testing.T) {
	nodes := []string{"node-1", "node-2"}
	c := newCluster(t, 2)
	c.objects.clock = now
	c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) { a.Spec.ExpireAfterSeconds = new(int32(60)) })
	c.report(nodes)
	alive, confirmed := c.rollup().Announcement(c.announcement("web"), nil, now)
	wantCondition(t, alive.Conditions, v1alpha1.ConditionReady, "True Ready")
	if want := now.Add(time.Minute); alive.Expires == nil || !alive.Expires.Time.Equal(want) {
		t.Errorf("status.expires is %v, want %v", alive.Expires, want)
	}

	c.announcement("web").Status = alive
	c.objects.clock = now.Add(time.Minute)
	got, _ := c.rollup().Announcement(c.announcement("web"), confirmed, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "Unknown Pending")
	wantCondition(t, got.Conditions, v1alpha1.ConditionReady, "Unknown Pending")
	got, _ = c.rollup().Announcement(c.announcement("web"), nil, now) // a new leader
	wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "Unknown Pending")

	c.report(nodes)
	got, confirmed = c.rollup().Announcement(c.announcement("web"), confirmed, now)
	wantMessage(t, wantCondition(t, got.Conditions, v1alpha1.ConditionAdvertised, "False Expired"), "not due: Expired at 2")
	wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "True Expired")
	wantMessage(t, wantCondition(t, got.Conditions, v1alpha1.ConditionReady, "False Expired"), v1alpha1.AnnotationRenewedAt)
	if s := got.Sessions; s.Eligible != 2 || s.NotDue != 2 || s.Advertised != 0 {
		t.Errorf("sessions %+v, want 2 eligible, to both of which nothing is due", s)
	}
	if len(got.Verdicts) != 1 || got.Verdicts[0].Reason != v1alpha1.ReasonExpired {
		t.Errorf("verdicts %+v, want Expired alone", got.Verdicts)
	}

	c.announcement("web").Status = got
	c.announcement("web").Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: now.Add(time.Minute).Format(time.RFC3339Nano)}
	for range 2 { // with the memory of a leader, and as a new one
		got, _ = c.rollup().Announcement(c.announcement("web"), confirmed, now)
		wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "Unknown Pending")
		confirmed = nil
	}
	c.report(nodes)
	got, _ = c.rollup().Announcement(c.announcement("web"), confirmed, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionReady, "True Ready")
	if want := now.Add(2 * time.Minute); !got.Expires.Time.Equal(want) {
		t.Errorf("status.expires is %v, want %v", got.Expires, want)
	}
}

// TestClocksDiffer: near the time of an expiry, what the sessions say counts alone, whichever clock is ahead.
func TestClocksDiffer(t *testing.T) {
	nodes := []string{"node-1", "node-2"}
	for _, ahead := range []time.Duration{10 * time.Second, -10 * time.Second} { // the nodes' clocks
		c := newCluster(t, 2)
		c.objects.clock = now
		c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) { a.Spec.ExpireAfterSeconds = new(int32(3600)) })
		c.report(nodes)
		alive, confirmed := c.rollup().Announcement(c.announcement("web"), nil, now)
		wantCondition(t, alive.Conditions, v1alpha1.ConditionReady, "True Ready")
		c.announcement("web").Status = alive

		leader := now.Add(time.Hour - ahead/2)
		c.objects.clock = leader.Add(ahead)
		c.report(nodes)
		c.objects.clock = leader
		for _, before := range []*status.Confirmation{confirmed, nil} {
			got, _ := c.rollup().Announcement(c.announcement("web"), before, now)
			for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionAdvertised, v1alpha1.ConditionComplete} {
				wantCondition(t, got.Conditions, kind, "Unknown Pending")
			}
		}
		c.objects.clock = now.Add(2 * time.Hour)
		c.report(nodes)
		got, _ := c.rollup().Announcement(c.announcement("web"), confirmed, now)
		wantCondition(t, got.Conditions, v1alpha1.ConditionReady, "False Expired")
	}
}

// TestRenewalsAreNotAllWritten: a status goes to every node, so not every renewal makes one; but the last one does before its time is over.
func TestRenewalsAreNotAllWritten(t *testing.T) {
	c := newCluster(t, 1)
	c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) { a.Spec.ExpireAfterSeconds = new(int32(3600)) })
	a := c.announcement("web")
	created, writes := a.CreationTimestamp.Time, 0
	look := func(after time.Duration) *metav1.Time {
		c.objects.clock = created.Add(after)
		got, _ := c.rollup().Announcement(a, nil, c.objects.clock)
		if a.Status.Expires == nil || !a.Status.Expires.Equal(got.Expires) {
			writes++
		}
		a.Status = got
		return got.Expires
	}
	for after := time.Duration(0); after <= 10*time.Hour; after += time.Minute {
		a.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: created.Add(after).Format(time.RFC3339Nano)}
		if got := look(after).Sub(created); got > after+time.Hour || got < after+30*time.Minute {
			t.Fatalf("after %v it expires after %v", after, got)
		}
	}
	if writes > 21 {
		t.Errorf("%d writes in 10 hours, want 21 at most", writes)
	}
	if got := look(11*time.Hour - time.Minute).Sub(created); got != 11*time.Hour {
		t.Errorf("a minute before its end it expires after %v", got)
	}
}

func TestRenewalThatDoesNotCount(t *testing.T) {
	for text, problem := range map[string]string{
		"tomorrow": `"tomorrow" is no time such as`,
		now.Add(time.Minute + time.Second).Format(time.RFC3339): "lies more than a minute ahead",
		now.Add(time.Minute).Format(time.RFC3339):               "",
	} {
		c := newCluster(t, 1)
		c.objects.clock = now
		c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) {
			a.Spec.ExpireAfterSeconds = new(int32(60))
			a.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: text}
		})
		got, _ := c.rollup().Announcement(c.announcement("web"), nil, now)
		accepted := wantCondition(t, got.Conditions, v1alpha1.ConditionAccepted, "True Accepted")
		if want := "the object is valid and in use"; problem == "" && accepted.Message != want {
			t.Errorf("%s: Accepted says %q, want %q", text, accepted.Message, want)
		}
		wantMessage(t, accepted, problem)
	}
}
