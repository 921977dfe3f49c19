// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/transport"
	"github.com/herald-bgp/herald/speaker/wire"
)

// shared is what all peers of a speaker use.
type shared struct {
	transport transport.Transport
	table     *rib.Table
	store     *store
	progress  *progress
	// jitter returns a factor of 0.75 to 1.0 (RFC 4271 §10).
	jitter func() float64
	// uptime of the host, for the F bit of graceful restart.
	uptime func() time.Duration
	// started is when this process's speaker began.
	started time.Time
}

// peerConfig is a peer with what the whole configuration says for it.
type peerConfig struct {
	Peer
	from            *Peer // the one that Peer is a copy of
	routerID        netip.Addr
	pendingRouterID netip.Addr // waits for another start of the speaker; the zero Addr for none
	refused         string     // why no connection of the peer is accepted although it may connect: see claims
}

func (id *identity) configFor(p *Peer, refused string) *peerConfig {
	return &peerConfig{Peer: *p, from: p, routerID: id.routerID, pendingRouterID: id.pending, refused: refused}
}

// accepts reports whether a connection of the peer is taken.
func (cfg *peerConfig) accepts() bool { return cfg.refused == "" && cfg.Peer.accepts() }

// peer keeps one neighbour's session: RFC 4271 §8 as straight-line code. The state is published, not used for control
// flow: where the code stands is the state.
type peer struct {
	shared   *shared
	id       SessionID
	log      logr.Logger
	accepted chan struct{} // capacity 1: something is in inbox
	inbox    inbox
	updated  chan struct{} // capacity 1
	config   atomic.Pointer[peerConfig]
	messages *messageCounters // of all peers that have had the ID, since it was configured
	history  *history         // of this process with the neighbour, kept as long as messages
	received *adjin.Table     // over all sessions
	closing  lingering
	lines    peerLines

	// Owned by run.
	work     *work
	backoff  backoff   // of attempts to connect
	damping  damping   // of sessions that do not last
	nextDial time.Time // no sooner than this
	retained retention
	state    State
}

// peerLines paces the lines about what the peer may do as often as it likes.
type peerLines struct {
	states   pacedLog // transitions that are not from or to Established
	attempts pacedLog // connections refused, and handshakes that failed
	seconds  pacedLog // second connections
	messages pacedLog // messages with an error
	limits   pacedLog // those on received routes
}

func newPeer(s *shared, log logr.Logger, cfg *peerConfig) *peer {
	p := &peer{
		shared:   s,
		id:       cfg.ID(),
		log:      log.WithValues("peer", cfg.Name, "address", cfg.Address.String()),
		accepted: make(chan struct{}, 1),
		updated:  make(chan struct{}, 1),
		received: adjin.New(cfg.Receive.policy()),
		work:     s.progress.add("peer " + cfg.Name),
	}
	p.config.Store(cfg)
	p.messages, p.history = s.store.add(p)
	p.note(func(r *record) {
		r.State, r.Since = StateIdle, time.Now()
		r.describe(cfg)
	})
	return p
}

// update hands over a newer configuration that does not need a new peer; run sees to it.
func (p *peer) update(cfg *peerConfig) {
	before := p.config.Load()
	if before.from == cfg.from && before.routerID == cfg.routerID && before.pendingRouterID == cfg.pendingRouterID && before.refused == cfg.refused {
		return
	}
	p.config.Store(cfg)
	if policy := cfg.Receive.policy(); policy != before.Receive.policy() { // else the other peers need not wait for this one's routes
		p.received.Configure(policy)
	}
	select {
	case p.updated <- struct{}{}:
	default:
	}
}

// run keeps the session up until ctx ends. The cause of ctx says how the session ends (see farewell).
func (p *peer) run(ctx context.Context) {
	defer p.shared.progress.remove(p.work)
	defer p.closing.group.Wait()
	defer p.inbox.close()
	var next *contender
	for ctx.Err() == nil {
		cfg := p.config.Load()
		if cfg.idle() && next == nil {
			p.wait(ctx, cfg)
			continue
		}
		c := next
		if c == nil {
			if c = p.connect(ctx, cfg); c == nil {
				continue
			}
		}
		var err error
		if next, err = p.session(ctx, c); err != nil && ctx.Err() == nil {
			p.failed(err)
		}
	}
	if next != nil {
		next.reject(ctx, nil)
	}
	p.received.Flush()
	p.retained.end(p)
	p.publish(StateIdle)
}

// wait is for a peer that may not connect: until its configuration changes.
func (p *peer) wait(ctx context.Context, cfg *peerConfig) {
	p.publish(StateIdle)
	p.note(func(r *record) { r.describe(cfg) })
	p.restartBackoff()
	if cfg.AdminDown { // nobody waits for what a peer that is down for good had
		p.received.Flush()
		p.retained.end(p)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.accepted:
			p.inbox.refuse()
		case <-p.retained.due():
			p.retained.advance(p)
		case <-p.updated:
			return
		}
	}
}

// restartBackoff lets the next attempt start at once.
func (p *peer) restartBackoff() {
	p.backoff.reset()
	p.damping, p.nextDial = damping{}, time.Time{}
}

// note changes what is published of the peer.
func (p *peer) note(change func(*record)) {
	p.shared.store.update(p, func(r *record) bool {
		change(r)
		return true
	})
}

