// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"net/netip"
	"sync"
)

// registry finds the peer that a connection is from.
type registry struct {
	mu    sync.Mutex
	peers map[peerKey]*peer
}

func (r *registry) add(p *peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.peers == nil {
		r.peers = map[peerKey]*peer{}
	}
	cfg := p.config.Load()
	r.peers[cfg.key()] = p
}

func (r *registry) remove(p *peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key := p.config.Load().key(); r.peers[key] == p {
		delete(r.peers, key)
	}
}

// find prefers the peer that is configured with the local address.
func (r *registry) find(local, remote netip.Addr) *peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.peers[peerKey{local, remote}]; p != nil {
		return p
	}
	return r.peers[peerKey{remote: remote}]
}
