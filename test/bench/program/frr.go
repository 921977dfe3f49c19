// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package program

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"

	"github.com/herald-bgp/herald/test/bench/dataset"
	"github.com/herald-bgp/herald/test/harness"
)

// frr is FRRouting's bgpd, with zebra.
type frr struct {
	plan   Plan
	daemon *harness.FRR
}

func (f *frr) Name() string { return "FRR" }

func (f *frr) Version(ctx context.Context) (string, error) {
	return harness.NewFRR(harness.Config{}).Version(ctx)
}

func (f *frr) Setting() string {
	return "network statements, the community from a route-map a set; one peer-group, passive; advertisement-interval 0, " +
		"import-check off, coalesce-time as shipped (1 s); no kernel routes, no debug"
}

func (f *frr) Start(ctx context.Context, plan Plan) error {
	if plan.First != nil {
		return ErrUnsupported
	}
	f.plan = plan
	config := plan.config()
	config.Text = f.text
	f.daemon = harness.NewFRR(config)
	if err := f.daemon.Start(ctx); err != nil {
		return err
	}
	return await(ctx, plan, f.count)
}

// count reads the number of destinations of the summary.
func (f *frr) count(ctx context.Context) (int, error) {
	answer, err := f.daemon.Ask(ctx, "show bgp "+f.plan.family()+" unicast summary json")
	if err != nil {
		return 0, err
	}
	var summary struct {
		RIBCount int `json:"ribCount"`
	}
	return summary.RIBCount, ignoreEmpty(json.Unmarshal(answer, &summary), summary.RIBCount)
}

// ignoreEmpty gives no error where there was a number.
func ignoreEmpty(err error, n int) error {
	if n > 0 {
		return nil
	}
	return err
}

func (f *frr) text(w io.Writer) error {
	t := newText(w)
	p := &f.plan
	t.line("hostname bench\nlog stdout warnings")
	for _, g := range f.plan.groups() {
		routeMap(t, g.name, g.set.Community)
	}
	if p.Changing != nil {
		routeMap(t, "changing", p.Changing.Sets[0].Community)
	}
	t.line("router bgp %d\n bgp router-id %s\n no bgp ebgp-requires-policy\n no bgp default ipv4-unicast", dataset.ASN, p.RouterID)
	t.line(" no bgp network import-check\n neighbor sinks peer-group\n neighbor sinks remote-as %d\n neighbor sinks passive", SinkASN)
	t.line(" neighbor sinks ebgp-multihop 255\n neighbor sinks timers 30 90\n neighbor sinks timers connect 1")
	t.line(" neighbor sinks update-source %s\n neighbor sinks advertisement-interval 0", p.Local)
	for _, address := range p.Sinks {
		t.line(" neighbor %s peer-group sinks", address)
	}
	t.line(" address-family %s unicast\n  neighbor sinks activate", p.family())
	for _, g := range f.plan.groups() {
		networks(t, g.set, g.name)
	}
	if p.Changing != nil {
		networks(t, &p.Changing.Sets[0], "changing")
	}
	t.line(" exit-address-family")
	return t.finish()
}

func routeMap(t *text, name string, community uint16) {
	t.line("route-map %s permit 10\n set community %d:%d\nexit", name, dataset.ASN, community)
}

func networks(t *text, set *dataset.Set, routeMap string) {
	for prefix := range set.Prefixes() {
		t.line("  network %s route-map %s", prefix, routeMap)
	}
}

// Invite is not needed.
func (*frr) Invite(context.Context) error { return nil }

// Change feeds vtysh the network statements again, with another route-map: a change of the map itself takes effect
// after a delay of seconds.
func (f *frr) Change(ctx context.Context, community uint16) error {
	file := filepath.Join(f.plan.Dir, "change.conf")
	name := "changed" + string('a'+rune(community%26))
	err := writeFile(file, func(t *text) {
		routeMap(t, name, community)
		t.line("router bgp %d\n address-family %s unicast", dataset.ASN, f.plan.family())
		networks(t, &f.plan.Changing.Sets[0], name)
	})
	if err != nil {
		return err
	}
	return f.daemon.Feed(ctx, file)
}

func (f *frr) Processes() []*harness.Process {
	if f.daemon == nil {
		return nil
	}
	return processes(f.daemon.Processes()...)
}

func (f *frr) Log() string {
	if f.daemon == nil {
		return ""
	}
	return f.daemon.Log()
}

func (f *frr) Kill() {
	if f.daemon != nil {
		f.daemon.Kill()
	}
}
