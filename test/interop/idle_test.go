// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"testing"
	"time"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/test/process"
)

const idlePeriod = 5 * time.Minute

// TestIdleCPU: a process whose session is idle uses at most 0.1 % of a core over five minutes.
func TestIdleCPU(t *testing.T) {
	if testing.Short() {
		t.Skip("takes five minutes")
	}
	t.Parallel()
	peer := newScriptedPeer(t, "a", rackA, 64500)
	peer.keepalive = true
	h := newHerald(t, nil, loopback, map[string]string{
		"peer.yaml": peer.manifest(), webManifest: announcement("web", "203.0.113.0/24", "med: 10"),
	})
	h.start(t)
	s := peer.accept(t)
	s.wantFirstSync(map[string]uint32{"203.0.113.0/24": 10})
	h.wantSession(t, "a", "established", func(s *v1alpha1.BGPSession) bool { return established(s) })
	s.wantSilence(quiet) // the start is no idling
	before := cpuTime(t, h.PID())
	s.wantSilence(idlePeriod)
	used := cpuTime(t, h.PID()) - before
	t.Logf("%v of CPU time in %v: %.3f %%", used, idlePeriod, 100*used.Seconds()/idlePeriod.Seconds())
	if used > idlePeriod/1000 {
		t.Errorf("an idle session used %v in %v, more than 0.1 %% of a core", used, idlePeriod)
	}
}

// cpuTime is the user and system time of a process.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	used, err := process.CPUOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	return used
}
