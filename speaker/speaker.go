// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package speaker is a BGP speaker that announces only the routes of its configuration (RFC 4271). It is a library that does not
// know the source of its configuration.
//
// A Speaker gets complete configurations, of which the newest counts. It makes sessions and routes follow the newest configuration
// without touching unchanged ones, and publishes the state on the wire as snapshots.
package speaker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/transport"
)

// Options of a Speaker. The zero value dials only and logs nothing.
type Options struct {
	// Logger gets a line for each transition of a session's state, and nothing for each route.
	Logger logr.Logger
	// Listen are the addresses at which connections are accepted, none by default. An unspecified address stands for its family alone.
	Listen []netip.AddrPort
	// Transport is the kernel's TCP when nil.
	Transport transport.Transport
	// Uptime of the host, for graceful restart; the system's when nil.
	Uptime func() time.Duration
}

// Speaker keeps the sessions of a configuration. Its methods may be called from any goroutine.
type Speaker struct {
	*shared
	log       logr.Logger
	listeners *listeners
	poke      chan struct{} // capacity 1

	mailbox struct { // the configuration that Run has not taken yet
		sync.Mutex
		config *Config
		valid  *Config // the newest that was valid
	}
	registry registry

	// Owned by Run.
	group   sync.WaitGroup
	id      identity
	applied *Config // the newest that Run took
	running map[SessionID]*running
	ending  map[peerKey]<-chan struct{} // of the last peer with that key
}

