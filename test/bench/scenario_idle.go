// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/herald-bgp/herald/test/bench/program"
	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
	"github.com/herald-bgp/herald/test/process"
)

const (
	idlePeers = 10
	// settle is how long the sessions have been up before the idle window begins.
	settle = 15 * time.Second
	// The budget: what it may hold and use, over how long.
	idleResident = 32 << 20
	idleShare    = 0.001
	idleWindow   = 5 * time.Minute
)

// quiet is what a program uses while nothing happens.
type quiet struct {
	process.Memory
	share float64 // of a core
	err   error
}

// idle has all programs run at the same time, each with sessions of its own: none of them does anything.
func idle(ctx context.Context, b *bench) error {
	results := make([]quiet, len(b.programs))
	var group errgroup.Group
	for i := range b.programs {
		group.Go(func() error {
			results[i] = b.quietOf(ctx, i)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	t := report.Table{
		Title:   "Idle",
		Text:    fmt.Sprintf("%d peers, no routes, a hold time of 90 s, over %s; all programs at the same time.", idlePeers, b.idle),
		Columns: []string{"program", "part of a core", "RssAnon", "VmRSS"},
	}
	for i, p := range b.programs {
		q := results[i]
		if q.err != nil {
			progress("  %s: %v", p.Name(), q.err)
			t.Row(p.Name(), oneLine(q.err), "", "")
			continue
		}
		t.Row(p.Name(), fmt.Sprintf("%.3f %%", 100*q.share), report.Octets(q.Anonymous), report.Octets(q.Resident))
	}
	b.report.Tables = append(b.report.Tables, t)
	what, promise := fmt.Sprintf("idle, %d peers, hold 90", idlePeers), "RssAnon ≤ 32 MiB, at most 0.1 % of a core over 5 minutes"
	herald := results[0]
	if herald.err != nil {
		b.unmeasured(what, promise, herald.err)
		return ctx.Err()
	}
	outcome := report.Judge(herald.Anonymous <= idleResident && herald.share <= idleShare)
	if b.idle < idleWindow {
		outcome = report.NotMeasured
	}
	b.verdict(what, promise, fmt.Sprintf("RssAnon %s, VmRSS %s, %.3f %% over %s",
		report.Octets(herald.Anonymous), report.Octets(herald.Resident), 100*herald.share, b.idle), outcome)
	return ctx.Err()
}

// settled brings up sessions that are still there after a while. A program that has just begun may lose its first ones,
// which is not what this is about.
func (b *bench) settled(ctx context.Context, at place) ([]*sink.Session, error) {
	patient, cancel := context.WithTimeoutCause(ctx, b.patience, errors.New("its sessions do not stay up"))
	defer cancel()
	for {
		sessions, err := connectAll(patient, at, func(i int) sink.Options { return at.sinkOptions(i, 0) })
		if err != nil {
			return nil, err
		}
		if err := wait(patient, settle); err != nil {
			closeAll(sessions)
			return nil, context.Cause(patient)
		}
		if lost(sessions) == nil {
			return sessions, nil
		}
		closeAll(sessions)
	}
}

// lost is why the first session that has ended did so.
func lost(sessions []*sink.Session) error {
	for _, s := range sessions {
		if err := s.Err(); err != nil {
			return fmt.Errorf("a session was lost: %w", err)
		}
	}
	return nil
}

func (b *bench) quietOf(ctx context.Context, i int) (q quiet) {
	at := placeOf(i, idlePeers, false)
	q.err = b.started(ctx, i, program.Plan{Local: at.local, Sinks: at.sinks}, func(p program.Program, _ time.Duration) error {
		sessions, err := b.settled(ctx, at)
		if err != nil {
			return err
		}
		defer closeAll(sessions)
		before, err := program.CPUOf(p)
		if err != nil {
			return err
		}
		if err := wait(ctx, b.idle); err != nil {
			return err
		}
		after, err := program.CPUOf(p)
		if err != nil {
			return err
		}
		q.share = (after - before).Seconds() / b.idle.Seconds()
		if err := lost(sessions); err != nil {
			return err
		}
		q.Memory, err = program.MemoryOf(p)
		return err
	})
	return q
}
