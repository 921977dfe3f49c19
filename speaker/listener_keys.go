// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"fmt"
	"net/netip"

	"github.com/herald-bgp/herald/speaker/transport"
)

// keyPlace is where the kernel keeps one TCP MD5 key: on a listening socket, for an address of a peer (RFC 2385).
type keyPlace struct {
	listener netip.AddrPort // as configured
	peer     netip.Addr
}

// claims decides who is accepted where. Two peers that have one address, and are told apart by ours, meet on a listening
// socket that is bound to both of ours; if their keys differ, the first of them in the order of the configuration is
// accepted, and the other told why it is not: the socket holds one key, and what it lets through for one peer is not
// authenticated for the other. A socket that is bound to an address of ours holds the keys of those that connect to it.
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
