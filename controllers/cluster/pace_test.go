// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestBudget: the more nodes there are, the more seldom an object that every node watches is written.
func TestBudget(t *testing.T) {
	for nodes, want := range map[int]int{0: 50, 1: 50, 1_000: 50, 5_000: 10, 100_000: 1} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPace()
				p.share(nodes)
				const writes = 101
				began := time.Now()
				for i := range writes {
					kinds := []kind{peer, announcement}
					if err := p.turn(t.Context(), &task{kind: kinds[i%2], uid: types.UID(fmt.Sprint(i))}); err != nil {
						t.Fatal(err)
					}
				}
				// The first goes at once.
				if got := time.Since(began); got != (writes-1)*time.Second/time.Duration(want) {
					t.Errorf("%d writes take %v, want %d a second", writes, got, want)
				}
				began = time.Now()
				if err := p.turn(t.Context(), &task{kind: session}); err != nil || time.Since(began) != 0 {
					t.Errorf("a write that no node watches waits %v, %v", time.Since(began), err)
				}
			})
		})
	}
}

// TestConditionsGoBeforeCounts: conditions after an edit go before other conditions, those before counts; of one priority, the task
// that waits longest goes first.
func TestConditionsGoBeforeCounts(t *testing.T) {
	r := newTestReconciler()
	q := priorityqueue.New[request]("test")
	defer q.ShutDown()
	r.queue = q
	key := func(name string) request {
		return request{kind: announcement, NamespacedName: types.NamespacedName{Name: name}}
	}
	for _, due := range []map[request]*task{
		{key("count"): {summary: "a"}},
		{key("count, later"): {summary: "a"}},
		{key("condition"): {summary: "a", urgent: true}},
		{key("condition, later"): {summary: "a", urgent: true}},
		{key("edit"): {summary: "a", urgent: true, edited: true}},
		{key("count"): {summary: "a"}}, // it waits already
	} {
		r.enqueueDue(due, time.Now())
	}
	for _, want := range []string{"edit", "condition", "condition, later", "count", "count, later"} {
		got, shutdown := q.Get()
		if shutdown || got.Name != want {
			t.Errorf("%s goes, want %s", got.Name, want)
		}
		q.Done(got)
	}
	if n := q.Len(); n != 0 {
		t.Errorf("%d more wait", n)
	}
}

// TestReturnWaits: conditions that an Announcement had before are written after they stayed for a while. New conditions, the first
// of a generation, and conditions that it had long ago are written at once.
func TestReturnWaits(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	statusOf := func(reason string, generation int64, since time.Time) *task {
		conditions := []metav1.Condition{{Type: v1alpha1.ConditionAdvertised, Status: metav1.ConditionTrue, Reason: reason}}
		return &task{
			kind: announcement, uid: "web", urgent: true, conditions: conditions, summary: summaryOf(conditions),
			generation: generation, since: since,
		}
	}
	p := newPace()
	for _, reason := range []string{"Pending", "Advertised", "SessionDown"} {
		if wait := p.delay(statusOf(reason, 1, now), now); wait != 0 {
			t.Fatalf("%s waits %v the first time", reason, wait)
		}
		p.note(statusOf(reason, 1, now), now)
	}
	for name, test := range map[string]struct {
		task *task
		now  time.Time
		want time.Duration
	}{
		"again":                   {statusOf("Advertised", 1, now), now, steadyInterval},
		"again, and steady":       {statusOf("Advertised", 1, now), now.Add(steadyInterval), 0},
		"again, and steady since": {statusOf("Advertised", 1, now.Add(4*time.Second)), now.Add(9 * time.Second), steadyInterval - 5*time.Second},
		"the present status":      {statusOf("SessionDown", 1, now), now, 0},
		"a new status":            {statusOf("Conflict", 1, now), now, 0},
		"of a new generation":     {statusOf("Advertised", 2, now), now, 0},
		"a very old status":       {statusOf("Advertised", 1, now.Add(pastInterval)), now.Add(pastInterval), 0},
	} {
		if wait := p.delay(test.task, test.now); wait != test.want {
			t.Errorf("%s waits %v, want %v", name, wait, test.want)
		}
	}
}
