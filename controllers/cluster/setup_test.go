// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestStatusesWakeASurvey: a write of another writer to our statuses wakes a survey, and a write that changes nothing does not.
func TestStatusesWakeASurvey(t *testing.T) {
	before := &v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{Name: "tor-a", ResourceVersion: "1"}}
	touched := before.DeepCopy()
	touched.ResourceVersion = "2"
	overwritten := touched.DeepCopy()
	overwritten.Status.Sessions = &v1alpha1.PeerSessions{Summary: "9/9"}
	for object, want := range map[*v1alpha1.BGPPeer]bool{touched: false, overwritten: true} {
		if got := specOrStatusChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: object}); got != want {
			t.Errorf("status %+v passes: %v, want %v", object.Status, got, want)
		}
	}
}
