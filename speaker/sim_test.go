// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/herald-bgp/herald/speaker"
)

// TestSimulation runs the whole speaker through random histories: of configurations, of peers that join, stall, reset,
// ask for refreshes and vanish, of a network that splits and delays bytes, and of restarts of the speaker. At rest each
// peer's table is what a separate model says; no route is withdrawn, repeated or lost without a cause; there is one
// End-of-RIB a session and family; no session ends without a cause.
//
// HERALD_SIM_HISTORIES is how many histories run, HERALD_SIM_SEED the seed of the first; the others follow it.
func TestSimulation(t *testing.T) {
	first, n := rand.Uint64N(1e12), histories
	if s, ok := os.LookupEnv("HERALD_SIM_SEED"); ok {
		first, n = uint64(number(t, s)), 1
	}
	if s, ok := os.LookupEnv("HERALD_SIM_HISTORIES"); ok {
		n = number(t, s)
	}
	t.Logf("%d histories from seed %d on", n, first)
	for seed := first; seed < first+uint64(n); seed++ {
		// A name of its own for each: where one never ends, the test's timeout says which.
		t.Run(fmt.Sprint(seed), func(t *testing.T) { simulate(t, seed) })
		if t.Failed() {
			return
		}
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		t.Fatalf("%q is not a number", s)
	}
	return n
}

// simulate runs the history of a seed. Where it fails, it looks for a shorter one that does too.
func simulate(t *testing.T, seed uint64) {
	steps := randomSteps(rand.New(rand.NewPCG(seed, 0)))
	outcome := replay(t, seed, steps)
	if len(outcome.failures) == 0 {
		return
	}
	if again := replay(t, seed, steps); len(again.failures) == 0 {
		t.Log("the same history passed when it was run again: it depends on the order of goroutines")
	} else {
		outcome = again
		steps, outcome = shorten(t, seed, steps, outcome)
	}
	t.Errorf("seed %d failed in a history of %d steps:\n%s\n\nThe shortest that was found:\n%s\n\n"+
		"To run it again: HERALD_SIM_SEED=%d go test -count=1 -run '^TestSimulation$' ./speaker",
		seed, len(steps), strings.Join(outcome.failures, "\n"), strings.Join(outcome.trace, "\n"), seed)
}

// outcome is what came of a history.
type outcome struct{ failures, trace []string }

// replay runs a history in a bubble of its own.
func replay(t *testing.T, seed uint64, steps []step) (o outcome) {
	synctest.Test(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		s := newSimulation(t, rnd)
		for _, st := range steps {
			if s.failed() {
				break
			}
			s.take(st)
		}
		if !s.failed() {
			s.rest()
		}
		if !s.failed() {
			s.still()
		}
		s.finish([]error{context.Canceled, speaker.ErrDecommission}[rnd.IntN(2)])
		o = outcome{s.failures, s.trace.lines}
	})
	return o
}

// shorten leaves out steps as long as the history fails without them.
func shorten(t *testing.T, seed uint64, steps []step, failed outcome) ([]step, outcome) {
	for size := max(len(steps)/2, 1); size > 0; size /= 2 {
		for i := 0; i < len(steps); {
			fewer := slices.Delete(slices.Clone(steps), i, min(i+size, len(steps)))
			if o := replay(t, seed, fewer); len(o.failures) > 0 {
				steps, failed = fewer, o
			} else {
				i += size
			}
		}
	}
	return steps, failed
}
