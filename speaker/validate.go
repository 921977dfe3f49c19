// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package speaker

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Validate reports everything that keeps the configuration from being applied, joined.
func (c *Config) Validate() error { return c.validateAfter(&Config{}) }

// validateAfter is Validate where another configuration is known to be valid: what both share is not looked at again.
func (c *Config) validateAfter(former *Config) error {
	var errs []error
	if !c.RouterID.Is4() || c.RouterID.IsUnspecified() {
		// RFC 6286 §2.1: the identifier is a non-zero 4-octet value.
		errs = append(errs, fmt.Errorf("router ID %v: must be an IPv4 address other than 0.0.0.0", c.RouterID))
	}
	errs = append(errs, validateCount(c.Announcements.Len()))
	if len(c.Exports) > len(c.Peers) {
		errs = append(errs, fmt.Errorf("%d exports for %d peers", len(c.Exports), len(c.Peers)))
	}
	if !c.samePeers(former) {
		errs = append(errs, c.validatePeers(former))
	}
	return errors.Join(errs...)
}

// validateCount keeps a configuration from being applied that the table cannot hold.
func validateCount(announcements int) error {
	if announcements > rib.MaxAnnouncements {
		return fmt.Errorf("%d announcements: %w", announcements, rib.ErrTooManyAnnouncements)
	}
	return nil
}

// samePeers reports whether both configurations share the slice of peers.
func (c *Config) samePeers(other *Config) bool {
	return len(c.Peers) == len(other.Peers) && (len(c.Peers) == 0 || &c.Peers[0] == &other.Peers[0])
}

