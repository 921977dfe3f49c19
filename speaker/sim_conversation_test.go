// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// conversation is one connection of a router. All but what is fixed at its start is guarded by simulation.mu.
type conversation struct {
	*router
	conn     *faketest.Conn
	bgp      *bgptest.Session // over conn
	dialled  bool             // by the router
	again    bool             // as after a restart of the router: it replaces the session
	instance int              // of the speaker
	began    int              // the newest configuration that was surely in force then

	opened  *wire.Open
	timer   *time.Timer
	keep    time.Duration // between KEEPALIVEs
	last    time.Time     // when something was received
	stalled time.Time     // since when nothing is read

	// Why the session may end, or not be silent.
	closed string // by the router, and why
	excuse string // why the speaker may give up
	rival  bool   // there was another connection during the handshake
	chosen bool   // the speaker dialled another connection when this one was Established, and was refused
	// replaceable: there was a connection as after a restart of the router, for which the speaker gives up this one silently.
	replaceable bool

	established bool
	link        link
	table       map[wire.Path]held
	gone        map[wire.Path]int // the configurations that withdrawals come from
	models      map[int][]offer   // by configuration
	ends        map[wire.Family]int
	refreshes   map[wire.Family]*refresh
	messages    int // UPDATEs
	received    int // routes, repetitions included
	bucket      bucket
	heldUp      bool // bytes were
	rested      int  // the configuration when it was last at rest, -1 for never
	farewell    *wire.Notification
	over        bool
}

// run speaks BGP until the connection ends.
func (c *conversation) run() {
	defer c.end()
	open := c.router.open()
	if err := c.bgp.SendOpen(open); err != nil {
		return
	}
	for {
		m, err := c.bgp.Next()
		if err != nil {
			c.lost(err)
			return
		}
		reply, ok := c.take(m.Type(), m.Body())
		if err := c.answer(m.Type(), reply); err != nil {
			c.lost(err)
			return
		}
		if !ok {
			return
		}
	}
}

// answer sends the reply to a message. The KEEPALIVE that answers an OPEN may take long, and what follows stays behind it.
func (c *conversation) answer(to wire.MessageType, reply []byte) error {
	if len(reply) == 0 {
		return nil
	}
	c.mu.Lock()
	out, slowness := c.shape[1], c.slowness
	c.mu.Unlock()
	if to == wire.TypeOpen && slowness > 0 {
		c.conn.ShapeOut(faketest.Shape{Latency: slowness})
		defer c.conn.ShapeOut(out)
	}
	return c.bgp.Send(reply)
}

// take handles a message. It returns what to answer, and whether to go on.
func (c *conversation) take(t wire.MessageType, body []byte) (reply []byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Now()
	switch {
	case c.over || c.closed != "":
		return nil, false
	case t == wire.TypeNotification:
		n, err := wire.ParseNotification(body)
		if err != nil {
			c.fail("%v", err)
		}
		n.Data = slices.Clone(n.Data)
		c.farewell = &n
		return nil, true // the end follows
	case c.farewell != nil:
		c.fail("%v after a NOTIFICATION", t)
	case t == wire.TypeOpen && c.opened == nil:
		return c.takeOpen(body)
	case t == wire.TypeKeepalive && c.opened != nil:
		if !c.established {
			c.establish()
		}
	case t == wire.TypeUpdate && c.established:
		c.update(body)
	case t == wire.TypeRouteRefresh && c.established:
		c.refreshed(body)
	default:
		c.fail("unexpected %v (OPEN received: %t, Established: %t)", t, c.opened != nil, c.established)
	}
	return nil, true
}

// takeOpen decides what becomes of the connection (RFC 4271 §6.8). Called with mu held.
func (c *conversation) takeOpen(body []byte) (reply []byte, ok bool) {
	open, err := wire.ParseOpen(body)
	if err != nil {
		c.fail("OPEN: %v", err)
		return nil, false
	}
	c.opened = open
	for _, other := range slices.Clone(c.conversations) {
		other.replaceable = other.replaceable || c.again
		switch {
		case other == c || other.opened == nil || c.again:
		case other.established:
			// RFC 4724 §4.2: a peer that connects anew has restarted; without graceful restart it is too early.
			if c.dialled || !other.graceful() {
				other.chosen = other.chosen || !c.dialled
				return c.reject()
			}
		case c.wins():
			other.closeLocked("collision lost")
		default:
			return c.reject()
		}
	}
	hold := min(c.hold, open.HoldTime)
	c.keep = time.Duration(hold) * time.Second / 3
	c.timer = time.AfterFunc(c.keep, c.tick)
	return wire.AppendKeepalive(nil), true
}

// wins reports whether a collision is won: the connection of the higher identifier is. Called with mu held.
func (c *conversation) wins() bool {
	higher := c.id.Compare(c.opened.RouterID) > 0
	return c.dialled == higher
}

