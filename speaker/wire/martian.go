// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Addresses that no host can have, and prefixes that no route can have: RFC 4271 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.4 to §2.7.

package wire

import "net/netip"

// martians4 and martians6 cover the prefixes that no route to unicast hosts has: "this network", loopback, multicast and limited
// broadcast; for IPv6 also the unspecified address, IPv4-mapped and link-local addresses.
var (
	martians4 = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("224.0.0.0/4"),
		netip.MustParsePrefix("255.255.255.255/32"),
	}
	martians6 = []netip.Prefix{
		netip.MustParsePrefix("::/128"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("::ffff:0:0/96"),
		netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("ff00::/8"),
	}
)

func martians(of netip.Addr) []netip.Prefix {
	if of.Is4() {
		return martians4
	}
	return martians6
}

// Martian reports whether no route to unicast hosts can have the prefix. A received martian is ignored (RFC 4271 §6.3), and none may
// be sent.
func Martian(p netip.Prefix) bool {
	for _, m := range martians(p.Addr()) {
		if m.Bits() <= p.Bits() && m.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// MartianWithin returns the first martian among the subnets of a length that a prefix is split into, if there is one.
func MartianWithin(p netip.Prefix, length int) (netip.Prefix, bool) {
	for _, m := range martians(p.Addr()) {
		if m.Bits() > length || !p.Overlaps(m) {
			continue
		}
		first := m.Addr()
		if p.Bits() > m.Bits() {
			first = p.Addr()
		}
		return netip.PrefixFrom(first, length), true
	}
	return netip.Prefix{}, false
}

// IsHostAddress reports whether a host can have the address: RFC 1122 §3.2.1.3 rules out 0/8 and 224/3 (multicast and reserved
// addresses), RFC 4291 §2.5.2 and §2.7 rule out the unspecified address and multicast.
func IsHostAddress(a netip.Addr) bool {
	if a.Is4() {
		first := a.As4()[0]
		return first != 0 && first < 224
	}
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast()
}
