// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/program"
	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
)

const (
	rateLimit = 50
	rateSets  = 500 // an UPDATE each
	// rateJitter is what the way to the sink may add to, or take from, the distance between two UPDATEs.
	rateJitter = 20 * time.Millisecond
)

// rate counts the UPDATEs of a limited session in every window.
func rate(ctx context.Context, b *bench) error {
	what, promise := fmt.Sprintf("rate limit r = %d a second", rateLimit), "in any window T at most r × T + r UPDATEs"
	data := dataset.Mixed(4*rateSets, rateSets)
	at := placeOf(0, 1, false)
	plan := program.Plan{Local: at.local, Sinks: at.sinks, Routes: data, RatePerSecond: rateLimit}
	err := b.started(ctx, 0, plan, func(_ program.Program, _ time.Duration) error {
		ctx, cancel := context.WithTimeoutCause(ctx, b.patience, fmt.Errorf("not within %s", b.patience))
		defer cancel()
		sessions, err := connectAll(ctx, at, func(i int) sink.Options {
			o := at.sinkOptions(i, plan.Count())
			o.Stamps = true
			return o
		})
		if err != nil {
			return err
		}
		defer closeAll(sessions)
		last, err := sessions[0].First.Wait(ctx)
		if err != nil {
			return err
		}
		stamps := sessions[0].Stamps()
		excess := burst(stamps, rateLimit)
		measured := fmt.Sprintf("%d UPDATEs in %.1f s; the worst window has r × T + %.1f (%s of jitter allowed)",
			len(stamps), last.Sub(sessions[0].Established).Seconds(), excess, rateJitter)
		b.verdict(what, promise, measured, report.Judge(excess <= rateLimit*(1+rateJitter.Seconds())))
		return nil
	})
	if errors.Is(err, program.ErrRefused) {
		b.unmeasured(what, promise, errors.New("this version's BGPPeer has no updates.ratePerSecond"))
		return nil
	}
	if err != nil {
		b.unmeasured(what, promise, err)
	}
	return err
}

// burst is the most by which the number of events in a window exceeds rate × the window's length.
func burst(stamps []time.Time, rate float64) float64 {
	// For a window from event i to event j it is (j − rate × t(j)) − (i − rate × t(i)) + 1: the least of the second term so
	// far is enough.
	most, least := 0.0, 0.0
	for j, stamp := range stamps {
		value := float64(j) - rate*stamp.Sub(stamps[0]).Seconds()
		least = min(least, value)
		most = max(most, value-least+1)
	}
	return most
}