// reject answers an OPEN with Cease/7. Called with mu held.
func (c *conversation) reject() (reply []byte, ok bool) {
	c.closed = "rejected"
	return wire.NewCease(wire.CeaseCollision, "").Append(nil), false
}

// graceful reports whether graceful restart was negotiated. Called with mu held.
func (c *conversation) graceful() bool {
	return c.offers.GracefulRestart != nil && c.opened.Capabilities.GracefulRestart != nil
}

// establish makes the connection the session, in place of one that the speaker gave up. Called with mu held.
func (c *conversation) establish() {
	if old := c.session; old != nil {
		old.closeLocked("replaced")
	}
	c.established, c.session = true, c
	c.negotiate()
	if len(c.link.families) == 0 {
		c.fail("Established without a family in common")
	}
	if c.link.extendedMessage {
		c.bgp.Frames().SetMaxLen(wire.MaxExtendedMessageLen)
	}
	c.logf("%s established (dialled by it: %t), families %v", c.name, c.dialled, c.link.families)
}

// negotiate notes what both OPENs say. Called with mu held.
func (c *conversation) negotiate() {
	ours, theirs := &c.offers, &c.opened.Capabilities
	c.link = link{
		peer: c.name, local: address(c.conn.RemoteAddr()), remote: c.addr, linkLocal: c.linkLocal,
		external:        c.opened.PeerASN() != c.asn,
		extendedMessage: ours.ExtendedMessage && theirs.ExtendedMessage,
		extendedNextHop: len(ours.ExtendedNextHop) > 0 && len(theirs.ExtendedNextHop) > 0,
	}
	if role := theirs.Role; role != nil { // RFC 9234 §5
		c.link.marks = *role == wire.RoleProvider || *role == wire.RolePeer || *role == wire.RoleRouteServer
	}
	for _, f := range set(ours.Families, []wire.Family{wire.IPv4Unicast}) {
		if !slices.Contains(set(theirs.Families, []wire.Family{wire.IPv4Unicast}), f) {
			continue
		}
		c.link.families = append(c.link.families, f)
		c.refreshes[f] = &refresh{}
		if ours.AddPathMode(f).Receives() && theirs.AddPathMode(f).Sends() {
			c.link.addPath = append(c.link.addPath, f)
		}
	}
}

// tick sends a KEEPALIVE, and ends a session whose other end is silent for the hold time.
func (c *conversation) tick() {
	c.mu.Lock()
	silent := time.Since(c.last)
	switch {
	case c.over || c.closed != "":
		c.mu.Unlock()
		return
	case silent > 3*c.keep && c.stalled.IsZero():
		if c.excuse == "" {
			c.fail("silent for %v, longer than the hold time", silent)
		}
		c.closeLocked("hold time")
		c.mu.Unlock()
		return
	}
	c.timer.Reset(c.keep)
	c.mu.Unlock()
	_ = c.bgp.Send(wire.AppendKeepalive(nil)) // the reader sees that it is over
}

// close ends the connection on the router's side.
func (c *conversation) close(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(why)
}

func (c *conversation) closeLocked(why string) {
	if c.closed == "" && !c.over {
		c.closed = why
		c.logf("%s closes: %s", c.name, why)
	}
	c.conn.Stall(false)
	c.conn.Close()
}

// lost judges the end of the connection by the speaker or the network.
func (c *conversation) lost(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if malformed := new(bgptest.HeaderError); errors.As(err, &malformed) {
		c.fail("%v", err)
	}
	how := err.Error()
	if c.farewell != nil {
		how = c.farewell.Error()
	}
	if c.closed != "" {
		return
	}
	c.logf("%s lost: %s", c.name, how)
	if c.established && !c.excused() {
		c.fail("session ended without a cause: %s", how)
	}
}

// excused reports whether the speaker may end the session. Called with mu held.
func (c *conversation) excused() bool {
	collision := c.rival && !c.chosen && c.farewell != nil && c.farewell.Code == wire.CodeCease && c.farewell.Subcode == wire.CeaseCollision
	replaced := c.farewell == nil && c.graceful() && c.replaceable
	if c.excuse != "" || collision || replaced || c.stopping || c.instance != c.simulation.instance {
		return true
	}
	for i := c.began + 1; i < len(c.configs); i++ {
		if endsSession(c, c.configs[i-1], c.configs[i]) {
			return true
		}
	}
	return false
}

// end is the end of a conversation.
func (c *conversation) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.session == c {
		c.session = nil
	}
	c.conversations = slices.DeleteFunc(c.conversations, func(o *conversation) bool { return o == c })
	c.conn.Close()
}

// fail notes a failure of the speaker. Called with mu held.
func (c *conversation) fail(format string, args ...any) {
	c.failLocked("%s (%v): %s", c.name, c.conn.LocalAddr(), fmt.Sprintf(format, args...))
}

func address(a net.Addr) netip.Addr { return a.(*net.TCPAddr).AddrPort().Addr().Unmap() }
