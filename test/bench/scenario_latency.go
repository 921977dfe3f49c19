// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/program"
	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
)

const (
	latencyObjects  = 10_000
	latencyChanges  = 100
	latencyInterval = 100 * time.Millisecond
)

// latency measures what a person sees who puts a file in place. The budget's own path, a Service of an API server, is
// another one.
func latency(ctx context.Context, b *bench) error {
	data := eachAlone(dataset.HostRoutes("10.0.0.0", b.scaled(latencyObjects)))
	at := placeOf(0, 1, false)
	var sample report.Sample[time.Duration]
	plan := program.Plan{Local: at.local, Sinks: at.sinks, Routes: data}
	err := b.started(ctx, 0, plan, func(p program.Program, _ time.Duration) error {
		ctx, cancel := context.WithTimeoutCause(ctx, b.patience, fmt.Errorf("not within %s", b.patience))
		defer cancel()
		sessions, err := syncAll(ctx, at, plan.Count())
		if err != nil {
			return err
		}
		defer closeAll(sessions)
		herald, ok := p.(*program.Herald)
		if !ok {
			return errors.New("the first program is not Herald")
		}
		sample, err = announceEach(ctx, herald, sessions[0])
		return err
	})
	const what = "object change to UPDATE, here a changed file"
	if err != nil {
		b.unmeasured(what, latencyPromise, err)
		return err
	}
	measured := fmt.Sprintf("p50 %s, p99 %s, the 50 ms included for which it waits for more changes",
		report.Duration(sample.Quantile(0.5)), report.Duration(sample.Quantile(0.99)))
	b.verdict(what, latencyPromise, measured, report.Shown)
	t := report.Table{
		Title: "From a changed file to the UPDATE",
		Text: fmt.Sprintf("%d Announcements are there; %d more come, 10 a second, each in a file that is renamed into the directory: from the "+
			"rename to the UPDATE at the sink. A file is looked at 50 ms after the last change in its directory.", data.Count(), latencyChanges),
		Columns: []string{"p50", "p90", "p99", "most"},
	}
	t.Row(report.Duration(sample.Quantile(0.5)), report.Duration(sample.Quantile(0.9)), report.Duration(sample.Quantile(0.99)), report.Duration(sample.Quantile(1)))
	b.report.Tables = append(b.report.Tables, t)
	return nil
}

const latencyPromise = "p50 ≤ 10 ms, p99 ≤ 50 ms at 10 changes a second (of a Service, with an API server)"

// eachAlone puts every route into a set of its own.
func eachAlone(data *dataset.Data) *dataset.Data {
	alone := &dataset.Data{Title: data.Title}
	for prefix := range data.Routes() {
		alone.Sets = append(alone.Sets, dataset.Set{
			Community: uint16(len(alone.Sets) + 1),
			Ranges:    []dataset.Range{{Prefix: prefix, Length: prefix.Bits()}},
		})
	}
	return alone
}

// announceEach puts one Announcement after the other in place.
func announceEach(ctx context.Context, herald *program.Herald, s *sink.Session) (report.Sample[time.Duration], error) {
	expectations := make([]*sink.Expectation, latencyChanges)
	for i := range expectations {
		expectations[i] = s.Expect(i + 1)
	}
	began := make([]time.Time, latencyChanges)
	ticker := time.NewTicker(latencyInterval)
	defer ticker.Stop()
	for i := range began {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-ticker.C:
		}
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, 0, byte(i)}), 32)
		began[i] = time.Now()
		if err := herald.Announce(fmt.Sprintf("latency-%d", i), prefix, 1); err != nil {
			return nil, err
		}
	}
	var sample report.Sample[time.Duration]
	for i, e := range expectations {
		at, err := e.Wait(ctx)
		if err != nil {
			return nil, err
		}
		sample = append(sample, at.Sub(began[i]))
	}
	return sample, nil
}
