// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker_test

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/internal/faketest"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
	"github.com/herald-bgp/herald/test/bgptest"
)

// router is a peer of the speaker: it connects as routers do, keeps what it is sent, and checks it.
type router struct {
	*simulation
	name     string
	host     *faketest.Host
	addr, id netip.Addr
	asn      uint32
	hold     uint16
	bare     bool // without any capabilities: an old one
	offers   wire.Capabilities
	dials    bool
	retry    time.Duration

	group  sync.WaitGroup
	cancel context.CancelFunc // nil while down

	// Guarded by simulation.mu.
	off           bool              // is going down: new connections end at once
	shape         [2]faketest.Shape // of new connections: in and out
	slowness      time.Duration     // that the first KEEPALIVE on a new connection takes
	conversations []*conversation
	session       *conversation // the Established one
}

// sessionID is the ID of the speaker's session with the router.
func (r *router) sessionID() speaker.SessionID {
	return speaker.SessionID{Peer: r.name, Remote: r.addr}
}

// newRouter makes up a peer of that number.
func newRouter(s *simulation, rnd *rand.Rand, i int) *router {
	r := &router{
		simulation: s, name: string(rune('a' + i)), addr: routerAddress(i),
		id:   netip.AddrFrom4([4]byte{[]byte{10, 198}[rnd.IntN(2)], 51, 100, byte(i)}),
		asn:  []uint32{64500, 64500, 64500, 64512, 4200000500}[rnd.IntN(5)],
		hold: uint16(9 + rnd.IntN(120)), bare: rnd.IntN(12) == 0,
		dials: rnd.IntN(3) > 0, retry: time.Duration(1+rnd.IntN(20)) * time.Second,
	}
	r.host = s.network.Host(r.addr)
	r.offers = wire.Capabilities{
		Families: someFamilies(rnd), RouteRefresh: rnd.IntN(8) > 0, EnhancedRefresh: rnd.IntN(2) == 0,
		ExtendedMessage: rnd.IntN(2) == 0, AddPath: someAddPath(rnd),
		GracefulRestart: maybe(rnd, wire.GracefulRestart{RestartTime: 120, Notifications: rnd.IntN(2) == 0}),
	}
	if rnd.IntN(2) == 0 {
		r.offers.ExtendedNextHop = []wire.ExtendedNextHopFamily{{Family: wire.IPv4Unicast, NextHopAFI: wire.AFIIPv6}}
	}
	if r.bare = r.bare && r.asn <= 0xffff; r.bare {
		r.offers = wire.Capabilities{}
	} else if r.asn > 0xffff || rnd.IntN(6) > 0 {
		r.offers.FourOctetAS = r.asn
	}
	return r
}

// open is its OPEN.
func (r *router) open() *wire.Open {
	o := &wire.Open{Version: wire.Version, ASN: wire.ASTrans, HoldTime: r.hold, RouterID: r.id, HasCapabilities: !r.bare}
	if r.asn <= 0xffff {
		o.ASN = uint16(r.asn)
	}
	o.Capabilities = r.offers
	return o
}

// up starts to listen and, if it is one that does, to dial.
func (r *router) up() {
	if r.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	l, err := r.host.Listen(ctx, netip.AddrPortFrom(r.addr, 179))
	if err != nil {
		r.failf("%s: listen: %v", r.name, err)
		cancel()
		return
	}
	r.cancel = func() { cancel(); l.Close() }
	r.mu.Lock()
	r.off = false
	r.mu.Unlock()
	r.group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.group.Go(func() { r.begin(conn.(*faketest.Conn), false, false).run() })
		}
	})
	if r.dials {
		r.group.Go(func() { r.dialOnAndOn(ctx) })
	}
}

// down ends everything, with connections closed as by a machine that is switched off.
func (r *router) down() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	r.mu.Lock()
	r.off = true
	for _, c := range slices.Clone(r.conversations) {
		c.closeLocked("router down")
	}
	r.mu.Unlock()
	r.group.Wait()
}

func (r *router) dialOnAndOn(ctx context.Context) {
	for ctx.Err() == nil {
		r.mu.Lock()
		idle := r.session == nil && !slices.ContainsFunc(r.conversations, func(c *conversation) bool { return c.dialled })
		r.mu.Unlock()
		if idle {
			r.dial(ctx, false)
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.retry):
		}
	}
}

// dial opens a connection, as after a restart if again is set.
func (r *router) dial(ctx context.Context, again bool) {
	to := netip.AddrPortFrom(speakerAddress(r.addr.Is4()), 179)
	conn, err := r.host.Dial(ctx, netip.Addr{}, to, transport.SocketOptions{})
	if err != nil {
		return // the speaker does not listen now
	}
	c := r.begin(conn.(*faketest.Conn), true, again)
	r.group.Go(c.run)
}

// begin registers a connection.
func (r *router) begin(conn *faketest.Conn, dialled, again bool) *conversation {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &conversation{
		router: r, conn: conn, bgp: bgptest.NewSession(conn, 0), dialled: dialled, again: again,
		instance: r.instance, began: r.settled, rested: -1, last: time.Now(),
		table: map[wire.Path]held{}, gone: map[wire.Path]int{}, models: map[int][]offer{}, ends: map[wire.Family]int{}, refreshes: map[wire.Family]*refresh{},
	}
	c.heldUp = r.shape[0] != faketest.Shape{} || r.slowness > 0
	conn.ShapeIn(r.shape[0])
	conn.ShapeOut(r.shape[1])
	for _, other := range r.conversations {
		c.rival, c.replaceable = true, c.replaceable || other.again
		other.rival = other.rival || other.messages == 0 // the speaker may not be as far yet
	}
	r.conversations = append(r.conversations, c)
	if r.off {
		c.closeLocked("router down")
	}
	return c
}