// running is a peer with the goroutine that runs it.
type running struct {
	*peer
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// New returns a speaker that does nothing until Run and Apply are called.
func New(o Options) *Speaker {
	if o.Logger.GetSink() == nil {
		o.Logger = logr.Discard()
	}
	if o.Transport == nil {
		o.Transport = transport.System{}
	}
	if o.Uptime == nil {
		o.Uptime = transport.Uptime
	}
	listeners := newListeners(o.Transport, o.Logger, o.Listen)
	s := &Speaker{
		shared: &shared{
			transport: o.Transport,
			table:     rib.New(),
			store:     newStore(&listeners.errors),
			progress:  &progress{},
			jitter:    func() float64 { return 0.75 + rand.Float64()/4 },
			uptime:    o.Uptime,
			started:   time.Now(),
		},
		log:       o.Logger,
		listeners: listeners,
		poke:      make(chan struct{}, 1),
		applied:   &Config{},
		running:   map[SessionID]*running{},
		ending:    map[peerKey]<-chan struct{}{},
	}
	s.mailbox.valid = &Config{}
	listeners.deliver, listeners.changed = s.deliver, s.store.listeningChanged
	return s
}

// Apply makes cfg the desired state. It validates cfg and returns at once; Run makes the changes. Of configurations that follow
// each other quickly only the newest counts. cfg must not be changed afterwards.
func (s *Speaker) Apply(cfg *Config) error {
	s.mailbox.Lock()
	valid := s.mailbox.valid
	s.mailbox.Unlock()
	if err := cfg.validateAfter(valid); err != nil {
		return fmt.Errorf("configuration refused: %w", err)
	}
	s.mailbox.Lock()
	s.mailbox.config, s.mailbox.valid = cfg, cfg
	s.mailbox.Unlock()
	select {
	case s.poke <- struct{}{}:
	default:
	}
	return nil
}

// Changed is poked when a snapshot changed since TakeChanged was last called. It has a capacity of one.
func (s *Speaker) Changed() <-chan struct{} { return s.store.changed }

// TakeChanged returns the sessions whose snapshots changed since it was last called, including sessions that are gone.
func (s *Speaker) TakeChanged() []SessionID { return s.store.takeChanged() }

// Snapshot returns the state of all peers, in the order of their IDs.
func (s *Speaker) Snapshot() []PeerSnapshot { return s.store.all() }

// Peer returns the state of one peer, and whether there is one of that ID.
func (s *Speaker) Peer(id SessionID) (PeerSnapshot, bool) { return s.store.peer(id) }

// ErrUnknownPeer says that no peer has that ID.
var ErrUnknownPeer = errors.New("no such peer")

// Routes calls yield for each route that was announced to the peer, until it returns false. There are none while the
// session is not Established. yield may block without holding up the session.
func (s *Speaker) Routes(id SessionID, yield func(rib.Route) bool) error {
	r, ok := s.store.record(id)
	if !ok {
		return fmt.Errorf("%v: %w", id, ErrUnknownPeer)
	}
	if r.out != nil {
		r.out.Routes(yield)
	}
	return nil
}

// Received calls yield for each kept route from the peer, until it returns false. Whether routes are kept depends on the peer's
// Receive. yield may block without holding up the session.
func (s *Speaker) Received(id SessionID, yield func(adjin.Route) bool) error {
	r, ok := s.store.record(id)
	if !ok {
		return fmt.Errorf("%v: %w", id, ErrUnknownPeer)
	}
	r.received.Routes(yield)
	return nil
}

// Run keeps the sessions until ctx ends, and returns once everything it started has ended. The cause of ctx says how
// sessions end: see ErrDecommission. It is called once.
func (s *Speaker) Run(ctx context.Context) error {
	peers, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	listening, stopListening := context.WithCancel(context.WithoutCancel(ctx))
	defer stopListening()
	work := s.progress.add("the supervisor of the peers")
	defer s.progress.remove(work)
	for {
		select {
		case <-ctx.Done():
			s.listeners.close()
			if errors.Is(context.Cause(ctx), ErrDecommission) {
				cancel(ErrDecommission)
			} else {
				cancel(errStopped)
			}
			s.group.Wait()
			return nil
		case <-s.poke:
			work.begin()
			s.reconcile(peers, listening)
			work.end()
		}
	}
}

func (s *Speaker) takeConfig() *Config {
	s.mailbox.Lock()
	defer s.mailbox.Unlock()
	cfg := s.mailbox.config
	s.mailbox.config = nil
	return cfg
}

// reconcile makes the running peers those of the newest configuration. A key is on the listeners for as long as the peer that needs
// it may accept a connection. Peers that end are stopped before others are sent anything new. Most configurations have the same peers
// as the one before, and change only their routes.
func (s *Speaker) reconcile(peers, listening context.Context) {
	cfg := s.takeConfig()
	if cfg == nil {
		return
	}
	former := s.applied
	s.applied = cfg
	if cfg.samePeers(former) && cfg.RouterID == former.RouterID && cfg.RouterIDOrigin == former.RouterIDOrigin {
		s.setExports(cfg)
		return
	}
	keys, refused := s.listeners.claims(cfg.Peers)
	s.refuse(refused)
	s.listeners.protect(keys)
	s.id.take(cfg)
	wanted := make(map[SessionID]*peerConfig, len(cfg.Peers))
	for _, p := range cfg.Peers {
		wanted[p.ID()] = s.id.configFor(p, refused[p.ID()])
	}
	moved := moves(s.running, wanted)
	for id, r := range s.running {
		newest := wanted[id]
		if to, ok := moved[id]; ok {
			newest = wanted[to]
		}
		live, _ := s.store.record(id)
		if cause := endOf(r.config.Load(), newest, live.LocalAddress.Addr()); cause != nil {
			s.stop(r, cause)
			delete(s.running, id)
		}
	}
	for from, to := range moved {
		s.store.move(from, to)
	}
	s.setExports(cfg)
	for _, p := range cfg.Peers {
		if r := s.running[p.ID()]; r != nil {
			r.update(wanted[p.ID()])
		} else {
			s.start(peers, wanted[p.ID()])
		}
	}
	s.listeners.unprotect(keys)
	s.listeners.listen(listening, slices.ContainsFunc(cfg.Peers, (*Peer).accepts))
}

// moves says which session replaces which: if the only peer of a name gets another address, its published record goes on, although
// the session with the former neighbour ends for good.
func moves(running map[SessionID]*running, wanted map[SessionID]*peerConfig) map[SessionID]SessionID {
	before, after := only(running), only(wanted)
	moved := map[SessionID]SessionID{}
	for name, from := range before {
		if to, ok := after[name]; ok && to != from && from.Remote.IsValid() && to.Remote.IsValid() {
			moved[from] = to
		}
	}
	return moved
}

// only returns the only session of each name, or a session without an address if the name has several.
func only[V any](sessions map[SessionID]V) map[string]SessionID {
	ids := make(map[string]SessionID, len(sessions))
	for id := range sessions {
		if _, several := ids[id.Peer]; several {
			id = SessionID{Peer: id.Peer}
		}
		ids[id.Peer] = id
	}
	return ids
}

// endOf is the reason why a running peer must end because of the newest configuration; nil if it goes on. local is our address in
// the live session, the zero Addr if there is none.
func endOf(running, newest *peerConfig, local netip.Addr) error {
	switch {
	case newest == nil:
		return errRemoved
	case leaves(&running.Peer, &newest.Peer, local):
		return errMoved
	case running.Auth.Method() != newest.Auth.Method() && !running.idle() && !newest.idle():
		return errRekeyed
	case mustRestart(&running.Peer, &newest.Peer) || running.routerID != newest.routerID:
		return errReconfigured
	}
	return nil
}

func (s *Speaker) setExports(cfg *Config) {
	exports := make(map[string]Export, len(cfg.Peers))
	node := &rib.NodeAddresses{Four: cfg.NodeAddress4, Six: cfg.NodeAddress6}
	for i := range cfg.Exports {
		if p := cfg.Peers[i]; !p.AdminDown { // else it is withdrawn everything, and sent nothing new while its session ends
			e := cfg.Exports[i]
			e.Node = node
			exports[p.ID().String()] = e
		}
	}
	if err := s.table.Update(cfg.Announcements, exports); err != nil {
		s.log.Error(err, "announcements refused")
	}
}

// refuse keeps peers from accepting connections from now on: a key of another peer is about to let such connections through.
func (s *Speaker) refuse(refused map[SessionID]string) {
	for id, reason := range refused {
		if r := s.running[id]; r != nil {
			cfg := *r.config.Load()
			cfg.refused, cfg.from = reason, nil // so that update tells the peer
			r.config.Store(&cfg)
		}
	}
}

// start runs a peer, once the one before it with the same addresses has ended.
func (s *Speaker) start(ctx context.Context, cfg *peerConfig) {
	maps.DeleteFunc(s.ending, func(_ peerKey, done <-chan struct{}) bool { return isClosed(done) })
	r := &running{peer: newPeer(s.shared, s.log, cfg), done: make(chan struct{})}
	ctx, r.cancel = context.WithCancelCause(ctx)
	s.running[r.id] = r
	s.registry.add(r.peer)
	before := s.ending[cfg.key()]
	s.ending[cfg.key()] = r.done
	s.group.Go(func() {
		defer close(r.done)
		defer r.cancel(nil)
		if before != nil {
			<-before
		}
		r.run(ctx)
	})
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// stop ends a peer, which then sends its farewell.
func (s *Speaker) stop(r *running, cause error) {
	s.registry.remove(r.peer)
	r.cancel(cause)
	if errors.Is(cause, errRemoved) {
		s.store.remove(r.id)
	}
}

// deliver hands an accepted connection to its peer. It closes the connection unread if there is no such peer, if the peer may not
// connect, or if the connection came before the peer's key.
func (s *Speaker) deliver(conn net.Conn, fresh func() bool) {
	local, remote := addrPort(conn.LocalAddr()).Addr(), addrPort(conn.RemoteAddr()).Addr()
	p := s.registry.find(local, remote)
	// RFC 4486 §4 has Connection Rejected for strangers. They are sent nothing, so that they do not learn that a BGP speaker is here.
	// In this order: a peer that may connect has had its key put on the listener.
	if p == nil || p.config.Load().idle() || !p.config.Load().accepts() || !fresh() {
		conn.Close()
		return
	}
	p.inbox.put(&incoming{conn: conn, fresh: fresh})
	select {
	case p.accepted <- struct{}{}:
	default:
	}
}
