// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
)

// child is this program as a speaker, see speakerCommand.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

func startChild(ctx context.Context, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{command: exec.CommandContext(ctx, self, append([]string{speakerCommand}, args...)...)}
	c.command.Stderr = os.Stderr
	if c.in, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewScanner(out)
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	if answer, err := c.answer(); err != nil || answer != "ready" {
		return nil, errors.Join(fmt.Errorf("the speaker says %q", answer), err, c.stop())
	}
	return c, nil
}

func (c *child) answer() (string, error) {
	if !c.out.Scan() {
		return "", errors.Join(errors.New("the speaker has ended"), c.out.Err())
	}
	return c.out.Text(), nil
}

// ask sends a line and reads a number.
func (c *child) ask(line string) (int64, error) {
	if _, err := fmt.Fprintln(c.in, line); err != nil {
		return 0, err
	}
	answer, err := c.answer()
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(answer, 10, 64)
}

func (c *child) stop() error { return errors.Join(c.in.Close(), c.command.Wait()) }

// changed is what the changes of one size took.
type changed struct{ cpu, wall report.Sample[time.Duration] }

func change(ctx context.Context, b *bench) (err error) {
	at := placeOf(0, 1, false)
	routes, sets := b.scaled(million), max(10, b.scaled(manySets))
	c, err := startChild(ctx, at.local.String(), at.sinks[0].String(), strconv.Itoa(routes), strconv.Itoa(sets))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	sessions, err := connectAll(ctx, at, func(i int) sink.Options { return at.sinkOptions(i, routes) })
	if err != nil {
		return err
	}
	defer closeAll(sessions)
	expected := routes
	for _, size := range changeSizes {
		expected += size
	}
	if _, err := sessions[0].Expect(expected - sessions[0].Counts().Routes).Wait(ctx); err != nil {
		return err
	}
	results := map[int]changed{}
	for _, size := range changeSizes {
		// The first change of each size is a rehearsal.
		for n := range b.rounds + 1 {
			cpu, wall, err := c.change(ctx, sessions[0], size)
			if err != nil {
				return err
			}
			if r := results[size]; n > 0 {
				results[size] = changed{append(r.cpu, cpu), append(r.wall, wall)}
			}
		}
		progress("  %d: processor %s, time %s", size, report.Durations(results[size].cpu), report.Durations(results[size].wall))
	}
	b.changeTable(routes, sets, results)
	return nil
}

// change makes one change. The processor time is all that the process used from before Apply until the sink had the last
// route.
func (c *child) change(ctx context.Context, s *sink.Session, size int) (cpu, wall time.Duration, err error) {
	before, err := c.settled(ctx)
	if err != nil {
		return 0, 0, err
	}
	expectation := s.Expect(size)
	applied, err := c.ask("change " + strconv.Itoa(size))
	if err != nil {
		return 0, 0, err
	}
	at, err := expectation.Wait(ctx)
	if err != nil {
		return 0, 0, err
	}
	after, err := c.ask("used")
	return time.Duration(after - before), at.Sub(time.Unix(0, applied)), err
}

// settled waits until the speaker uses next to nothing, and returns what it has used.
func (c *child) settled(ctx context.Context) (int64, error) {
	const window = 100 * time.Millisecond
	before, err := c.ask("used")
	for err == nil {
		if err = wait(ctx, window); err != nil {
			break
		}
		var now int64
		if now, err = c.ask("used"); time.Duration(now-before) < window/50 {
			return now, err
		}
		before = now
	}
	return 0, err
}

func (b *bench) changeTable(routes, sets int, results map[int]changed) {
	t := report.Table{
		Title: "A change of k prefixes",
		Text: fmt.Sprintf("The MED of one announcement of k prefixes changes beside %d others in %d announcements, in a process that is the speaker "+
			"alone. Processor time of the whole process from `Speaker.Apply` until the sink has the last of the k; both clocks are of one machine.", routes, sets),
		Columns: []string{"k", "processor time", "time"},
	}
	for _, size := range changeSizes {
		t.Row(fmt.Sprint(size), report.Durations(results[size].cpu), report.Durations(results[size].wall))
	}
	b.report.Tables = append(b.report.Tables, t)
	one, thousand, most := results[1].cpu.Median(), results[1000].cpu.Median(), results[10_000].cpu.Median()
	b.budget("a change of 10,000 prefixes among 1 M", "processor time at most 15 × that of 1,000",
		strings.Join([]string{report.Duration(most), "against", report.Duration(thousand), "(" + report.Ratio(most, thousand) + ")"}, " "), most <= 15*thousand)
	b.budget("a change of 1 prefix among 1 M", "processor time under 1 ms", report.Duration(one), one < time.Millisecond)
}
