// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/status"
)

func TestLeftOver(t *testing.T) {
	c := newCluster(t, 2)
	c.report([]string{"node-1", "node-2"})
	one := *c.sessions["tor-a.node-1"]
	leftOver := func() bool { return c.rollup().LeftOver(&one) }
	if leftOver() {
		t.Error("a session that is wanted is left over")
	}
	c.peer("tor-a").Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"name": "node-2"}}
	if leftOver() {
		t.Error("a session is left over though its own speaker runs, which deletes it")
	}
	delete(c.speakers, "node-1")
	if !leftOver() {
		t.Error("the node is deselected and runs no speaker: its session is not left over")
	}
	c.peer("tor-a").Spec.NodeSelector = nil
	if leftOver() {
		t.Error("the last report of a node that is selected is left over")
	}
	c.peer("tor-a").Spec.Address = "192.0.2.2"
	if !leftOver() {
		t.Error("a session with an address that the peer no longer has is not left over")
	}
	c.peer("tor-a").Spec.Address = "192.0.2.1"
	c.nodes = c.nodes[1:]
	if !leftOver() {
		t.Error("the node is gone: its session is not left over")
	}
	c.speakers = nil
	if leftOver() {
		t.Error("a session is left over though it is not known where speakers run")
	}
}

// TestNoNodeAtFirst: the objects may exist before any node shall run a speaker.
func TestNoNodeAtFirst(t *testing.T) {
	c := newCluster(t, 0)
	c.addAnnouncement("web", "203.0.113.0/24")
	got, _ := c.rollup().Announcement(c.announcement("web"), nil, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "False NoSession")
	wantCondition(t, c.rollup().Peer(c.peer("tor-a"), now).Conditions, v1alpha1.ConditionEstablished, "Unknown NoNodes")

	c.nodes = newCluster(t, 1).nodes
	c.speakers["node-1"] = true
	c.report([]string{"node-1"})
	got, _ = c.rollup().Announcement(c.announcement("web"), nil, now)
	wantCondition(t, got.Conditions, v1alpha1.ConditionComplete, "True Complete")
}

// TestOneSessionOfTwoNames: an earlier release gave the BGPSession another name. That object is not updated, and is deleted in the end.
func TestOneSessionOfTwoNames(t *testing.T) {
	c := newCluster(t, 1)
	c.addAnnouncement("web", "203.0.113.0/24")
	c.report([]string{"node-1"})
	session := c.sessions["tor-a.node-1"]
	session.UID = "session"
	former := session.DeepCopy()
	former.Name, former.UID, former.Status = "former", "former", v1alpha1.BGPSessionStatus{}
	for name, updates := range map[string][][]*v1alpha1.BGPSession{
		"the former first":          {{former, session}},
		"the former last":           {{session, former}},
		"the former in a later one": {{session}, {former}},
		"the former in an earlier":  {{former}, {session}},
	} {
		cluster, r := c.asRead(), status.NewRollup()
		complete := func(when string) {
			t.Helper()
			got, _ := r.Announcement(c.announcement("web"), nil, now)
			if !meta.IsStatusConditionTrue(got.Conditions, v1alpha1.ConditionComplete) {
				t.Errorf("%s, %s: %s", name, when, got.Sessions.Summary)
			}
		}
		for _, changed := range updates {
			r.Update(cluster, changed, nil)
		}
		complete("both are there")
		r.Update(cluster, nil, []*v1alpha1.BGPSession{former})
		complete("the former is gone")
	}
}

// TestReporting: the roll-up writes Unknown once for a session that no speaker reports; the next report of the node counts. Until
// that report the roll-up repeats its conditions, since an apply without them would remove them.
func TestReporting(t *testing.T) {
	c := newCluster(t, 1)
	c.report([]string{"node-1"})
	session := c.sessions["tor-a.node-1"]
	const up, unknown = "True Established", "Unknown NotReporting"
	// write stores the roll-up's report, as an apply of it does.
	write := func(want ...string) {
		t.Helper()
		report := c.rollup().Reporting(session, session.Status.Conditions, now)
		var got []string
		for _, condition := range report.Conditions {
			got = append(got, fmt.Sprint(condition.Type, " ", condition.Status, " ", condition.Reason))
			meta.SetStatusCondition(&session.Status.Conditions, condition)
		}
		if report.State != "" {
			got = append(got, string(report.State))
			session.Status.State = report.State
		}
		if !slices.Equal(got, want) {
			t.Errorf("it writes %q, want %q", got, want)
		}
	}
	write("Reporting True Reporting")
	c.speakers = map[string]bool{}
	write("Reporting False NoSpeaker", "Established "+unknown, "Unknown")
	write("Reporting False NoSpeaker", "Established "+unknown, "Unknown")
	c.speakers["node-1"] = true
	write("Reporting True Reporting", "Established "+unknown, "Unknown")
	c.report([]string{"node-1"}) // overwrites it
	write("Reporting True Reporting")
	c.lost = map[string]bool{"node-1": true}
	write("Reporting False NodeLost", "Established "+unknown, "Unknown")
	c.report([]string{"node-1"}) // its speaker reports before its kubelet does
	write("Reporting False NodeLost")
	wantCondition(t, session.Status.Conditions, v1alpha1.ConditionEstablished, up)
	c.lost = nil
	write("Reporting True Reporting")

	c.speakers = nil
	if got := c.rollup().Reporting(session, nil, now); got != nil {
		t.Errorf("it is not known where speakers run, but %+v", got)
	}
}