// publish makes a transition of the FSM known.
func (p *peer) publish(state State) {
	if state == p.state {
		return
	}
	p.work.begin()
	defer p.work.end()
	if from := p.state; from == StateEstablished || state == StateEstablished {
		p.log.Info("session state changed", "from", from.String(), "to", state.String())
	} else { // as often as the peer connects
		p.lines.states.info(p.log, "session state changed", "from", from.String(), "to", state.String())
	}
	p.state = state
	p.note(func(r *record) { r.State = state })
}

// failed records why a session ended.
func (p *peer) failed(err error) {
	p.work.begin()
	defer p.work.end()
	p.noteError(err)
	p.log.Info("session ended", "error", err.Error())
}

// noteError publishes why a session or an attempt ended.
func (p *peer) noteError(err error) {
	p.work.begin()
	defer p.work.end()
	e := &SessionError{Time: time.Now(), Text: err.Error()}
	var local *localError
	var down *adminDownError
	var remote *peerError
	switch {
	case errors.As(err, &down):
		e.Direction, e.Code, e.Subcode = DirectionSent, wire.CodeCease, wire.CeaseAdminShutdown
	case errors.As(err, &local):
		e.Direction, e.Code, e.Subcode = DirectionSent, local.notification.Code, local.notification.Subcode
	case errors.As(err, &remote):
		e.Direction, e.Code, e.Subcode = DirectionReceived, remote.notification.Code, remote.notification.Subcode
	}
	p.note(func(r *record) { r.LastError = e })
}

// restartState says what the OPEN of a new connection tells about restarts (RFC 4724 §4.1): R from process start until
// the End-of-RIB to that peer, or the restart time; F when the routes that the peer may still hold are from this boot of the
// host, whose forwarding a restart of this process does not touch. They are if this process has had a session with the peer, or if
// the host is up for longer than the peer keeps routes.
func (p *peer) restartState(cfg *peerConfig) restartState {
	if cfg.GracefulRestart == nil {
		return restartState{}
	}
	gr := cfg.GracefulRestart
	return restartState{
		restarting: !p.history.synced.Load() && time.Since(p.shared.started) < gr.RestartTime,
		forwarding: p.history.established.Load() || p.shared.uptime() > cfg.hold()+gr.RestartTime+gr.LongLivedStaleTime,
	}
}

// establish publishes the session that begins.
func (p *peer) establish(c *contender, out *rib.Out) {
	p.work.begin()
	defer p.work.end()
	p.log.Info("session established", "peerASN", c.open.PeerASN(), "families", c.negotiated.Families, "dialled", c.dialled)
	negotiated := c.negotiated
	local, remote := addrPort(c.conn.LocalAddr()), addrPort(c.conn.RemoteAddr())
	p.received.Begin(receivedSession(c))
	p.history.established.Store(true)
	p.note(func(r *record) {
		r.describe(c.cfg)
		r.Since = time.Now()
		r.PeerASN, r.RemoteRouterID = c.open.PeerASN(), c.open.RouterID
		r.LocalAddress, r.PeerAddress = local, remote
		r.Negotiated = &negotiated
		r.out = out
	})
	p.retained.reconnected(p, &negotiated)
	p.publish(StateEstablished)
}

// disestablish publishes that the session is over.
func (p *peer) disestablish(since time.Time, cause error, negotiated *Negotiated) {
	p.work.begin()
	defer p.work.end()
	p.damp(time.Since(since), cause)
	p.messages.flaps.Add(1)
	p.note(func(r *record) {
		r.describe(p.config.Load())
		r.Since = time.Now()
		r.Negotiated, r.out = nil, nil
	})
	p.retained.retain(p, cause, negotiated)
	p.publish(StateIdle)
}

// ribParams is what the Adj-RIB-Out needs to know of a session.
func (p *peer) ribParams(c *contender) rib.Params {
	local, remote := addrPort(c.conn.LocalAddr()).Addr(), addrPort(c.conn.RemoteAddr()).Addr()
	params := rib.Params{
		Families:     slices.Clone(c.negotiated.Families),
		External:     c.open.PeerASN() != c.cfg.LocalASN,
		LocalASN:     c.cfg.LocalASN,
		AS4:          c.negotiated.AS4,
		MaxLen:       wire.MaxMessageLen,
		AddPath:      slices.Clone(c.negotiated.AddPathSend),
		OTC:          c.cfg.otc(),
		WithholdOTC:  c.cfg.withholdsOTC(),
		LocalAddress: local,
		PeerAddress:  remote,
	}
	if c.negotiated.ExtendedMessage { // RFC 8654 §4: the peer offered to take them
		params.MaxLen = wire.MaxExtendedMessageLen
	}
	params.ExtendedNextHop = slices.Contains(c.negotiated.ExtendedNextHop, wire.IPv4Unicast)
	params.LinkLocalNextHop = c.negotiated.LinkLocalNextHop
	linkLocal, shared := p.shared.transport.SharedLink(local, remote)
	params.SharedLink = shared || c.cfg.oneHop()
	if local.Is6() { // whose next hop may be that of IPv4 too (RFC 8950 §3)
		params.LinkLocal = linkLocal
	}
	return params
}

func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
