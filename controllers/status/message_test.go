// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestLongMessagesAreCut: a message may quote a field of an object that is older than the rules; the field can be longer than
// the API server allows a message to be.
func TestLongMessagesAreCut(t *testing.T) {
	c := newCluster(t, 1)
	c.addPeer("tor-a", "192.0.2.1")
	c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) {
		a.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"rack": v1alpha1.LabelValue(strings.Repeat("ü", 20_000))}}
	})
	got, _ := c.rollup().Announcement(c.announcement("web"), nil, time.Time{})
	accepted := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionAccepted)
	if accepted == nil || accepted.Reason != v1alpha1.ReasonInvalid {
		t.Fatalf("condition %+v, want %s", accepted, v1alpha1.ReasonInvalid)
	}
	if n := utf8.RuneCountInString(accepted.Message); n > 1024 || !utf8.ValidString(accepted.Message) {
		t.Errorf("a message of %d characters", n)
	}
}

// TestLongAnnotationsAreCut: an annotation can be longer than a message may be.
func TestLongAnnotationsAreCut(t *testing.T) {
	c := newCluster(t, 1)
	c.addAnnouncement("web", "203.0.113.0/24", func(a *v1alpha1.Announcement) {
		a.Spec.ExpireAfterSeconds = new(int32(60))
		a.Annotations = map[string]string{v1alpha1.AnnotationRenewedAt: strings.Repeat("9", 200_000)}
	})
	got, _ := c.rollup().Announcement(c.announcement("web"), nil, time.Time{})
	accepted := wantCondition(t, got.Conditions, v1alpha1.ConditionAccepted, "True Accepted")
	wantMessage(t, accepted, "is no time such as")
	if n := utf8.RuneCountInString(accepted.Message); n > 300 {
		t.Errorf("a message of %d characters", n)
	}
}
