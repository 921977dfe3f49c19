// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// step is one step of a history. What it does in detail comes from its own seed alone, so that the others stay what they are
// when a history is shortened.
type step struct {
	action *action
	seed   uint64
}

// action is something that happens to the speaker or its peers.
type action struct {
	name   string
	weight int
	do     func(s *simulation, rnd *rand.Rand)
}

var actions = []*action{
	{"announcements", 20, func(s *simulation, rnd *rand.Rand) { s.reannounce(rnd, 1+rnd.IntN(3)) }},
	{"burst", 6, (*simulation).burst},
	{"withhold", 8, (*simulation).withhold},
	{"defaults", 5, (*simulation).redefault},
	{"peer", 8, (*simulation).editPeer},
	{"node", 5, func(s *simulation, rnd *rand.Rand) {
		s.logf("  node: %s", s.plan.editNode(rnd))
		s.apply(s.plan.config())
	}},
	{"same", 4, func(s *simulation, _ *rand.Rand) { s.plan.copies(); s.apply(s.plan.config()) }},
	{"stall", 10, one("stall", func(c *conversation, _ *rand.Rand) { c.stall() })},
	{"resume", 8, one("resume", func(c *conversation, _ *rand.Rand) { c.resume() })},
	{"refresh", 8, one("refresh", func(c *conversation, rnd *rand.Rand) {
		c.ask([]wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}[rnd.IntN(2)], 1+rnd.IntN(3)/2)
	})},
	{"reset", 6, one("reset", (*conversation).breakOff)},
	{"close", 4, one("close", (*conversation).closeInside)},
	{"partition", 2, one("partition", func(c *conversation, _ *rand.Rand) { c.giveExcuse("partition"); c.conn.Partition(true) })},
	{"heal", 2, one("heal", func(c *conversation, _ *rand.Rand) { c.conn.Partition(false) })},
	{"again", 3, (*simulation).again},
	{"shape", 6, (*simulation).shape},
	{"router", 6, (*simulation).toggle},
	{"restart", 3, (*simulation).restart},
	{"look", 2, (*simulation).look},
	{"wait", 8, func(s *simulation, rnd *rand.Rand) {
		s.sleep([]time.Duration{100 * time.Millisecond, 3 * time.Second, 40 * time.Second, 3 * time.Minute, 9 * time.Minute}[rnd.IntN(5)])
	}},
	{"rest", 1, func(s *simulation, _ *rand.Rand) { s.rest() }},
}

// randomSteps makes up a history.
func randomSteps(rnd *rand.Rand) []step {
	total := 0
	for _, a := range actions {
		total += a.weight
	}
	steps := make([]step, 4+rnd.IntN(30))
	for i := range steps {
		n := rnd.IntN(total)
		for _, a := range actions {
			if n -= a.weight; n < 0 {
				steps[i] = step{action: a, seed: rnd.Uint64()}
				break
			}
		}
	}
	return steps
}

// take does one step, and then lets everything or nothing come to an end, or some time pass.
func (s *simulation) take(st step) {
	rnd := rand.New(rand.NewPCG(st.seed, 1))
	s.logf("%s:", st.action.name)
	st.action.do(s, rnd)
	switch rnd.IntN(5) {
	case 0: // the next one at once
	case 1, 2:
		s.settle()
	case 3:
		s.sleep(time.Duration(rnd.IntN(1000)) * time.Millisecond)
	case 4:
		s.sleep(time.Duration(rnd.IntN(10000)) * time.Millisecond)
	}
}

// one makes an action of what happens to one connection.
func one(name string, do func(*conversation, *rand.Rand)) func(*simulation, *rand.Rand) {
	return func(s *simulation, rnd *rand.Rand) {
		r := s.routers[rnd.IntN(len(s.routers))]
		r.each(func(c *conversation) {
			s.logf("  %s %s", name, r.name)
			do(c, rnd)
		})
	}
}

func (s *simulation) reannounce(rnd *rand.Rand, edits int) {
	for range edits {
		s.logf("  announcements: %s", s.plan.edit(rnd))
	}
	s.apply(s.plan.config())
}

// burst applies several configurations at once, the last of which may be what was there before.
func (s *simulation) burst(rnd *rand.Rand) {
	before := s.plan.announcements
	for range 1 + rnd.IntN(3) {
		s.reannounce(rnd, 1)
	}
	if rnd.IntN(2) == 0 {
		s.logf("  announcements: back")
		s.plan.announcements = before
		s.apply(s.plan.config())
	}
}

// withhold changes which peers are sent some announcements.
func (s *simulation) withhold(rnd *rand.Rand) {
	for range 1 + rnd.IntN(4) {
		if len(s.plan.announcements) == 0 {
			break
		}
		peer := s.plan.peers[rnd.IntN(len(s.plan.peers))]
		key := peer.Name + "/" + s.plan.announcements[rnd.IntN(len(s.plan.announcements))].ID
		s.plan.withheld[key] = !s.plan.withheld[key]
		s.logf("  %s withheld %t", key, s.plan.withheld[key])
	}
	s.apply(s.plan.config())
}

