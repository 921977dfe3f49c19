// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/harness"
)

// manySets is the number of sets from which on a program is given attributes route by route instead of set by set.
const manySets = 16

// bird is BIRD 2.
type bird struct {
	plan   Plan
	daemon *harness.BIRD
	waker  *waker
}

func (b *bird) Name() string { return "BIRD" }

func (b *bird) Version(ctx context.Context) (string, error) {
	return harness.NewBIRD(harness.Config{}).Version(ctx)
}

func (b *bird) Setting() string {
	return "static routes, the community from the protocol's import filter (1 set) or beside each route; passive; no debug; waits after an error 1 s; " +
		"its control socket is asked for the status each 5 ms, or its last messages would wait up to 3 s for the next event (but not when idle)"
}

func (b *bird) changeFile() string { return filepath.Join(b.plan.Dir, "changing.conf") }

func (b *bird) Start(ctx context.Context, plan Plan) error {
	b.plan = plan
	if plan.Changing != nil {
		if err := writeFile(b.changeFile(), func(t *text) { b.static(t, "changing", &plan.Changing.Sets[0]) }); err != nil {
			return err
		}
	}
	config := plan.config()
	config.Text = b.text
	b.daemon = harness.NewBIRD(config)
	if err := b.daemon.Start(ctx); err != nil {
		return err
	}
	if plan.Routes == nil {
		return nil
	}
	if err := await(ctx, plan, b.count); err != nil {
		return err
	}
	var err error
	b.waker, err = startWaker(ctx, b.daemon.Socket())
	return err
}

// count reads "1000 of 1000 routes for 1000 networks in table master4"; there is always a table of each family.
func (b *bird) count(ctx context.Context) (int, error) {
	answer, err := b.daemon.Ask(ctx, "show", "route", "count", "table", "master"+strings.TrimPrefix(b.plan.family(), "ipv"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(answer), " ")
	return strconv.Atoi(first)
}

func (b *bird) text(w io.Writer) error {
	t := newText(w)
	p := &b.plan
	t.line("log stderr { warning, error, fatal, bug };\nrouter id %s;\nprotocol device {}", p.RouterID)
	for _, data := range []struct {
		name string
		data *dataset.Data
	}{{"routes", p.Routes}, {"first", p.First}} {
		switch {
		case data.data == nil:
		case len(data.data.Sets) < manySets:
			for i := range data.data.Sets {
				b.static(t, fmt.Sprintf("%s%d", data.name, i), &data.data.Sets[i])
			}
		default:
			t.line("protocol static all_%s {\n %s;", data.name, p.family())
			for prefix, set := range data.data.Routes() {
				t.line(" route %s blackhole { bgp_community.add((%d,%d)); };", prefix, dataset.ASN, set.Community)
			}
			t.line("}")
		}
	}
	if p.Changing != nil {
		t.line("include %q;", b.changeFile())
	}
	t.line("template bgp sink {\n local %s as %d;\n strict bind on;\n passive on;\n multihop;\n hold time 90;\n error wait time 1, 2;", p.Local, dataset.ASN)
	t.line(" %s { import none; export filter { if proto ~ \"first*\" then reject; accept; }; };\n}", p.family())
	for i, address := range p.Sinks {
		body := ""
		if i == 0 && p.First != nil {
			body = p.family() + " { export all; };"
		}
		t.line("protocol bgp sink%d from sink { neighbor %s as %d; %s }", i+1, address, SinkASN, body)
	}
	return t.finish()
}

// static writes a protocol of its own for a set.
func (b *bird) static(t *text, name string, set *dataset.Set) {
	t.line("protocol static %s {", name)
	t.line(" %s { import filter { bgp_community.add((%d,%d)); accept; }; };", b.plan.family(), dataset.ASN, set.Community)
	for prefix := range set.Prefixes() {
		t.line(" route %s blackhole;", prefix)
	}
	t.line("}")
}

// Invite is not needed.
func (*bird) Invite(context.Context) error { return nil }

// Change rewrites the file of the changing routes and has BIRD read its configuration again.
func (b *bird) Change(ctx context.Context, community uint16) error {
	set := b.plan.Changing.Sets[0]
	set.Community = community
	if err := writeFile(b.changeFile(), func(t *text) { b.static(t, "changing", &set) }); err != nil {
		return err
	}
	_, err := b.daemon.Ask(ctx, "configure")
	return err
}

func (b *bird) Processes() []*harness.Process {
	if b.daemon == nil {
		return nil
	}
	return processes(b.daemon.Process())
}

func (b *bird) Log() string {
	if b.daemon == nil {
		return ""
	}
	return b.daemon.Log()
}

func (b *bird) Kill() {
	if b.waker != nil {
		b.waker.stop()
		b.waker = nil
	}
	if b.daemon != nil {
		b.daemon.Kill()
	}
}
