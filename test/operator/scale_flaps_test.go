// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/controllers/kube"
	"github.com/herald-bgp/herald/test/harness"
)

const (
	// mostWrites and mostWritesASecond bound the writes, seen by every watching node, that a flapping session may cause.
	mostWrites        = 2
	mostWritesASecond = 50
)

// TestFlapAmongManyAnnouncements: one session comes and goes, which every Announcement's status must show. Every node watches every
// Announcement, so each status shows the first change and the last state, and the writes are spread over time.
func TestFlapAmongManyAnnouncements(t *testing.T) {
	const announcements, flaps = 501, 100
	c := newCluster(t)
	f := c.newFleet(t, 1, 1, announcements)
	c.startCluster(t)
	session := f.sessions[0]
	f.report(t, session, f.up(session))
	f.expectAll(t, 2*time.Minute, advertised)

	writes := c.watchAnnouncements(t)
	writes.expectQuiet(t, time.Minute)
	writes.reset()
	count := 0
	harness.Eventually(t, 2*time.Minute, "the session comes and goes", func() error {
		f.report(t, session, f.down(session))
		f.report(t, session, f.up(session))
		if count++; count < flaps {
			return fmt.Errorf("%d times", count)
		}
		return nil
	})
	writes.expectQuiet(t, 5*time.Minute)
	f.expectAll(t, patience, advertised)
	total, most, busiest := writes.sum()
	t.Logf("%d times down and up among %d Announcements: %d writes, at most %d of one, at most %d in %v",
		flaps, announcements, total, most, busiest, writesWindow)
	if most > mostWrites {
		t.Errorf("%d writes of one Announcement, want at most %d", most, mostWrites)
	}
	if limit := int(mostWritesASecond * writesWindow.Seconds() * 1.05); busiest > limit {
		t.Errorf("%d writes within %v, want at most %d a second", busiest, writesWindow, mostWritesASecond)
	}
}

// writesWindow is the time over which a rate is taken: a watch on a busy machine brings several events at once.
const writesWindow = 5 * time.Second

// writes are what a watch saw of the Announcements.
type writes struct {
	events chan write
	of     map[types.UID]int
	at     []time.Time
}

type write struct {
	of types.UID
	at time.Time
}

// watchAnnouncements counts every write of an Announcement from now on.
func (c *cluster) watchAnnouncements(t *testing.T) *writes {
	t.Helper()
	watcher, err := client.NewWithWatch(c.AdminConfig(), client.Options{Scheme: kube.NewScheme(), Mapper: kube.NewRESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	var now v1alpha1.AnnouncementList
	if err := watcher.List(t.Context(), &now); err != nil {
		t.Fatal(err)
	}
	seen, err := watcher.Watch(t.Context(), &v1alpha1.AnnouncementList{},
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: now.ResourceVersion}})
	if err != nil {
		t.Fatal(err)
	}
	w := &writes{events: make(chan write, 10_000), of: map[types.UID]int{}}
	done := make(chan struct{})
	t.Cleanup(func() { seen.Stop(); <-done })
	go func() {
		defer close(done)
		for event := range seen.ResultChan() {
			if object, ok := event.Object.(*v1alpha1.Announcement); ok {
				w.events <- write{of: object.UID, at: time.Now()}
			}
		}
	}()
	return w
}

// expectQuiet waits until nothing has been written for longer than the longest delay of a write.
func (w *writes) expectQuiet(t *testing.T, within time.Duration) {
	t.Helper()
	const quiet = 15 * time.Second
	last := time.Now()
	harness.Eventually(t, within, "nothing more is written", func() error {
		if w.drain(); len(w.at) > 0 {
			last = w.at[len(w.at)-1]
		}
		if rest := time.Since(last); rest < quiet {
			return fmt.Errorf("%d writes, the last %v ago", len(w.at), rest)
		}
		return nil
	})
}

// drain counts the events of the watch.
func (w *writes) drain() {
	for len(w.events) > 0 {
		e := <-w.events
		w.of[e.of]++
		w.at = append(w.at, e.at)
	}
}

func (w *writes) reset() { w.of, w.at = map[types.UID]int{}, nil }

// sum returns the number of all writes, the most writes of one object, and the most writes within the window.
func (w *writes) sum() (total, most, busiest int) {
	for _, n := range w.of {
		most = max(most, n)
	}
	first := 0
	for i := range w.at {
		for w.at[i].Sub(w.at[first]) > writesWindow {
			first++
		}
		busiest = max(busiest, i-first+1)
	}
	return len(w.at), most, busiest
}
