// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestUrgency: people wait for how a session stands and for what it keeps back, not for how it counts.
func TestUrgency(t *testing.T) {
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	base := func() v1alpha1.BGPSessionStatus {
		return v1alpha1.BGPSessionStatus{
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionEstablished, Status: metav1.ConditionFalse}},
			State:      v1alpha1.SessionConnect,
			Since:      &at,
			Announcements: &v1alpha1.AnnouncementsStatus{Sent: 3, Withheld: []v1alpha1.WithheldAnnouncement{
				{Namespace: "shop", Name: "web", Generation: 1, Reason: v1alpha1.ReasonNoNextHop},
			}},
		}
	}
	later := metav1.NewTime(at.Add(time.Second))
	for _, test := range []struct {
		name   string
		change func(*v1alpha1.BGPSessionStatus)
		want   urgency
	}{
		{"a state on the way up", func(s *v1alpha1.BGPSessionStatus) { s.State = v1alpha1.SessionOpenSent }, ofCounts},
		{"counts", func(s *v1alpha1.BGPSessionStatus) { s.Announcements.Sent = 7 }, ofCounts},
		{"an announcement that goes out now", func(s *v1alpha1.BGPSessionStatus) { s.Announcements.Withheld = nil }, ofCounts},
		{"an announcement that is kept back in its new version", func(s *v1alpha1.BGPSessionStatus) { s.Announcements.Withheld[0].Generation = 2 }, ofCounts},
		{"an announcement that is kept back for another reason", func(s *v1alpha1.BGPSessionStatus) {
			s.Announcements.Withheld[0].Reason = v1alpha1.ReasonConflict
		}, ofExceptions},
		{"an announcement that is kept back now", func(s *v1alpha1.BGPSessionStatus) {
			s.Announcements.Withheld = append(s.Announcements.Withheld, v1alpha1.WithheldAnnouncement{
				Namespace: "shop", Name: "mail", Generation: 1, Reason: v1alpha1.ReasonNoNextHop,
			})
		}, ofExceptions},
		{"Established", func(s *v1alpha1.BGPSessionStatus) { s.State = v1alpha1.SessionEstablished }, ofState},
		{"another session", func(s *v1alpha1.BGPSessionStatus) { s.Since = &later }, ofState},
		{"an error", func(s *v1alpha1.BGPSessionStatus) { s.LastError = &v1alpha1.SessionError{Time: at} }, ofState},
		{"a condition", func(s *v1alpha1.BGPSessionStatus) { s.Conditions[0].Reason = v1alpha1.ReasonAdminDown }, ofState},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := base()
			test.change(&want)
			if got := urgencyOf(base(), want); got != test.want {
				t.Errorf("urgency %v, want %v", got, test.want)
			}
		})
	}
}