func (s *simulation) redefault(rnd *rand.Rand) {
	peer := s.plan.peers[rnd.IntN(len(s.plan.peers))]
	peer.Export.Defaults = someDefaults(rnd)
	s.logf("  %s defaults: %s", peer.Name, summary(&rib.Announcement{Attributes: peer.Export.Defaults}))
	s.apply(s.plan.config())
}

func (s *simulation) editPeer(rnd *rand.Rand) {
	peer := s.plan.peers[rnd.IntN(len(s.plan.peers))]
	s.logf("  peer %s: %s", peer.Name, peer.edit(rnd))
	s.apply(s.plan.config())
}

// again lets a router connect anew, as if it had restarted.
func (s *simulation) again(rnd *rand.Rand) {
	r := s.routers[rnd.IntN(len(s.routers))]
	if r.cancel != nil {
		s.logf("  %s connects again", r.name)
		r.dial(context.Background(), true)
	}
}

// shape changes how bytes travel: in small pieces, late, through small windows.
func (s *simulation) shape(rnd *rand.Rand) {
	r := s.routers[rnd.IntN(len(s.routers))]
	in := faketest.Shape{
		Window: []int{600, 5000, 0}[rnd.IntN(3)], Segment: []int{0, 100, 1500}[rnd.IntN(3)],
		Latency: []time.Duration{0, time.Millisecond, 20 * time.Millisecond}[rnd.IntN(3)],
	}
	out := faketest.Shape{Segment: []int{0, 1, 7}[rnd.IntN(3)], Latency: []time.Duration{0, 5 * time.Millisecond}[rnd.IntN(2)]}
	// Less than the shortest hold time, and longer than the interval between attempts to dial at most.
	slowness := []time.Duration{0, 0, time.Second, 7 * time.Second}[rnd.IntN(4)]
	s.logf("  %s shape in %+v out %+v, the first KEEPALIVE after %v", r.name, in, out, slowness)
	r.reshape(in, out, slowness)
}

// toggle switches a router off or on.
func (s *simulation) toggle(rnd *rand.Rand) {
	r := s.routers[rnd.IntN(len(s.routers))]
	if r.cancel != nil && rnd.IntN(3) == 0 {
		s.logf("  %s down", r.name)
		r.down()
	} else {
		s.logf("  %s up", r.name)
		r.up()
	}
}

// restart ends the speaker and starts another.
func (s *simulation) restart(rnd *rand.Rand) {
	cause, crash := context.Canceled, false
	switch rnd.IntN(4) {
	case 0:
		cause = speaker.ErrDecommission
	case 1:
		crash = true
	}
	s.logf("  speaker restarts (%v, crash %t)", cause, crash)
	s.endSpeaker(cause, crash)
	if rnd.IntN(2) == 0 {
		s.sleep(time.Duration(rnd.IntN(120)) * time.Second)
	}
	if rnd.IntN(2) == 0 {
		s.logf("  announcements: %s", s.plan.edit(rnd))
	}
	s.run()
}

// look reads what the speaker publishes, as a status page does.
func (s *simulation) look(rnd *rand.Rand) {
	s.speaker.TakeChanged()
	for _, snapshot := range s.speaker.Snapshot() {
		n := rnd.IntN(100)
		err := s.speaker.Routes(snapshot.ID, func(rib.Route) bool { n--; return n > 0 })
		if err != nil && !strings.Contains(err.Error(), speaker.ErrUnknownPeer.Error()) {
			s.failf("routes of %v: %v", snapshot.ID, err)
		}
	}
}

// giveExcuse lets either side end the session.
func (c *conversation) giveExcuse(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.excuse, c.heldUp = why, true
}

// breakOff resets the connection, now or after some bytes.
func (c *conversation) breakOff(rnd *rand.Rand) {
	c.giveExcuse("reset")
	if rnd.IntN(2) == 0 {
		c.conn.Reset()
	} else {
		c.conn.ResetAfter(1 + rnd.IntN(3000))
	}
}

// closeInside sends the beginning of a message, or all of it, and closes the connection.
func (c *conversation) closeInside(rnd *rand.Rand) {
	b := [][]byte{
		wire.NewCease(wire.CeaseAdminReset, "restart").Append(nil),
		wire.AppendKeepalive(nil),
		wire.AppendEndOfRIB(nil, wire.IPv4Unicast),
		wire.FinishMessage(append(wire.AppendHeader(nil, wire.TypeUpdate), 0, 0, 0, 3, 1), 0), // malformed
	}[rnd.IntN(4)]
	n := len(b)
	if rnd.IntN(2) == 0 {
		n = rnd.IntN(n)
	}
	c.giveExcuse(fmt.Sprintf("sent %x", b[:n]))
	_, _ = c.conn.Write(b[:n]) // may be over already
	if rnd.IntN(2) == 0 || n < len(b) {
		c.close("close")
	}
}
