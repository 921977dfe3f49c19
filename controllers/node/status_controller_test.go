// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/engine"
	"github.com/herald-bgp/herald/speaker"
)

// TestWritesAreSpaced: what people wait for is written at once, unless there was much of it; what only counts, once in an
// interval. A write that has to wait is none, and comes again by itself.
func TestWritesAreSpaced(t *testing.T) {
	down := metav1.Condition{Type: v1alpha1.ConditionEstablished, Status: metav1.ConditionFalse}
	up := metav1.Condition{Type: v1alpha1.ConditionEstablished, Status: metav1.ConditionTrue}
	stored := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: "tor-a.node-1", UID: "uid"}}
	stored.Status.Conditions = []metav1.Condition{down}
	changed := v1alpha1.BGPSessionStatus{Conditions: []metav1.Condition{up}}
	counted := v1alpha1.BGPSessionStatus{Conditions: []metav1.Condition{down}, Flaps: 7}
	for name, test := range map[string]struct {
		want   v1alpha1.BGPSessionStatus
		urgent int // writes of that kind before
		wait   time.Duration
	}{
		"a condition that flaps":       {changed, 5, 10 * time.Second},
		"counts soon after a write":    {counted, 0, countsInterval},
		"counts of a session on flaps": {counted, 5, countsInterval},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := NewAgent(speaker.New(speaker.Options{}), Options{NodeName: "node-1"})
				for range test.urgent {
					a.written.NoteUrgent(stored.UID, time.Now(), nil)
				}
				a.written.Note(stored.UID, time.Now(), nil)
				// Without a client: what is to wait is not written, and not made in full.
				next, err := (&StatusReconciler{agent: a}).write(t.Context(), stored, func(detail engine.Detail) (v1alpha1.BGPSessionStatus, bool) {
					if detail == engine.Full {
						t.Error("the status is made in full")
					}
					return test.want, true
				})
				if wait := next.after; err != nil || wait < test.wait*3/4 || wait > test.wait*5/4 {
					t.Errorf("it waits %v, %v, want about %v", wait, err, test.wait)
				}
			})
		})
	}
}

// deletions takes down what is deleted; the first of them fails.
type deletions struct {
	client.Client
	failed  bool
	deleted []string
}

func (d *deletions) Delete(_ context.Context, object client.Object, _ ...client.DeleteOption) error {
	if !d.failed {
		d.failed = true
		return errors.New("the API server did not answer in time")
	}
	d.deleted = append(d.deleted, object.GetName())
	return nil
}

// TestDeletionIsTriedAgain: the BGPSession of a peer that is deselected goes though its first deletion fails; that of another
// node, under a name that was one of ours, stays.
func TestDeletionIsTriedAgain(t *testing.T) {
	a, server := newAgent(), &deletions{}
	configure(t, a, input())
	s := newStored(nil, "node-1")
	s.listed = true
	own := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: "tor-a.node-1", UID: "1"}, Spec: v1alpha1.BGPSessionSpec{NodeName: "node-1"}}
	foreign := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: "a.b.node-1", UID: "2"}, Spec: v1alpha1.BGPSessionSpec{NodeName: "b.node-1"}}
	s.note(own.Name, own)
	s.note(foreign.Name, foreign)
	r := &StatusReconciler{client: server, stored: s, agent: a}
	look := func(session *v1alpha1.BGPSession) error {
		_, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(session)})
		return err
	}
	if err := look(own); err == nil {
		t.Error("a deletion that failed is no error, so nobody tries again")
	}
	for _, session := range []*v1alpha1.BGPSession{own, foreign} {
		if err := look(session); err != nil {
			t.Errorf("%s: %v", session.Name, err)
		}
		if found, err := s.get(t.Context(), session.Name); found != nil || err != nil {
			t.Errorf("%s is remembered: %v, %v", session.Name, found, err)
		}
	}
	if want := []string{own.Name}; !slices.Equal(server.deleted, want) {
		t.Errorf("deleted %v, want %v", server.deleted, want)
	}
}

// TestConditionsOfOthers: what another manager says of a BGPSession is no difference that a write could mend.
func TestConditionsOfOthers(t *testing.T) {
	want := v1alpha1.BGPSessionStatus{Conditions: []metav1.Condition{
		{Type: v1alpha1.ConditionEstablished}, {Type: v1alpha1.ConditionUpToDate},
	}}
	stored := v1alpha1.BGPSessionStatus{Conditions: []metav1.Condition{
		{Type: v1alpha1.ConditionReporting}, {Type: v1alpha1.ConditionEstablished}, {Type: "example.com/Seen"}, {Type: v1alpha1.ConditionUpToDate},
	}}
	var kinds []string
	for _, condition := range ownStatus(stored, want).Conditions {
		kinds = append(kinds, condition.Type)
	}
	if want := []string{v1alpha1.ConditionEstablished, v1alpha1.ConditionUpToDate}; !slices.Equal(kinds, want) {
		t.Errorf("own conditions %v, want %v", kinds, want)
	}
}