func (c *Config) validatePeers(former *Config) error {
	var errs []error
	valid := make(map[*Peer]bool, len(former.Peers))
	for _, p := range former.Peers {
		valid[p] = true
	}
	ids := make(map[SessionID]bool, len(c.Peers))
	keys := make(map[peerKey]string, len(c.Peers))
	for _, p := range c.Peers {
		if ids[p.ID()] {
			errs = append(errs, fmt.Errorf("peer %q: another peer has the same name and address", p.Name))
		}
		ids[p.ID()] = true
		if other, taken := keys[p.key()]; taken && other != p.Name {
			errs = append(errs, fmt.Errorf("peer %q: peer %q has the same addresses", p.Name, other))
		}
		keys[p.key()] = p.Name
		if valid[p] {
			continue
		}
		if err := p.validate(); err != nil {
			errs = append(errs, fmt.Errorf("peer %q: %w", p.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (p *Peer) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	addr := p.Address.Addr()
	check(p.Name != "", "has no name")
	check(addr.IsValid() && !addr.IsUnspecified() && !addr.IsMulticast() && !addr.Is4In6(), "address %v: not a unicast address", addr)
	check(p.Address.Port() != 0, "port 0")
	check(!p.LocalAddress.IsValid() || p.LocalAddress.Is4() == addr.Is4(), "local address %v: not of the family of %v", p.LocalAddress, addr)
	check(p.LocalASN != 0, "local ASN 0") // RFC 7607 §2
	check(len(p.Families) > 0, "no address family")
	check(p.PeerASN != 0 || p.PeerType != PeerTypeFixed, "peer ASN 0")
	check(p.Timers.Hold == 0 || p.Timers.Hold >= 3*time.Second && p.Timers.Hold <= 65535*time.Second,
		"hold time %v: not between 3 s and 65535 s", p.Timers.Hold) // RFC 4271 §4.2
	check(p.Timers.SendHold == 0 || p.Timers.SendHold > p.hold(), "send hold time %v: not above the hold time", p.Timers.SendHold) // RFC 9687 §4.4
	if err := p.Auth.Validate(); err != nil {
		errs = append(errs, err)
	}
	check(p.MultihopTTL == 0 || p.TTLSecurityHops == 0, "both a multihop TTL and TTL security: they exclude each other")
	check(p.Receive.MaxPrefixes >= 0 && p.Receive.MaxPrefixes <= math.MaxInt32, "%d received prefixes at most: not a number of routes", p.Receive.MaxPrefixes)
	if gr := p.GracefulRestart; gr != nil {
		check(gr.RestartTime >= 0 && gr.RestartTime <= 4095*time.Second, "restart time: not between 0 and 4095 s") // RFC 4724 §3: 12 bits
		check(gr.LongLivedStaleTime >= 0 && gr.LongLivedStaleTime <= wire.MaxLongLivedStaleTime,
			"long-lived stale time: not between 0 and %v", wire.MaxLongLivedStaleTime) // RFC 9494 §3.1: 24 bits
	}
	return errors.Join(errs...)
}

// peerKey is what a peer is known by: two peers with one key cannot be told apart when they connect.
type peerKey struct{ local, remote netip.Addr }

func (p *Peer) key() peerKey { return peerKey{local: p.LocalAddress, remote: p.Address.Addr()} }

// Defaults of RFC 4271 §10 and RFC 9687 §6 where the operator's differ from the RFC's, the field's comment says so.
const (
	defaultHold         = 90 * time.Second
	defaultConnectRetry = 5 * time.Second
	maxConnectRetry     = 60 * time.Second
	minSendHold         = 480 * time.Second
	// openHold bounds the wait for the peer's OPEN (RFC 4271 §8.2.2: "a large value", 4 minutes suggested).
	openHold = 4 * time.Minute
)

// hold is the hold time that the OPEN offers.
func (p *Peer) hold() time.Duration {
	switch {
	case p.Timers.NoHold:
		return 0
	case p.Timers.Hold == 0:
		return defaultHold
	}
	return p.Timers.Hold
}

func (p *Peer) connectRetry() time.Duration {
	if p.Timers.ConnectRetry == 0 {
		return defaultConnectRetry
	}
	return p.Timers.ConnectRetry
}

// sendHold is for a session with that hold time; 0 means no timer (RFC 9687 §4.3: none with a hold time of 0).
func (p *Peer) sendHold(hold time.Duration) time.Duration {
	switch {
	case hold == 0:
		return 0
	case p.Timers.SendHold != 0:
		return max(p.Timers.SendHold, hold+time.Second)
	}
	return max(minSendHold, 2*hold)
}

// keepalive is for a session with that hold time: at most a third of it (RFC 4271 §4.4), 0 for none.
func (p *Peer) keepalive(hold time.Duration) time.Duration {
	interval := hold / 3
	if k := p.Timers.Keepalive; k != 0 && k < interval {
		interval = k
	}
	return interval
}

// ttl of the session's packets: one hop for an external peer unless it is configured, as far as it goes for an internal one.
func (p *Peer) ttl() int {
	switch {
	case p.MultihopTTL != 0:
		return int(p.MultihopTTL)
	case p.TTLSecurityHops != 0, p.internal():
		return maxTTL
	}
	return 1
}

// minTTL of the packets of the peer, 0 for any. RFC 5082 §3: one that is sent with 255 arrives with one less for each hop
// after the first.
func (p *Peer) minTTL() int {
	if p.TTLSecurityHops == 0 {
		return 0
	}
	return maxTTL - int(p.TTLSecurityHops) + 1
}

// oneHop reports whether packets to the peer, or from it, travel one hop at most. So the peer is on a link of ours (RFC 2545 §3),
// whatever the subnets.
func (p *Peer) oneHop() bool { return p.ttl() == 1 || p.minTTL() == maxTTL }

// maxTTL is the greatest TTL and hop limit.
const maxTTL = 255

// internal reports whether the configuration has the peer in our own AS.
func (p *Peer) internal() bool {
	return p.PeerType == PeerTypeInternal || p.PeerASN == p.LocalASN
}

func (p *Peer) dials() bool   { return p.ConnectMode != ConnectPassive }
func (p *Peer) accepts() bool { return p.ConnectMode != ConnectActive }

func (p *Peer) blocked() bool { return p.Blocked.Reason != NotBlocked }

// idle reports whether no session may start.
func (p *Peer) idle() bool { return p.AdminDown || p.blocked() }
