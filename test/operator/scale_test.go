// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/harness"
	"github.com/herald-bgp/herald/test/process"
)

const (
	// peersOfANode is how many sessions a node has in a fleet.
	peersOfANode = 10
	// reportsASecond is how many BGPSessions are written, for that long.
	reportsASecond = 100
	reportsLast    = 30 * time.Second
	// mostOfACore and mostMemory are what the leader may use meanwhile, and slowestAnswer is how long a new Announcement may wait
	// for its status.
	mostOfACore   = 0.5
	mostMemory    = 256 << 20
	slowestAnswer = 3 * time.Second
)

// TestManySessions: the nodes of a large cluster report all the time, and the leader keeps up within its budget, and answers.
// HERALD_SCALE=10000x1000 is the size that the budget is for, in sessions and Announcements.
func TestManySessions(t *testing.T) {
	size, sessions, announcements := "1000x200", 0, 0
	if value := os.Getenv("HERALD_SCALE"); value != "" {
		size = value
	}
	if _, err := fmt.Sscanf(size, "%dx%d", &sessions, &announcements); err != nil || sessions < peersOfANode {
		t.Fatalf("HERALD_SCALE=%q: write sessions and Announcements, such as 10000x1000", size)
	}
	c := newCluster(t)
	f := c.newFleet(t, sessions/peersOfANode, peersOfANode, announcements)
	inParallel(t, len(f.sessions), func(ctx context.Context, i int) error {
		return f.tryReport(ctx, f.sessions[i], f.up(f.sessions[i]))
	})
	leader := c.startCluster(t)
	f.expectAll(t, 5*time.Minute, advertised)
	writes := c.watchAnnouncements(t)
	writes.expectQuiet(t, 5*time.Minute)
	writes.reset()

	before := cpuOf(t, []*harness.Process{leader})
	began := time.Now()
	reports, slowest, peak := f.reportSteadily(t, leader)
	lasted := time.Since(began)
	used := cpuOf(t, []*harness.Process{leader}) - before
	writes.drain()
	total, _, busiest := writes.sum()
	// A busy machine writes fewer reports: what counts is what they cost.
	pace := float64(reports) / lasted.Seconds()
	share := used.Seconds() / lasted.Seconds() * reportsASecond / pace
	t.Logf("%s: %d reports in %v, for 100 a second %.2f of a core; RssAnon at most %d MiB (VmRSS %d MiB, VmHWM %d MiB); %d writes of Announcements, at most %d in %v; the slowest answer took %v",
		size, reports, lasted.Round(time.Second), share, peak.Anonymous>>20, peak.Resident>>20, peak.Peak>>20, total, busiest, writesWindow, slowest)
	if share > mostOfACore {
		t.Errorf("%.2f of a core, want at most %.2f", share, mostOfACore)
	}
	if peak.Anonymous > mostMemory {
		t.Errorf("RssAnon %d MiB, want at most %d", peak.Anonymous>>20, mostMemory>>20)
	}
	if slowest > slowestAnswer {
		t.Errorf("a new Announcement waited %v for its status, want at most %v", slowest, slowestAnswer)
	}
}

// reportSteadily writes the BGPSessions one after the other: a third of them is lost and comes back with the next round, the
// others have another error or count to tell. It returns how many it wrote, how long new Announcements waited for their status
// meanwhile, and the most memory that the leader used.
func (f *fleet) reportSteadily(t *testing.T, leader *harness.Process) (reports int, slowest time.Duration, peak process.Memory) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), reportsLast)
	defer cancel()
	limiter := rate.NewLimiter(reportsASecond, 1)
	group, writing := errgroup.WithContext(t.Context())
	group.SetLimit(writers)
	var mu sync.Mutex
	for limiter.Wait(ctx) == nil {
		i := reports
		session, round := f.sessions[i*7919%len(f.sessions)], i/len(f.sessions)
		group.Go(func() error {
			says := f.up(session)
			says.Flaps = int64(round + 1)
			if i%3 == 0 {
				says = f.down(session)
			}
			return f.tryReport(writing, session, says)
		})
		if reports++; reports%reportsASecond != 0 {
			continue
		}
		now, err := process.MemoryOf(leader.PID())
		if err != nil {
			t.Fatal(err)
		}
		peak.Anonymous = max(peak.Anonymous, now.Anonymous)
		peak.Resident, peak.Peak = max(peak.Resident, now.Resident), now.Peak
		if reports%(5*reportsASecond) == 0 {
			group.Go(func() error {
				took, err := f.answer(writing, i)
				mu.Lock()
				defer mu.Unlock()
				slowest = max(slowest, took)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return reports, slowest, peak
}

// answer makes an Announcement that goes out nowhere, and returns how long it waited for its status.
func (f *fleet) answer(ctx context.Context, i int) (time.Duration, error) {
	asked := announcement(operatorNamespace, fmt.Sprint("asked-", i), "198.51.100.0/24")
	asked.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"no": "node"}}
	began := time.Now()
	if err := f.Create(ctx, asked); err != nil {
		return 0, err
	}
	err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := f.Get(ctx, keyOf(asked), asked)
		return len(asked.Status.Conditions) > 0, err
	})
	return time.Since(began), err
}
