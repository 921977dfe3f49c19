// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/herald-bgp/herald/test/harness"
	"github.com/herald-bgp/herald/test/process"
)

const (
	// peersOfANode is how many sessions a node has in a fleet.
	peersOfANode = 10
	// reportsASecond is how many BGPSessions are written, for that long.
	reportsASecond = 100
	reportsLast    = time.Minute
	// mostOfACore and mostMemory are what the leader may use meanwhile.
	mostOfACore = 0.5
	mostMemory  = 256 << 20
)

// TestManySessions: the nodes of a large cluster report all the time, and the leader keeps up within its budget.
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
	reports, peak := f.reportSteadily(t, leader)
	lasted := time.Since(began)
	used := cpuOf(t, []*harness.Process{leader}) - before
	writes.drain()
	total, _, busiest := writes.sum()
	share := used.Seconds() / lasted.Seconds()
	t.Logf("%s: %d reports in %v: %.2f of a core, RssAnon at most %d MiB (VmRSS %d MiB, VmHWM %d MiB); %d writes of Announcements, at most %d in %v",
		size, reports, lasted.Round(time.Second), share, peak.Anonymous>>20, peak.Resident>>20, peak.Peak>>20, total, busiest, writesWindow)
	if share > mostOfACore {
		t.Errorf("%.2f of a core, want at most %.2f", share, mostOfACore)
	}
	if peak.Anonymous > mostMemory {
		t.Errorf("RssAnon %d MiB, want at most %d", peak.Anonymous>>20, mostMemory>>20)
	}
	if rate := float64(reports) / lasted.Seconds(); rate < 0.8*reportsASecond {
		t.Errorf("%.0f reports a second, want %d: too few to tell", rate, reportsASecond)
	}
}

// reportSteadily writes the BGPSessions one after the other: a third of them is lost and comes back with the next round, the
// others have another error or count to tell. It returns how many it wrote, and the most memory that the leader used.
func (f *fleet) reportSteadily(t *testing.T, leader *harness.Process) (reports int, peak process.Memory) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), reportsLast)
	defer cancel()
	limiter := rate.NewLimiter(reportsASecond, 1)
	group, writing := errgroup.WithContext(t.Context())
	group.SetLimit(writers)
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
		if reports++; reports%reportsASecond == 0 {
			now, err := process.MemoryOf(leader.PID())
			if err != nil {
				t.Fatal(err)
			}
			peak.Anonymous = max(peak.Anonymous, now.Anonymous)
			peak.Resident, peak.Peak = max(peak.Resident, now.Resident), now.Peak
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return reports, peak
}
