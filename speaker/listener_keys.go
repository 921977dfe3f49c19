// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"fmt"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/transport"
)

// keyPlace is the place of one TCP MD5 key in the kernel: a listening socket and the address of a peer (RFC 2385).
type keyPlace struct {
	listener netip.AddrPort // as configured
	peer     netip.Addr
}

// claims decides which peers are accepted at which listening socket. Two peers with the same address, which only our local address
// distinguishes, meet on a listening socket that is bound to both local addresses. If their keys differ, the first in the order of
// the configuration is accepted, and the other gets the reason why it is not: the socket holds one key, and a connection with the
// key of one peer is not authenticated for the other. A socket that is bound to one local address holds the keys of the peers that
// connect to that address.
func (l *listeners) claims(peers []*Peer) (keys map[keyPlace]transport.Auth, refused map[SessionID]string) {
	keys, refused = map[keyPlace]transport.Auth{}, map[SessionID]string{}
	first := map[keyPlace]*Peer{}
	for _, p := range peers {
		if !p.accepts() || p.idle() {
			continue
		}
		places := l.places(p)
		for _, place := range places {
			if other := first[place]; other != nil && other.Auth != p.Auth {
				refused[p.ID()] = fmt.Sprintf("peer %q connects from the same address to %v with another TCP MD5 key, "+
					"and a listener has one for each address: let the process listen at each local address apart",
					other.Name, place.listener)
			}
		}
		if refused[p.ID()] != "" {
			continue
		}
		for _, place := range places {
			if first[place] != nil {
				continue
			}
			first[place] = p
			if p.Auth.Method() != transport.AuthNone {
				keys[place] = p.Auth
			}
		}
	}
	return keys, refused
}

// places are those where the peer's connections arrive.
func (l *listeners) places(p *Peer) []keyPlace {
	var places []keyPlace
	remote := p.Address.Addr()
	for _, at := range l.addrs {
		addr := at.Addr()
		if addr.Is4() == remote.Is4() && (addr.IsUnspecified() || !p.LocalAddress.IsValid() || p.LocalAddress == addr) {
			places = append(places, keyPlace{listener: at, peer: remote})
		}
	}
	return places
}
