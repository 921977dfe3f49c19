// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"maps"
	"slices"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// restLimit is how long it may take to send everything once nothing hinders the sessions: hold times, back-offs, and at worst a
// message for each of some thousand prefixes at two a second.
const restLimit = time.Hour

// rest ends all faults, waits until everything has come to rest, and checks what must hold then.
func (s *simulation) rest() {
	for _, r := range s.routers {
		r.up()
		r.reshape(faketest.Shape{}, faketest.Shape{}, 0)
		r.each(func(c *conversation) {
			c.resume()
			c.conn.Partition(false)
			c.conn.ResetAfter(0)
		})
	}
	for began, read := time.Now(), s.read(); ; {
		s.sleep(10 * time.Second)
		before := read
		if read = s.read(); s.failed() || s.calm() && maps.Equal(read, before) {
			break // and no answer to a ROUTE-REFRESH goes on, be it at one UPDATE a second
		}
		if time.Since(began) > restLimit {
			s.restless()
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.routers {
		if r.session != nil {
			r.session.compare()
			r.session.excuse, r.session.rival = "", false // it has outlasted whatever it was
			r.session.rested = len(s.configs) - 1
		}
	}
	s.compareReports()
}

// read is how many UPDATEs came on each session.
func (s *simulation) read() map[*conversation]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[*conversation]int{}
	for _, r := range s.routers {
		if r.session != nil {
			counts[r.session] = r.session.messages
		}
	}
	return counts
}

// expected reports whether a session with the router is to be up, or may be: one that was opened with other families goes on.
func (s *simulation) expected(r *router) bool {
	p := s.configured(r)
	return p != nil && (r.session != nil || r.hasOneOf(p.Families))
}

// configured is the router as a peer that may connect, nil where it may not.
func (s *simulation) configured(r *router) *speaker.Peer {
	cfg := s.configs[len(s.configs)-1]
	i := slices.IndexFunc(cfg.Peers, func(p *speaker.Peer) bool { return p.Name == r.name && !p.AdminDown })
	if i < 0 {
		return nil
	}
	return cfg.Peers[i]
}

// hasOneOf reports whether a session of those families can carry anything (RFC 4760 §8).
func (r *router) hasOneOf(families []wire.Family) bool {
	return slices.ContainsFunc(set(r.offers.Families, []wire.Family{wire.IPv4Unicast}), func(f wire.Family) bool {
		return slices.Contains(families, f)
	})
}

// calm reports whether all sessions are as they are to be and have nothing more to send.
func (s *simulation) calm() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.routers {
		snapshot, known := s.speaker.Peer(r.sessionID())
		switch c := r.session; {
		case !s.expected(r):
			if c != nil || known && snapshot.State == speaker.StateEstablished {
				return false
			}
		case c == nil || snapshot.State != speaker.StateEstablished || snapshot.Routes.Token != s.plan.token:
			return false
		case snapshot.LocalAddress.String() != c.conn.RemoteAddr().String() || snapshot.PeerAddress.String() != c.conn.LocalAddr().String():
			return false
		}
	}
	return true
}

// restless says what is not as it is to be.
func (s *simulation) restless() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.routers {
		snapshot, _ := s.speaker.Peer(r.sessionID())
		s.failLocked("no rest: %s: expected %t, up %t, %d connections; the speaker: %v, token %v of %v, last error %+v",
			r.name, s.expected(r), r.session != nil, len(r.conversations), snapshot.State, snapshot.Routes.Token, s.plan.token,
			snapshot.LastError)
	}
}

// compareReports holds what the speaker says of its sessions against what the routers know. Called with mu held.
func (s *simulation) compareReports() {
	for _, r := range s.routers {
		c := r.session
		if c == nil {
			continue
		}
		snapshot, _ := s.speaker.Peer(r.sessionID())
		announced := 0
		for _, f := range snapshot.Routes.Announced {
			announced += f.Routes
		}
		listed := 0
		err := s.speaker.Routes(r.sessionID(), func(route rib.Route) bool {
			listed++
			if _, holds := c.table[wire.Path{ID: route.PathID, Prefix: route.NLRI.Prefix}]; !holds {
				c.fail("at rest: the speaker lists %v, which was not announced", route)
			}
			return true
		})
		if err != nil || announced != len(c.table) || listed != len(c.table) {
			c.fail("at rest: %d routes reported, %d listed, %d announced; %v", announced, listed, len(c.table), err)
		}
	}
}

// still applies the same again, which is to move nothing.
func (s *simulation) still() {
	before := s.read()
	s.plan.copies()
	s.apply(s.plan.config())
	s.sleep(100 * time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, n := range before {
		if c.over || c.messages != n {
			c.fail("the same configuration again: %d UPDATEs, session over: %t", c.messages-n, c.over)
		}
	}
}

// finish ends the speaker at rest and checks how it takes leave.
func (s *simulation) finish(cause error) {
	var sessions []*conversation
	s.mu.Lock()
	for _, r := range s.routers {
		if r.session != nil {
			sessions = append(sessions, r.session)
		}
	}
	calm := len(s.failures) == 0
	s.mu.Unlock()
	s.endSpeaker(cause, false)
	s.settle()
	s.mu.Lock()
	for _, c := range sessions {
		if calm {
			c.checkLeave(cause)
		}
	}
	s.mu.Unlock()
	for _, r := range s.routers {
		r.down()
	}
	s.settle()
	if n := s.network.Open(); n > 0 {
		s.failf("%d ends of connections are open at the end", n)
	}
}

// checkLeave checks the end of a session at rest. Called with mu held.
func (c *conversation) checkLeave(cause error) {
	want := "none"
	switch {
	case cause == speaker.ErrDecommission && c.graceful() && c.offers.GracefulRestart.Notifications &&
		c.opened.Capabilities.GracefulRestart.Notifications:
		want = "6/9" // RFC 8538 §4
	case cause == speaker.ErrDecommission:
		want = "6/2"
	case !c.graceful():
		want = "6/4"
	}
	got := "none"
	if c.farewell != nil {
		got = string([]byte{'0' + c.farewell.Code, '/', '0' + c.farewell.Subcode})
	}
	if got != want || !c.over {
		c.fail("the end (%v): NOTIFICATION %s, want %s, connection over: %t", cause, got, want, c.over)
	}
	if held := len(c.table); cause == speaker.ErrDecommission && held > 0 {
		c.fail("decommission: %d routes were not withdrawn", held)
	}
}

// reshape changes how bytes travel, on open connections too.
func (r *router) reshape(in, out faketest.Shape, slowness time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shape, r.slowness = [2]faketest.Shape{in, out}, slowness
	for _, c := range r.conversations {
		c.heldUp = true
		c.conn.ShapeIn(in)
		c.conn.ShapeOut(out)
	}
}

// each calls f for the router's connections.
func (r *router) each(f func(*conversation)) {
	r.mu.Lock()
	open := slices.Clone(r.conversations)
	r.mu.Unlock()
	for _, c := range open {
		f(c)
	}
}

// patience is how long a peer may read nothing before the speaker gives up (RFC 9687).
const patience = 480 * time.Second

func (c *conversation) stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled.IsZero() {
		c.stalled, c.heldUp = time.Now(), true
		c.conn.Stall(true)
	}
}

func (c *conversation) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stalled.IsZero() {
		if time.Since(c.stalled) >= patience {
			c.excuse = "read nothing for too long"
		}
		c.stalled, c.last = time.Time{}, time.Now()
		c.conn.Stall(false)
	}
}
