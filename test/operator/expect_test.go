// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/test/harness"
)

// patience is the time limit, on a busy machine, for events that have no limit of their own.
const patience = 30 * time.Second

// want is the wanted state of a condition. An empty reason stands for any reason.
type want struct {
	kind   string
	status metav1.ConditionStatus
	reason string
}

func (w want) check(conditions []metav1.Condition, generation int64) error {
	found, text := conditionOf(conditions, w.kind)
	switch {
	case found.Status != w.status, w.reason != "" && found.Reason != w.reason:
		return fmt.Errorf("%s, want %s/%s", text, w.status, w.reason)
	case generation != 0 && found.ObservedGeneration != generation:
		return fmt.Errorf("%s is of generation %d, want %d", text, found.ObservedGeneration, generation)
	}
	return nil
}

// expectPeer waits for a condition of a BGPPeer at its newest generation, and returns the object.
func (c *cluster) expectPeer(t *testing.T, within time.Duration, name string, w want) *v1alpha1.BGPPeer {
	t.Helper()
	object := &v1alpha1.BGPPeer{}
	harness.Eventually(t, within, "BGPPeer "+name, func() error {
		if err := c.Get(t.Context(), client.ObjectKey{Name: name}, object); err != nil {
			return err
		}
		return w.check(object.Status.Conditions, object.Generation)
	})
	return object
}

// expectSession waits for a condition of a BGPSession, and returns the object.
func (c *cluster) expectSession(t *testing.T, within time.Duration, peer, node string, w want) *v1alpha1.BGPSession {
	t.Helper()
	object := &v1alpha1.BGPSession{}
	key := client.ObjectKey{Name: compile.SessionName(peer, node)}
	harness.Eventually(t, within, "BGPSession "+key.Name, func() error {
		if err := c.Get(t.Context(), key, object); err != nil {
			return err
		}
		return w.check(object.Status.Conditions, 0)
	})
	return object
}

// expectAnnouncement waits for a condition of an Announcement at its newest generation, and returns the object.
func (c *cluster) expectAnnouncement(
	t *testing.T, within time.Duration, of *v1alpha1.Announcement, w want,
) *v1alpha1.Announcement {
	t.Helper()
	object := &v1alpha1.Announcement{}
	key := client.ObjectKeyFromObject(of)
	harness.Eventually(t, within, "Announcement "+key.String(), func() error {
		if err := c.Get(t.Context(), key, object); err != nil {
			return err
		}
		return w.check(object.Status.Conditions, object.Generation)
	})
	return object
}

// expectGone waits until an object does not exist.
func (c *cluster) expectGone(t *testing.T, within time.Duration, object client.Object) {
	t.Helper()
	key := client.ObjectKeyFromObject(object)
	harness.Eventually(t, within, fmt.Sprintf("%T %s gone", object, key), func() error {
		err := c.Get(t.Context(), key, object)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there: %v", err)
	})
}
