// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/engine"
)

// manySessions are sessions whose counts are others whenever somebody looks. They take down when a status of theirs is written.
type manySessions struct {
	client.Client
	scheme     *runtime.Scheme
	reconciler *StatusReconciler
	queue      queue

	mu     sync.Mutex
	looks  int64
	status map[string]v1alpha1.BGPSessionStatus // without counts
	writes map[string][]time.Time
}

func newManySessions(t *testing.T, count int) *manySessions {
	t.Helper()
	m := &manySessions{
		scheme: runtime.NewScheme(), queue: newQueue(t),
		status: map[string]v1alpha1.BGPSessionStatus{}, writes: map[string][]time.Time{},
	}
	if err := v1alpha1.AddToScheme(m.scheme); err != nil {
		t.Fatal(err)
	}
	m.reconciler = &StatusReconciler{client: m, stored: newStored(nil, "node-1"), agent: newAgent()}
	m.reconciler.agent.useQueue(m.queue)
	drain(m.queue)
	for i := range count {
		name := fmt.Sprintf("tor-%d.node-1", i)
		m.status[name] = v1alpha1.BGPSessionStatus{
			State:      v1alpha1.SessionEstablished,
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionEstablished, Status: metav1.ConditionTrue}},
		}
		m.reconciler.stored.note(name, &v1alpha1.BGPSession{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}, Status: m.status[name],
		})
	}
	return m
}

// change makes the status of a session another one.
func (m *manySessions) change(name string, change func(*v1alpha1.BGPSessionStatus)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	status := m.status[name]
	change(&status)
	m.status[name] = status
}

func (m *manySessions) now(name string) v1alpha1.BGPSessionStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks++
	status := m.status[name]
	status.Flaps = m.looks
	return status
}

// written is how often statuses of a session were written after a time.
func (m *manySessions) written(name string, after time.Time) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(m.writes[name]), func(at time.Time) bool { return !at.After(after) }))
}

func (m *manySessions) Status() client.SubResourceWriter { return statusWriter{many: m} }

func (m *manySessions) Scheme() *runtime.Scheme { return m.scheme }

// statusWriter takes as long as an API server for each status.
type statusWriter struct {
	client.SubResourceWriter
	many *manySessions
}

func (w statusWriter) Apply(_ context.Context, status runtime.ApplyConfiguration, _ ...client.SubResourceApplyOption) error {
	<-time.After(20 * time.Millisecond)
	w.many.mu.Lock()
	defer w.many.mu.Unlock()
	name := status.(interface{ GetName() string }).GetName()
	w.many.writes[name] = append(w.many.writes[name], time.Now())
	return nil
}

// work does what the status controller does with its queue.
func (m *manySessions) work(t *testing.T) {
	for {
		request, shutdown := m.queue.Get()
		if shutdown {
			return
		}
		stored, err := m.reconciler.stored.get(t.Context(), request.Name)
		if err != nil {
			t.Error(err)
		}
		next, err := m.reconciler.write(t.Context(), stored, func(engine.Detail) (v1alpha1.BGPSessionStatus, bool) {
			return m.now(request.Name), true
		})
		if err != nil {
			t.Error(err)
		}
		if !next.inLine {
			m.reconciler.agent.line.leave(request.Name)
		}
		if next.after > 0 {
			m.queue.AddAfter(request, next.after)
		}
		m.queue.Done(request)
	}
}

// run has sessions change every 50 ms for some time, and calls each every time.
func (m *manySessions) run(t *testing.T, rounds int, each func(round int)) {
	var workers sync.WaitGroup
	for range statusWorkers {
		workers.Go(func() { m.work(t) })
	}
	for round := range rounds {
		each(round)
		for name := range m.status {
			m.reconciler.agent.enqueueNames([]string{name})
		}
		<-time.After(50 * time.Millisecond)
	}
	m.queue.ShutDown()
	workers.Wait()
}

// TestCountsShareABudget: 100 sessions that change all the time have 5 writes a second together, in turn. What people wait for does not wait
// for them, and does not take their turns.
func TestCountsShareABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sessions, seconds = 100, 60
		m := newManySessions(t, sessions)
		start := time.Now()
		const lost, withholds = "tor-42.node-1", "tor-77.node-1"
		var changed time.Time
		prompt := func(name string) {
			if m.written(name, changed) == 0 {
				t.Errorf("%s: a change that people wait for is not written within 200 ms", name)
			}
		}
		m.run(t, seconds*20, func(round int) {
			switch round {
			case 600:
				changed = time.Now()
				m.change(lost, func(s *v1alpha1.BGPSessionStatus) { s.State = v1alpha1.SessionConnect })
			case 604:
				prompt(lost)
				changed = time.Now()
				m.change(withholds, func(s *v1alpha1.BGPSessionStatus) {
					s.Announcements = &v1alpha1.AnnouncementsStatus{Withheld: []v1alpha1.WithheldAnnouncement{
						{Namespace: "shop", Name: "web", Reason: v1alpha1.ReasonNoNextHop},
					}}
				})
			case 608:
				prompt(withholds)
			}
		})
		total := 0
		for name := range m.status {
			count := m.written(name, start)
			total += count
			if fair := countsPerSecond * seconds / sessions; count < fair-1 || count > fair+2 {
				t.Errorf("%s was written %d times, want about %d", name, count, fair)
			}
		}
		// The two that did not wait come on top of the budget, and a burst at the start.
		if most := countsPerSecond*(seconds+1) + 2; total > most || total < most-2*countsPerSecond {
			t.Errorf("%d writes in %d seconds, want %d at most and hardly fewer", total, seconds, most)
		}
	})
}

// TestExceptionsAreBounded: a session that keeps back more and more writes at once at first, and then with the counts of all. How it
// stands is still written at once.
func TestExceptionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sessions, seconds = 100, 30
		m := newManySessions(t, sessions)
		start := time.Now()
		const name = "tor-42.node-1"
		var lost time.Time
		m.run(t, seconds*20, func(round int) {
			m.change(name, func(s *v1alpha1.BGPSessionStatus) {
				s.Announcements = &v1alpha1.AnnouncementsStatus{Withheld: []v1alpha1.WithheldAnnouncement{
					{Namespace: "shop", Name: fmt.Sprint("web-", round), Reason: v1alpha1.ReasonNoNextHop},
				}}
			})
			switch round {
			case 400:
				lost = time.Now()
				m.change(name, func(s *v1alpha1.BGPSessionStatus) { s.State = v1alpha1.SessionConnect })
			case 404:
				if m.written(name, lost) == 0 {
					t.Error("the end of the session is not written within 200 ms")
				}
			}
		})
		// A burst of 5, one in 10 s, one or two turns of all in 20 s, and the end of the session.
		if count := m.written(name, start); count < 7 || count > 12 {
			t.Errorf("%d writes in %d seconds, want about 10", count, seconds)
		}
	})
}
