// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/herald-bgp/herald/speaker/adjin"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// record is what the store knows of one peer.
type record struct {
	PeerSnapshot
	owner    *peer    // that writes it
	out      *rib.Out // of the Established session
	received *adjin.Table
	counts   *messageCounters
	history  *history
	accepts  bool // as configured
	refused  string
}

func (r *record) snapshot(listening *listenerErrors) PeerSnapshot {
	s := r.PeerSnapshot
	s.ListenerError = r.refused
	if r.accepts {
		s.ListenerError = listening.of(r.PeerAddress.Addr())
	}
	s.PendingReset = slices.Clone(s.PendingReset)
	s.Messages, s.Flaps = r.counts.snapshot(), r.counts.flaps.Load()
	if r.out != nil {
		s.Routes = r.out.Report()
	}
	s.Received = r.received.Report()
	return s
}

// describe publishes what is configured.
func (r *record) describe(cfg *peerConfig) {
	r.Revision = cfg.Revision
	r.LocalASN, r.PeerASN = cfg.LocalASN, cfg.PeerASN
	r.PeerAddress, r.LocalAddress = cfg.Address, netip.AddrPort{}
	r.RouterID, r.PendingRouterID = cfg.routerID, cfg.pendingRouterID
	r.Blocked, r.AdminDown, r.accepts, r.refused = cfg.Blocked, cfg.AdminDown, cfg.accepts(), cfg.refused
	r.PendingReset = nil
}

// store holds the published state of each peer, and which peers' snapshots changed since somebody looked. Protocol goroutines write
// it and never wait for a reader: snapshots are made of copies, without its mutex.
type store struct {
	changed chan struct{} // capacity 1
	// listening is why connections cannot be accepted.
	listening *atomic.Pointer[listenerErrors]

	mu    sync.Mutex // a leaf; the changes that update makes set fields, and call nothing that waits
	peers map[SessionID]*record
	dirty map[SessionID]struct{}
}

// listenerErrors says for each address family why connections cannot be accepted, "" when they can.
type listenerErrors struct{ four, six string }

func (e *listenerErrors) of(peer netip.Addr) string {
	if peer.Is4() {
		return e.four
	}
	return e.six
}

func newStore(listening *atomic.Pointer[listenerErrors]) *store {
	return &store{
		changed:   make(chan struct{}, 1),
		listening: listening,
		peers:     map[SessionID]*record{},
		dirty:     map[SessionID]struct{}{},
	}
}

// add begins the record of a peer, keeping what is known of one with that ID: its counters and its history, which it returns, go on.
func (s *store) add(p *peer) (*messageCounters, *history) {
	s.mu.Lock()
	if s.peers[p.id] == nil {
		s.peers[p.id] = &record{PeerSnapshot: PeerSnapshot{ID: p.id}, counts: &messageCounters{}, history: &history{}}
	}
	r := s.peers[p.id]
	r.owner, r.received = p, p.received
	// The session of the one before ends, and the routes that it received are gone.
	r.Negotiated, r.out, r.PeerRestart = nil, nil, nil
	s.dirty[p.id] = struct{}{}
	s.mu.Unlock()
	s.poke()
	return r.counts, r.history
}

// update changes the record of a peer and marks it if change says that it did. A peer whose record was taken over by
// another with its ID, or removed, changes nothing.
func (s *store) update(p *peer, change func(*record) bool) {
	s.mu.Lock()
	r := s.peers[p.id]
	changed := r != nil && r.owner == p && change(r)
	if changed {
		s.dirty[p.id] = struct{}{}
	}
	s.mu.Unlock()
	if changed {
		s.poke()
	}
}

func (s *store) remove(id SessionID) {
	s.mu.Lock()
	delete(s.peers, id)
	s.dirty[id] = struct{}{}
	s.mu.Unlock()
	s.poke()
}

