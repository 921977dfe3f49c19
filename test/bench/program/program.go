// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package program runs the programs under measurement, each in the smallest configuration that is fair to it: it
// originates the same routes itself, accepts the sinks that dial in, and logs nothing for each route.
package program

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/harness"
)

// SinkASN is the autonomous system of the sinks; programs are dataset.ASN.
const SinkASN = 64513

// Plan is what a program is to announce, and to whom.
type Plan struct {
	// Dir is a folder for the program's files.
	Dir string
	// Local is where the program listens, on port 179, and RouterID its BGP identifier.
	Local, RouterID netip.Addr
	// Sinks are its neighbours' addresses.
	Sinks []netip.Addr
	// Routes go to every sink, nil for none.
	Routes *dataset.Data
	// First are more routes, for the first sink alone. Not every program's configuration here has them.
	First *dataset.Data
	// Changing are more routes of one set, for every sink, which Change gives another community.
	Changing *dataset.Data
	// RatePerSecond limits the UPDATEs to each sink, 0 for no limit. Herald alone has this.
	RatePerSecond int
	// Trace has Herald log the size of its live heap.
	Trace bool
	// Patience is how long the program may take to have its routes.
	Patience time.Duration
}

// Program is a program under measurement.
type Program interface {
	// Name is what people call it.
	Name() string
	// Version is what it says of itself.
	Version(ctx context.Context) (string, error)
	// Setting says in a line how it is configured.
	Setting() string
	// Start runs it and returns once it answers with its routes in place.
	Start(ctx context.Context, plan Plan) error
	// Invite has the program take its sinks back at once where it would keep away from them for a while after they left.
	Invite(ctx context.Context) error
	// Change gives the routes of Plan.Changing another community, in the way in which the program is told of such a
	// change. It returns when the program was told.
	Change(ctx context.Context, community uint16) error
	// Processes are the processes that run for the program.
	Processes() []*harness.Process
	// Log is what it wrote so far.
	Log() string
	// Kill ends it.
	Kill()
}

// ErrUnsupported says that a program, or its configuration here, has no such thing.
var ErrUnsupported = errors.New("not measured: this program has no such thing, or is not set up for it here")

// Rivals are the other programs.
func Rivals() []Program {
	return []Program{&bird{}, &frr{}, &gobgp{}, &openbgpd{}, &exabgp{}}
}

// all are the routes for every sink, with those that change.
func (p *Plan) all() []*dataset.Data {
	return slices.DeleteFunc([]*dataset.Data{p.Routes, p.Changing}, func(d *dataset.Data) bool { return d == nil })
}

// Count is how many routes every sink is sent.
func (p *Plan) Count() int {
	n := 0
	for _, d := range p.all() {
		n += d.Count()
	}
	return n
}

// is6 says whether sessions and routes are IPv6 ones.
func (p *Plan) is6() bool { return p.Local.Is6() }

// family is the name of the routes' family, as most programs write it.
func (p *Plan) family() string {
	if p.is6() {
		return "ipv6"
	}
	return "ipv4"
}

// group is routes of one set, which some configurations name.
type group struct {
	name string
	set  *dataset.Set
}

// groups are all sets of the plan that are there from the start, by name. The routes of First come last.
func (p *Plan) groups() []group {
	var groups []group
	for _, named := range []struct {
		name string
		data *dataset.Data
	}{{"routes", p.Routes}, {"first", p.First}} {
		if named.data == nil {
			continue
		}
		for i := range named.data.Sets {
			set := &named.data.Sets[i]
			groups = append(groups, group{name: fmt.Sprintf("%s%d", named.name, set.Community), set: set})
		}
	}
	return groups
}

// await asks until the program has that many routes.
func await(ctx context.Context, plan Plan, count func(context.Context) (int, error)) error {
	want := plan.Count()
	if plan.First != nil {
		want += plan.First.Count()
	}
	ctx, cancel := context.WithTimeout(ctx, plan.Patience)
	defer cancel()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		have, err := count(ctx)
		if err == nil && have >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it has %d of %d routes: %w", have, want, errors.Join(err, context.Cause(ctx)))
		case <-ticker.C:
		}
	}
}

// firstLine is that of a version.
func firstLine(text []byte, err error) (string, error) {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line, err
}

// config is what every daemon of the harness is given: the text stands for all the rest.
func (p *Plan) config() harness.Config {
	return harness.Config{
		Dir: p.Dir, RouterID: p.RouterID, ASN: dataset.ASN, Listen: p.Local, Patience: p.Patience,
		Neighbor: harness.Neighbor{Address: p.Sinks[0], ASN: SinkASN, LocalAddress: p.Local},
	}
}
