// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"fmt"
	"slices"
	"strings"
)

// SelectsPeer reports whether the announcement is to go to a peer, as far as the peer's name and labels say.
func (a *Announcement) SelectsPeer(peer *Peer) bool { return a.peers.selects(peer) }

// PeerNames are the names of the peers that it is to go to, none where labels select them.
func (a *Announcement) PeerNames() []string { return a.peers.names }

// WhyNoPeer says why no peer is eligible for the announcement, wherever; it is empty when one is.
func (c *Catalog) WhyNoPeer(a *Announcement) string {
	selected, familiar := false, false
	for _, peer := range c.Peers {
		if !a.peers.selects(peer) {
			continue
		}
		selected = true
		if !a.families.has(peer.families) {
			continue
		}
		familiar = true
		if c.tenancy(peer, a.Ref.Namespace).granted() {
			return ""
		}
	}
	switch {
	case !selected && a.peers.names != nil:
		return c.whyNotNamed(a.peers.names)
	case len(c.Peers) == 0:
		return "there is no BGPPeer in use"
	case !selected:
		return "spec.peerSelector selects no BGPPeer that is in use"
	case !familiar:
		return "no selected BGPPeer has the family of a prefix in spec.families"
	}
	return fmt.Sprintf("no selected BGPPeer grants the namespace %s: none of spec.allowedAnnouncements.tenants covers it", a.Ref.Namespace)
}

// MissingPeers says which of the peers that the announcement names are none in use; it is empty where all are.
func (c *Catalog) MissingPeers(a *Announcement) string {
	missing := slices.DeleteFunc(slices.Clone(a.peers.names), func(name string) bool { return c.Peer(name) != nil })
	if len(missing) == 0 {
		return ""
	}
	return "spec.peers: no BGPPeer in use is named " + strings.Join(missing, " or ")
}

// whyNotNamed says of names that stand for no peer in use whether they stand for any.
func (c *Catalog) whyNotNamed(names []string) string {
	unused := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return c.refused[ObjectName{KindBGPPeer, name}].issue == nil
	})
	if len(unused) > 0 {
		return fmt.Sprintf("spec.peers: the BGPPeer %s is not in use: see its condition Accepted", unused[0])
	}
	return "spec.peers: no BGPPeer " + strings.Join(names, ", and no BGPPeer ")
}

// memo finds an answer once for each key. ForgetAnswers must be called now and then.
func memo(known map[string]bool, key string, find func() bool) bool {
	value, ok := known[key]
	if !ok {
		value = find()
		known[key] = value
	}
	return value
}

// ForgetAnswers forgets what was found of selectors, by their canonical form, once most of them must be of selectors that nobody uses any
// more. users is how many there may be of the others.
func ForgetAnswers[V any](known map[string]V, users int) {
	if len(known) > 2*users+64 {
		clear(known)
	}
}
