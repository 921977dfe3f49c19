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
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
)

// child is this program as a speaker or a floor, see speakerCommand and watchCommand.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// startChild runs a binary of this program, this one itself where none is named.
func startChild(ctx context.Context, binary string, args ...string) (_ *child, err error) {
	if binary == "" {
		if binary, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	c := &child{command: exec.CommandContext(ctx, binary, args...)}
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
		return nil, errors.Join(fmt.Errorf("the child says %q", answer), err, c.stop())
	}
	return c, nil
}

func (c *child) answer() (string, error) {
	if !c.out.Scan() {
		return "", errors.Join(errors.New("the child has ended"), c.out.Err())
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

// changer is a speaker of one commit, and what its changes took by their size.
type changer struct {
	name string
	*child
	sink    *sink.Session
	results map[int]changed
}

func change(ctx context.Context, b *bench) (err error) {
	routes, sets := b.scaled(million), max(10, b.scaled(manySets))
	var changers []*changer
	defer func() {
		for _, c := range changers {
			_ = c.sink.Close() // its speaker may be gone by now
			err = errors.Join(err, c.stop())
		}
	}()
	for i, herald := range b.heralds() {
		binary := ""
		if i > 0 {
			binary = filepath.Join(filepath.Dir(herald.Binary), "bench")
		}
		c, err := startChanger(ctx, herald.Name(), binary, placeOf(i, 1, false), routes, sets)
		if err != nil {
			return fmt.Errorf("%s: %w", herald.Name(), err)
		}
		changers = append(changers, c)
	}
	for _, size := range changeSizes {
		// The first change of each size is a rehearsal.
		for n := range b.rounds + 1 {
			for _, c := range inTurns(n, changers) {
				cpu, wall, err := c.change(ctx, c.sink, size)
				if err != nil {
					return err
				}
				if r := c.results[size]; n > 0 {
					c.results[size] = changed{append(r.cpu, cpu), append(r.wall, wall)}
				}
			}
		}
		for _, c := range changers {
			progress("  %s: %d: processor %s, time %s", c.name, size, report.Durations(c.results[size].cpu), report.Durations(c.results[size].wall))
		}
	}
	b.changeTable(routes, sets, changers)
	return nil
}

// startChanger starts a speaker and waits until its sink has all routes.
func startChanger(ctx context.Context, name, binary string, at place, routes, sets int) (_ *changer, err error) {
	c := &changer{name: name, results: map[int]changed{}}
	c.child, err = startChild(ctx, binary, speakerCommand, at.local.String(), at.sinks[0].String(), strconv.Itoa(routes), strconv.Itoa(sets))
	if err != nil {
		return nil, err
	}
	for _, size := range changeSizes {
		routes += size
	}
	sessions, err := syncAll(ctx, at, routes)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	c.sink = sessions[0]
	return c, nil
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

func (b *bench) changeTable(routes, sets int, changers []*changer) {
	t := report.Table{
		Title: "A change of k prefixes",
		Text: fmt.Sprintf("The MED of one announcement of k prefixes changes beside %d others in %d announcements, in a process that is the speaker "+
			"alone. Processor time of the whole process from `Speaker.Apply` until the sink has the last of the k; both clocks are of one machine.", routes, sets),
		Columns: []string{"program", "k", "processor time", "time"},
	}
	for _, c := range changers {
		for _, size := range changeSizes {
			t.Row(c.name, fmt.Sprint(size), report.Durations(c.results[size].cpu), report.Durations(c.results[size].wall))
		}
	}
	b.report.Tables = append(b.report.Tables, t)
	results := changers[0].results
	for _, base := range changers[1:] {
		for _, size := range changeSizes {
			compare(b, fmt.Sprintf("processor time of a change of %d", size), results[size].cpu, base.results[size].cpu, report.Duration)
			compare(b, fmt.Sprintf("time of a change of %d", size), results[size].wall, base.results[size].wall, report.Duration)
		}
	}
	one, thousand, most := results[1].cpu.Median(), results[1000].cpu.Median(), results[10_000].cpu.Median()
	b.budget("a change of 10,000 prefixes among 1 M", "processor time at most 15 × that of 1,000",
		strings.Join([]string{report.Duration(most), "against", report.Duration(thousand), "(" + report.Ratio(most, thousand) + ")"}, " "), most <= 15*thousand)
	b.budget("a change of 1 prefix among 1 M", "processor time under 1 ms", report.Duration(one), one < time.Millisecond)
}
