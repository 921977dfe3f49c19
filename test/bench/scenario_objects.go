// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/herald-bgp/herald/test/bench/report"
	"github.com/herald-bgp/herald/test/bench/sink"
	"github.com/herald-bgp/herald/test/process"
)

const (
	fewObjects  = 1000
	manyObjects = 10_000
	newObjects  = 5000
	// objectWindows is how many times objectChanges are measured, with one change in each objectInterval.
	objectWindows  = 6
	objectChanges  = 50
	objectInterval = 100 * time.Millisecond
	// objectIdle is how long the processor time is measured that the process uses without a change.
	objectIdle   = 10 * time.Second
	objectsPeers = 20
	stopPatience = 30 * time.Second
)

// objects measures the way from an object of an API server to the wire.
type objects struct {
	*bench
	cluster *cluster
	at      place // of the program under measurement
	floor   *sink.Session
	results []objectsOf // of each Herald
	load    string      // before
}

// objectsOf are the numbers of one binary, by how many Announcements were there.
type objectsOf struct {
	cpu   map[[2]int]report.Sample[time.Duration] // a change, by Announcements and peers; of the node role alone
	idle  map[[2]int]float64                      // part of a core
	wire  map[int]lag
	burst lag
}

// lag is from the API server's answer to the last octet at a sink, of Herald and of the floor.
type lag struct{ herald, floor report.Sample[time.Duration] }

func objectsToWire(ctx context.Context, b *bench) (err error) {
	o := &objects{bench: b, at: placeOf(0, objectsPeers, false), load: load()}
	o.at.arrivals = true
	for range b.heralds() {
		o.results = append(o.results, objectsOf{
			cpu: map[[2]int]report.Sample[time.Duration]{}, idle: map[[2]int]float64{}, wire: map[int]lag{},
		})
	}
	if o.cluster, err = startCluster(ctx, o.at.local); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.cluster.plane.Stop()) }()
	floorAt := netip.AddrPortFrom(program4(maxPrograms-1), bgpPort)
	floor, err := startChild(ctx, "", watchCommand, o.cluster.plane.AdminKubeconfig(), floorAt.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, floor.stop()) }()
	o.floor, err = sink.Connect(ctx, sink.Options{Local: o.at.sinks[0], Target: floorAt, Arrivals: true})
	if err != nil {
		return err
	}
	defer func() { _ = o.floor.Close() }()
	for _, size := range []int{b.scaled(fewObjects), b.scaled(manyObjects)} {
		if err := o.measureBeside(ctx, size); err != nil {
			return err
		}
	}
	err = o.eachHerald(ctx, "all", 1, o.measureNew)
	o.tables()
	return err
}

// measureBeside measures changes beside that many Announcements.
func (o *objects) measureBeside(ctx context.Context, size int) error {
	if _, err := o.cluster.grow(ctx, size-o.cluster.size); err != nil {
		return err
	}
	for _, peers := range []int{objectsPeers, 1} {
		if err := o.eachHerald(ctx, "node", peers, o.measureNode); err != nil {
			return err
		}
	}
	return o.eachHerald(ctx, "all", 1, o.measureWire)
}

// operator is a running herald run whose sinks have all routes.
type operator struct {
	*process.Process
	sinks   []*sink.Session
	results *objectsOf
}

// eachHerald runs one binary after the other in a role, and has it measured.
func (o *objects) eachHerald(ctx context.Context, role string, peers int, measure func(context.Context, *operator) error) error {
	if err := o.cluster.setPeers(ctx, peers); err != nil {
		return err
	}
	for i, herald := range o.heralds() {
		progress("  %s: --role=%s, %d Announcements, %d peers", herald.Name(), role, o.cluster.size, peers)
		if err := o.run(ctx, herald.Binary, role, peers, func(ctx context.Context, p *operator) error {
			p.results = &o.results[i]
			return measure(ctx, p)
		}); err != nil {
			return fmt.Errorf("%s, --role=%s, %d Announcements, %d peers: %w", herald.Name(), role, o.cluster.size, peers, err)
		}
	}
	return nil
}

func (o *objects) run(ctx context.Context, binary, role string, peers int, use func(context.Context, *operator) error) (err error) {
	command := exec.Command(binary, "run", "--role="+role, "--kubeconfig="+o.cluster.plane.AdminKubeconfig(),
		"--namespace="+operatorNamespace, "--node-name="+benchNode, "--listen="+netip.AddrPortFrom(o.at.local, bgpPort).String(),
		"--health-address=127.0.0.1:0", "--metrics-address=nowhere")
	dir, err := os.MkdirTemp(o.dir, "*")
	if err != nil {
		return err
	}
	running, err := process.Start(dir, "herald", command)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			progress("%s", running.Tail())
		}
		err = errors.Join(err, running.Stop(syscall.SIGTERM, stopPatience))
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		<-running.Done()
		cancel(fmt.Errorf("herald ended: %w", running.Err()))
	}()
	sessions, err := o.loaded(ctx, peers)
	if err != nil {
		return err
	}
	defer closeAll(sessions)
	return use(ctx, &operator{Process: running, sinks: sessions})
}

