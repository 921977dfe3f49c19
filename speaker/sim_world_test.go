// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/rib"
)

// simulation is a speaker with its configurations and its peers, in a synctest bubble.
type simulation struct {
	t         *testing.T
	network   *faketest.Network
	host      *faketest.Host
	linkLocal netip.Addr
	jitter    float64
	speaker   *speaker.Speaker
	stop      func(cause error) // ends Run and waits for it
	plan      plan
	routers   []*router
	start     time.Time

	mu       sync.Mutex
	instance int // of the speaker
	stopping bool
	configs  []*speaker.Config // all that were applied; the first is empty
	settled  int               // the newest that the speaker has surely taken
	failures []string

	trace struct { // a leaf
		sync.Mutex
		lines []string
	}
}

// newSimulation makes up a speaker and its peers. It must be called in a bubble.
func newSimulation(t *testing.T, rnd *rand.Rand) *simulation {
	s := &simulation{t: t, network: faketest.New(), jitter: 0.75 + rnd.Float64()/4, start: time.Now()}
	s.configs = []*speaker.Config{{}}
	s.host = s.network.Host(speakerAddress(true), speakerAddress(false))
	if rnd.IntN(2) == 0 {
		s.linkLocal = netip.MustParseAddr("fe80::10")
		s.host.LinkLocalAddr = s.linkLocal
	}
	s.plan = plan{
		routerID: netip.AddrFrom4([4]byte{192, 0, 2, 100}), withheld: map[string]bool{}, blocks: smallBlocks,
		node4: *cmp.Or(maybe(rnd, netip.MustParseAddr("203.0.113.10")), new(netip.Addr)),
		node6: *cmp.Or(maybe(rnd, netip.MustParseAddr("2001:db8:ffff::10")), new(netip.Addr)),
	}
	if rnd.IntN(24) == 0 {
		s.plan.blocks = slices.Concat(smallBlocks, largeBlocks)
		s.plan.bulky = rnd.IntN(3) == 0 // so that who reads nothing is soon told from the table instead of the log
	}
	for i := range 1 + rnd.IntN(5) {
		r := newRouter(s, rnd, i)
		s.routers = append(s.routers, r)
		s.plan.peers = append(s.plan.peers, planFor(rnd, r))
		if rnd.IntN(6) > 0 {
			r.up()
		}
	}
	for range rnd.IntN(8) {
		s.plan.add(rnd)
	}
	s.run()
	return s
}

// planFor is how the speaker is told of a router.
func planFor(rnd *rand.Rand, r *router) *plannedPeer {
	p := &plannedPeer{passes: r.dials, absent: rnd.IntN(6) == 0, given: given{Peer: speaker.Peer{
		Name: r.name, Address: netip.AddrPortFrom(r.addr, 179), LocalASN: localASNs[0], PeerASN: r.asn,
		Families: someFamilies(rnd),
	}, Export: export{Defaults: someDefaults(rnd), RatePerSecond: someRate(rnd)}}}
	if rnd.IntN(2) == 0 {
		p.Capabilities = someCapabilities(rnd)
	}
	if rnd.IntN(3) > 0 {
		p.GracefulRestart = &speaker.GracefulRestart{RestartTime: 2 * time.Minute}
	}
	return p
}

func someDefaults(rnd *rand.Rand) rib.Attributes {
	if rnd.IntN(2) == 0 {
		return rib.Attributes{}
	}
	return attributes(rnd)
}

// run starts a speaker and gives it the newest configuration.
func (s *simulation) run() {
	s.speaker = speaker.New(speaker.Options{
		Logger:    s.logger(),
		Listen:    []netip.AddrPort{netip.AddrPortFrom(speakerAddress(true), 179), netip.AddrPortFrom(speakerAddress(false), 179)},
		Transport: s.host,
		Uptime:    func() time.Duration { return time.Since(s.start) },
	})
	s.speaker.SetJitter(s.jitter)
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	running := s.speaker
	go func() { done <- running.Run(ctx) }()
	s.stop = func(cause error) {
		cancel(cause)
		if err := <-done; err != nil {
			s.failf("Run: %v", err)
		}
	}
	s.apply(s.plan.config())
}

