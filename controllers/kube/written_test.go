// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/herald-bgp/herald/controllers/kube"
)

func TestWrittenPaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := kube.NewWritten(time.Second)
		if got := w.Delay("a", time.Now()); got != 0 {
			t.Errorf("the first write waits %v, want 0", got)
		}
		w.Note("a", time.Now(), nil)
		<-time.After(300 * time.Millisecond)
		if got := w.Delay("a", time.Now()); got < 450*time.Millisecond || got > 950*time.Millisecond {
			t.Errorf("after 300 ms a write waits %v, want about 700 ms", got)
		}
		if got := w.Delay("b", time.Now()); got != 0 {
			t.Errorf("a write to another object waits %v, want 0", got)
		}
		<-time.After(1250 * time.Millisecond)
		if got := w.Delay("a", time.Now()); got != 0 {
			t.Errorf("after more than the interval a write waits %v, want 0", got)
		}
	})
}

func TestWrittenLetsNothingWaitForAnUrgentWrite(t *testing.T) {
	w := kube.NewWritten(time.Second)
	now := time.Now()
	urgent := []metav1.Condition{{Type: "Established", Status: metav1.ConditionTrue}}
	w.NoteUrgent("a", now, urgent)
	if got := w.Delay("a", now); got != 0 {
		t.Errorf("the first write after an urgent one waits %v, want 0", got)
	}
	if got := w.Conditions("a", nil); len(got) != 1 {
		t.Errorf("conditions %+v, want those of the urgent write", got)
	}
	w.Note("a", now, nil)
	w.NoteUrgent("a", now, urgent)
	if got := w.Delay("a", now.Add(300*time.Millisecond)); got < 450*time.Millisecond || got > 950*time.Millisecond {
		t.Errorf("a write 300 ms after one that could wait waits %v, want about 700 ms", got)
	}
}

// TestWrittenPacesUrgentWrites: a burst goes at once, then one write per interval, and each interval of rest earns one write.
func TestWrittenPacesUrgentWrites(t *testing.T) {
	w := kube.NewWritten(time.Second)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	// burst writes until a write has to wait, and returns how many went.
	burst := func() (went int) {
		for w.UrgentDelay("a", now) == 0 {
			w.NoteUrgent("a", now, nil)
			went++
		}
		return went
	}
	for _, step := range []struct {
		rest time.Duration
		went int
		wait time.Duration // of the next
	}{
		{0, 5, 10 * time.Second},
		{4 * time.Second, 0, 6 * time.Second},
		{6 * time.Second, 1, 10 * time.Second},
		{10 * time.Second, 1, 10 * time.Second},
		{25 * time.Second, 2, 5 * time.Second},
		{time.Hour, 5, 10 * time.Second},
	} {
		now = now.Add(step.rest)
		if went := burst(); went != step.went {
			t.Errorf("after a rest of %v %d writes go at once, want %d", step.rest, went, step.went)
		}
		if wait := w.UrgentDelay("a", now); wait != step.wait {
			t.Errorf("after a rest of %v and %d writes the next waits %v, want %v", step.rest, step.went, wait, step.wait)
		}
		w.Note("a", now, nil) // does not change how many urgent writes may go
		if wait := w.UrgentDelay("a", now); wait != step.wait {
			t.Errorf("a write that could wait makes it %v, want %v", wait, step.wait)
		}
	}
	if wait := w.UrgentDelay("b", now); wait != 0 {
		t.Errorf("a write to another object waits %v, want 0", wait)
	}
	w.Forget("a")
	if wait := w.UrgentDelay("a", now); wait != 0 {
		t.Errorf("a write to an object that was forgotten waits %v, want 0", wait)
	}
}

func TestWrittenKnowsNewerConditionsThanACache(t *testing.T) {
	w := kube.NewWritten(time.Second)
	stored := []metav1.Condition{{Type: "Established", Status: metav1.ConditionFalse}}
	newer := []metav1.Condition{{Type: "Established", Status: metav1.ConditionTrue}}
	expect := func(want []metav1.Condition) {
		t.Helper()
		if got := w.Conditions("a", stored); got[0].Status != want[0].Status {
			t.Errorf("Established=%s, want %s", got[0].Status, want[0].Status)
		}
	}
	expect(stored)
	w.Note("a", time.Now(), newer)
	expect(newer)
	w.Forget("a")
	expect(stored)
}

func TestSameStatusIgnoresFractionsOfASecond(t *testing.T) {
	second := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, b := metav1.NewTime(second), metav1.NewTime(second.Add(time.Millisecond))
	if !kube.SameStatus(a, b) {
		t.Error("two times of one second differ")
	}
	if c := metav1.NewTime(second.Add(time.Second)); kube.SameStatus(a, c) {
		t.Error("two times a second apart are the same")
	}
}
