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

// TestBudget: what every node watches is written the more seldom the more nodes there are, whatever its object.
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

// TestConditionsGoBeforeCounts: and before them goes what an edit asked for; the longest waiting goes first of its kind.
func TestConditionsGoBeforeCounts(t *testing.T) {
	r := newTestReconciler()
	q := priorityqueue.New[request]("test")
	defer q.ShutDown()
	r.queue = q
	key := func(name string) request {
		return request{kind: announcement, NamespacedName: types.NamespacedName{Name: name}}
	}
	for _, due := range []map[request]*task{
		{key("count"): {says: "a"}},
		{key("count, later"): {says: "a"}},
		{key("condition"): {says: "a", urgent: true}},
		{key("condition, later"): {says: "a", urgent: true}},
		{key("edit"): {says: "a", urgent: true, asked: true}},
		{key("count"): {says: "a"}}, // it waits already
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

// TestReturnWaits: an Announcement that comes to say again what it said before has to have stood like that for a while; what
// it never said it says at once, and so it does of a new generation, and of what it said long ago.
func TestReturnWaits(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	says := func(reason string, generation int64, since time.Time) *task {
		conditions := []metav1.Condition{{Type: v1alpha1.ConditionAdvertised, Status: metav1.ConditionTrue, Reason: reason}}
		return &task{
			kind: announcement, uid: "web", urgent: true, conditions: conditions, says: sayingOf(conditions),
			generation: generation, since: since,
		}
	}
	p := newPace()
	for _, reason := range []string{"Pending", "Advertised", "SessionDown"} {
		if wait := p.delay(says(reason, 1, now), now); wait != 0 {
			t.Fatalf("%s waits %v the first time", reason, wait)
		}
		p.note(says(reason, 1, now), now)
	}
	for name, test := range map[string]struct {
		task *task
		now  time.Time
		want time.Duration
	}{
		"again":                      {says("Advertised", 1, now), now, steadyInterval},
		"again, and steady":          {says("Advertised", 1, now), now.Add(steadyInterval), 0},
		"again, and steady since":    {says("Advertised", 1, now.Add(4*time.Second)), now.Add(9 * time.Second), steadyInterval - 5*time.Second},
		"what it says now":           {says("SessionDown", 1, now), now, 0},
		"something new":              {says("Conflict", 1, now), now, 0},
		"of a new generation":        {says("Advertised", 2, now), now, 0},
		"what it said very long ago": {says("Advertised", 1, now.Add(saidInterval)), now.Add(saidInterval), 0},
	} {
		if wait := p.delay(test.task, test.now); wait != test.want {
			t.Errorf("%s waits %v, want %v", name, wait, test.want)
		}
	}
}