// apply makes a configuration the desired one.
func (s *simulation) apply(cfg *speaker.Config) {
	s.mu.Lock()
	s.configs = append(s.configs, cfg)
	s.logf("configuration %d", len(s.configs)-1)
	s.mu.Unlock()
	if err := s.speaker.Apply(cfg); err != nil {
		s.failf("configuration refused: %v", err)
	}
}

// settle waits until nothing moves without time passing.
func (s *simulation) settle() {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = len(s.configs) - 1
}

// sleep lets time pass.
func (s *simulation) sleep(d time.Duration) {
	time.Sleep(d) // the bubble's clock
	s.settle()
}

// endSpeaker ends the speaker in one of three ways.
func (s *simulation) endSpeaker(cause error, crash bool) {
	s.mu.Lock()
	s.stopping = true
	if cause == speaker.ErrDecommission {
		s.configs = append(s.configs, &speaker.Config{}) // withdraws everything
	}
	s.mu.Unlock()
	if crash {
		s.host.Crash()
	}
	s.stop(cause)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = false
	s.instance++
}

// endsSession reports whether a change of the configuration may end a session.
func endsSession(c *conversation, old, new *speaker.Config) bool {
	find := func(cfg *speaker.Config) *speaker.Peer {
		i := slices.IndexFunc(cfg.Peers, func(p *speaker.Peer) bool { return p.Name == c.name })
		if i < 0 {
			return nil
		}
		return cfg.Peers[i]
	}
	a, b := find(old), find(new)
	if a == nil || b == nil {
		return a != b
	}
	none := speaker.GracefulRestart{RestartTime: -1}
	deferred := !slices.Equal(a.Families, b.Families) || a.Timers.Hold != b.Timers.Hold ||
		!a.Capabilities.Equal(&b.Capabilities) || *cmp.Or(a.GracefulRestart, &none) != *cmp.Or(b.GracefulRestart, &none)
	forbidden := speaker.ConnectActive // a session that the router dialled
	if !c.dialled {
		forbidden = speaker.ConnectPassive
	}
	chosen := old.RouterIDOrigin == speaker.RouterIDChosen || new.RouterIDOrigin == speaker.RouterIDChosen
	return chosen && (old.RouterID != new.RouterID || old.RouterIDOrigin != new.RouterIDOrigin) ||
		a.AdminDown != b.AdminDown || a.LocalASN != b.LocalASN || a.LocalAddress != b.LocalAddress || b.ConnectMode == forbidden ||
		b.ApplyImmediate && (deferred || !a.ApplyImmediate) ||
		c.messages == 0 && (deferred || a.ConnectMode != b.ConnectMode) // not Established at the speaker yet
}

// readdressed reports whether a change of the configuration concerns an address that is next hop self on the connection.
func (c *conversation) readdressed(old, new *speaker.Config) bool {
	if c.addr.Is4() {
		return old.NodeAddress6 != new.NodeAddress6
	}
	return old.NodeAddress4 != new.NodeAddress4
}

// logf adds to the trace.
func (s *simulation) logf(format string, args ...any) {
	const longest = 2000
	s.trace.Lock()
	defer s.trace.Unlock()
	if len(s.trace.lines) < longest {
		s.trace.lines = append(s.trace.lines, fmt.Sprintf("%10v  "+format,
			append([]any{time.Since(s.start).Round(time.Millisecond)}, args...)...))
	}
}

// logger adds the speaker's own lines to the trace.
func (s *simulation) logger() logr.Logger {
	return funcr.New(func(_, args string) { s.logf("    %s", args) }, funcr.Options{})
}

// failLocked notes a failure. Called with mu held.
func (s *simulation) failLocked(format string, args ...any) {
	const most = 10
	if len(s.failures) < most {
		s.failures = append(s.failures, fmt.Sprintf(format, args...))
		s.logf("FAILED: "+format, args...)
	}
}

func (s *simulation) failf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failLocked(format, args...)
}

func (s *simulation) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.failures) > 0
}