// move keeps what is known of a session under the ID of the one that takes its place.
func (s *store) move(from, to SessionID) {
	s.mu.Lock()
	if r := s.peers[from]; r != nil {
		delete(s.peers, from)
		r.ID, s.peers[to] = to, r
		r.RemoteRouterID, r.history = netip.Addr{}, &history{} // of another neighbour
		s.dirty[from] = struct{}{}
	}
	s.mu.Unlock()
	s.poke()
}

// listeningChanged marks whom it concerns that listening is another.
func (s *store) listeningChanged() {
	s.mu.Lock()
	for id, r := range s.peers {
		if r.accepts {
			s.dirty[id] = struct{}{}
		}
	}
	s.mu.Unlock()
	s.poke()
}

func (s *store) poke() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *store) takeChanged() []SessionID {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := slices.SortedFunc(maps.Keys(s.dirty), SessionID.Compare)
	clear(s.dirty)
	return ids
}

// record copies that of a peer.
func (s *store) record(id SessionID) (r record, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.peers[id]; p != nil {
		return *p, true
	}
	return record{}, false
}

func (s *store) peer(id SessionID) (PeerSnapshot, bool) {
	r, ok := s.record(id)
	if !ok {
		return PeerSnapshot{}, false
	}
	return r.snapshot(s.listening.Load()), true
}

func (s *store) all() []PeerSnapshot {
	s.mu.Lock()
	records := make([]record, 0, len(s.peers))
	for _, r := range s.peers {
		records = append(records, *r)
	}
	s.mu.Unlock()
	slices.SortFunc(records, func(a, b record) int { return a.ID.Compare(b.ID) })
	listening := s.listening.Load()
	snapshots := make([]PeerSnapshot, len(records))
	for i := range records {
		snapshots[i] = records[i].snapshot(listening)
	}
	return snapshots
}

// history is what this process has done with a neighbour. A peer and the one that takes its place after a reset share it, since the
// neighbour may have kept the routes of the session before the reset (RFC 4724 §4.1).
type history struct {
	established atomic.Bool // there was a session: the neighbour may hold routes that this process sent
	synced      atomic.Bool // the neighbour was sent its routes and End-of-RIB
}

// messageCounters are written by a session's reader, writer and owner without a lock.
type messageCounters struct {
	sent, received                  [messageTypes]atomic.Uint64
	reachable, withdrawn, discarded atomic.Uint64
	flaps                           atomic.Uint64
}

// messageTypes is one more than the highest message type (RFC 2918: 5).
const messageTypes = int(wire.TypeRouteRefresh) + 1

func (c *messageCounters) snapshot() MessageCounts {
	m := MessageCounts{
		Sent:              make(map[wire.MessageType]uint64, messageTypes),
		Received:          make(map[wire.MessageType]uint64, messageTypes),
		ReceivedReachable: c.reachable.Load(),
		ReceivedWithdrawn: c.withdrawn.Load(),
		ReceivedDiscarded: c.discarded.Load(),
	}
	for t := wire.TypeOpen; int(t) < messageTypes; t++ {
		m.Sent[t] = c.sent[t].Load()
		m.Received[t] = c.received[t].Load()
	}
	return m
}

// countMessages adds the whole messages at the start of b. It returns how long they are, and whether one of them restarts the
// peer's hold timer (RFC 4271 §8.2.2: KEEPALIVE and UPDATE).
func countMessages(counters *[messageTypes]atomic.Uint64, b []byte) (whole int, holds bool) {
	for rest := b; len(rest) >= wire.HeaderLen; rest = b[whole:] {
		length, t := messageLen(rest), int(rest[18])
		if length > len(rest) {
			break
		}
		if t < messageTypes {
			counters[t].Add(1)
		}
		holds = holds || t == int(wire.TypeKeepalive) || t == int(wire.TypeUpdate)
		whole += length
	}
	return whole, holds
}

// messageLen is the length of the message of ours that b begins with.
func messageLen(b []byte) int { return int(b[16])<<8 | int(b[17]) }