// loaded are sessions of sinks that have all routes.
func (o *objects) loaded(ctx context.Context, peers int) ([]*sink.Session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.patience, fmt.Errorf("the sinks did not have all routes within %s", o.patience))
	defer cancel()
	at := o.at
	at.sinks = at.sinks[:peers]
	return syncAll(ctx, at, o.cluster.size)
}

// idle waits until the process does next to nothing, and returns the part of a core that it uses then.
func (o *objects) idle(ctx context.Context, p *operator) (float64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.patience, errors.New("it never came to rest"))
	defer cancel()
	const busy = 0.1
	for {
		share, err := p.share(ctx, 2*time.Second)
		if err != nil {
			return 0, err
		}
		if share < busy {
			return p.share(ctx, objectIdle)
		}
	}
}

// share is the part of a core that the process uses over a time.
func (p *operator) share(ctx context.Context, over time.Duration) (float64, error) {
	before, err := process.CPUOf(p.PID())
	if err != nil {
		return 0, err
	}
	if err := wait(ctx, over); err != nil {
		return 0, context.Cause(ctx)
	}
	after, err := process.CPUOf(p.PID())
	return (after - before).Seconds() / over.Seconds(), err
}

// measureNode measures what a change costs the node role.
func (o *objects) measureNode(ctx context.Context, p *operator) error {
	key := [2]int{o.cluster.size, len(p.sinks)}
	idle, err := o.idle(ctx, p)
	if err != nil {
		return err
	}
	p.results.idle[key] = idle
	var sample report.Sample[time.Duration]
	for range objectWindows {
		began := time.Now()
		before, err := process.CPUOf(p.PID())
		if err != nil {
			return err
		}
		if _, err := o.changes(ctx, p); err != nil {
			return err
		}
		after, err := process.CPUOf(p.PID())
		if err != nil {
			return err
		}
		unchanged := time.Duration(idle * float64(time.Since(began)))
		sample = append(sample, (after-before-unchanged)/objectChanges)
	}
	p.results.cpu[key] = sample
	progress("    processor time a change %s, idle %.2f %% of a core", report.Durations(sample), 100*idle)
	return nil
}

// measureWire measures how long a change takes to the wire.
func (o *objects) measureWire(ctx context.Context, p *operator) error {
	if err := o.settledRollUp(ctx, p); err != nil {
		return err
	}
	var l lag
	for range objectWindows {
		window, err := o.changes(ctx, p)
		if err != nil {
			return err
		}
		l.herald, l.floor = append(l.herald, window.herald...), append(l.floor, window.floor...)
	}
	p.results.wire[o.cluster.size] = l
	progress("    %s", l)
	return nil
}

// settledRollUp waits until the roll-up has nothing to write.
func (o *objects) settledRollUp(ctx context.Context, p *operator) error {
	patient, cancel := context.WithTimeoutCause(ctx, 2*o.patience, fmt.Errorf("not within %s", 2*o.patience))
	defer cancel()
	if err := o.cluster.advertised(patient); err != nil {
		return err
	}
	_, err := o.idle(ctx, p)
	return err
}

// measureNew measures how long Announcements take to the wire that are created as fast as the server takes them.
func (o *objects) measureNew(ctx context.Context, p *operator) error {
	if err := o.settledRollUp(ctx, p); err != nil {
		return err
	}
	n := o.scaled(newObjects)
	var err error
	p.results.burst, err = o.lags(ctx, p, n, func(ctx context.Context) ([]written, error) { return o.cluster.grow(ctx, n) })
	if err != nil {
		return err
	}
	progress("    %d created: %s", n, p.results.burst)
	return o.cluster.shrink(ctx, n)
}

// changes makes the changes of one window.
func (o *objects) changes(ctx context.Context, p *operator) (lag, error) {
	return o.lags(ctx, p, objectChanges, func(ctx context.Context) ([]written, error) {
		return o.cluster.change(ctx, objectChanges, objectInterval)
	})
}

// lags calls write, which writes n Announcements once each, and waits until the sinks have their prefixes.
func (o *objects) lags(ctx context.Context, p *operator, n int, write func(context.Context) ([]written, error)) (l lag, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.patience, fmt.Errorf("not within %s", o.patience))
	defer cancel()
	sessions := append([]*sink.Session{o.floor}, p.sinks...)
	var expected []*sink.Expectation
	for _, s := range sessions {
		expected = append(expected, s.Expect(n))
	}
	changes, err := write(ctx)
	if err != nil {
		return l, err
	}
	for _, e := range expected {
		if _, err := e.Wait(ctx); err != nil {
			return l, err
		}
	}
	for _, c := range changes {
		l.herald = append(l.herald, p.sinks[0].Arrival(c.prefix).Sub(c.answered))
		l.floor = append(l.floor, o.floor.Arrival(c.prefix).Sub(c.answered))
	}
	return l, nil
}

func (l lag) String() string {
	return fmt.Sprintf("p50 %s, p99 %s; floor p50 %s, p99 %s", report.Duration(l.herald.Quantile(0.5)),
		report.Duration(l.herald.Quantile(0.99)), report.Duration(l.floor.Quantile(0.5)), report.Duration(l.floor.Quantile(0.99)))
}
