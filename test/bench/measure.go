// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/bench/program"
	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
)

const (
	bgpPort = 179
	// endOfRIBPatience is how long after the last route an End-of-RIB is waited for: some programs send none.
	endOfRIBPatience = 3 * time.Second
	pollInterval     = 5 * time.Millisecond
)

// place is where a program listens and its sinks dial from.
type place struct {
	local netip.Addr
	sinks []netip.Addr
	is6   bool
	// arrivals has the sinks keep when each prefix came.
	arrivals bool
}

// placeOf is that of the program number i.
func placeOf(i, sinks int, is6 bool) place {
	p := place{local: program4(i), is6: is6}
	if is6 {
		p.local = program6(i)
	}
	for s := range sinks {
		if is6 {
			p.sinks = append(p.sinks, sink6(s))
		} else {
			p.sinks = append(p.sinks, sink4(s))
		}
	}
	return p
}

// sinkOptions are the options of one sink.
func (p place) sinkOptions(i, expect int) sink.Options {
	o := sink.Options{Local: p.sinks[i], Target: netip.AddrPortFrom(p.local, bgpPort), Expect: expect, Families: []wire.Family{wire.IPv4Unicast},
		Arrivals: p.arrivals}
	if p.is6 {
		o.Families = []wire.Family{wire.IPv6Unicast}
	}
	if len(p.sinks) > 1 {
		o.Buffer = 1 << 17
	}
	return o
}

// connectAll brings up a session of every sink at once.
func connectAll(ctx context.Context, p place, options func(i int) sink.Options) ([]*sink.Session, error) {
	sessions := make([]*sink.Session, len(p.sinks))
	group, groupCtx := errgroup.WithContext(ctx)
	for i := range p.sinks {
		group.Go(func() (err error) {
			sessions[i], err = sink.Connect(groupCtx, options(i))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		closeAll(sessions)
		return nil, err
	}
	return sessions, nil
}

// syncAll connects all sinks of a place and waits until each has as many routes as are expected.
func syncAll(ctx context.Context, p place, expect int) ([]*sink.Session, error) {
	sessions, err := connectAll(ctx, p, func(i int) sink.Options { return p.sinkOptions(i, expect) })
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		if _, err := s.First.Wait(ctx); err != nil {
			closeAll(sessions)
			return nil, err
		}
	}
	return sessions, nil
}

// closeAll ends the sessions that came up, at once: a program may take its time for each.
func closeAll(sessions []*sink.Session) {
	var group errgroup.Group
	for _, s := range sessions {
		if s != nil {
			group.Go(func() error { _ = s.Close(); return nil }) // its peer may be gone by now
		}
	}
	_ = group.Wait() // no error was given
}

// round is what one round of joins took, of the slowest sink.
type round struct {
	last      time.Duration // from Established to the last route
	fromFirst time.Duration // from the first UPDATE to the last route
	endOfRIB  time.Duration // from Established to End-of-RIB; 0 if there was none
	updates   int           // the most that a sink was sent
}

// join has all sinks of the place join at once, each sent the same routes, and leave again.
func join(ctx context.Context, p place, data *dataset.Data, digest bool) (round, error) {
	expect := data.Count()
	sessions, err := connectAll(ctx, p, func(i int) sink.Options {
		o := p.sinkOptions(i, expect)
		o.Digest = digest
		return o
	})
	if err != nil {
		return round{}, err
	}
	defer closeAll(sessions)
	var r round
	for _, s := range sessions {
		at, err := s.First.Wait(ctx)
		if err != nil {
			return r, err
		}
		r.last = max(r.last, at.Sub(s.Established))
		r.fromFirst = max(r.fromFirst, at.Sub(s.FirstUpdate()))
	}
	deadline := time.Now().Add(endOfRIBPatience)
	for _, s := range sessions {
		until(ctx, deadline, func() bool { return !s.EndOfRIB().IsZero() })
		if end := s.EndOfRIB(); !end.IsZero() {
			r.endOfRIB = max(r.endOfRIB, end.Sub(s.Established))
		}
		counts := s.Counts()
		r.updates = max(r.updates, counts.Updates)
		if digest && (counts.Routes != expect || counts.Withdrawn > 0 || counts.Digest != data.Digest()) {
			return r, fmt.Errorf("wrong routes: %d announced, %d withdrawn, of %d; digest %x, want %x",
				counts.Routes, counts.Withdrawn, expect, counts.Digest, data.Digest())
		}
	}
	return r, nil
}

// until polls a condition that nothing else tells of.
func until(ctx context.Context, deadline time.Time, is func() bool) bool {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for !is() {
		if time.Now().After(deadline) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
	return true
}

// started runs a program with a plan, and hands it to use once it is at rest. startUp is how long it took to have its
// routes.
func (b *bench) started(ctx context.Context, i int, plan program.Plan, use func(p program.Program, startUp time.Duration) error) error {
	p := b.programs[i]
	dir, err := os.MkdirTemp(b.dir, "*")
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	plan.Dir, plan.RouterID, plan.Patience = dir, program4(i), b.patience
	progress("  %s starts", p.Name())
	began := time.Now()
	defer p.Kill()
	if err := p.Start(ctx, plan); err != nil {
		keepLog(p)
		return fmt.Errorf("start: %w", err)
	}
	startUp := time.Since(began)
	progress("  %s has its routes after %s", p.Name(), report.Duration(startUp))
	if err := rest(ctx, p, b.patience); err != nil {
		return err
	}
	if err := use(p, startUp); err != nil {
		keepLog(p)
		return err
	}
	return nil
}

// keepLog leaves the log of a program that failed where a person finds it.
func keepLog(p program.Program) {
	log := p.Log()
	if log == "" {
		return
	}
	name := filepath.Join(os.TempDir(), "herald-bench-"+p.Name()+".log")
	if err := os.WriteFile(name, []byte(log), 0o644); err == nil {
		progress("  its log is %s", name)
	}
}

// rest waits until a program does nothing any more: less than a tenth of a core for half a second.
func rest(ctx context.Context, p program.Program, patience time.Duration) error {
	const window = 500 * time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("it never came to rest"))
	defer cancel()
	ticker := time.NewTicker(window)
	defer ticker.Stop()
	before, err := program.CPUOf(p)
	for err == nil {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		var now time.Duration
		if now, err = program.CPUOf(p); err == nil && now-before < window/10 {
			return nil
		}
		before = now
	}
	return err
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
