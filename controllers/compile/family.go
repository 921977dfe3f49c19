// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"net/netip"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/wire"
)

// families is a set of address families.
type families uint8

const (
	ipv4Unicast families = 1 << iota
	ipv6Unicast

	unicast = ipv4Unicast | ipv6Unicast
)

// familyOf is the family of a prefix.
func familyOf(prefix netip.Prefix) families {
	if prefix.Addr().Is4() {
		return ipv4Unicast
	}
	return ipv6Unicast
}

// familiesOf reads a list of families, whose omission means the unicast ones.
func familiesOf(field string, list []v1alpha1.Family) (families, error) {
	if len(list) == 0 {
		return unicast, nil
	}
	var set families
	for _, family := range list {
		switch family {
		case v1alpha1.Family{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}:
			set |= ipv4Unicast
		case v1alpha1.Family{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}:
			set |= ipv6Unicast
		default:
			return 0, unsupported(field, family.String())
		}
	}
	return set, nil
}

// has reports whether any of g is among them, and hasAll whether all are.
func (f families) has(g families) bool    { return f&g != 0 }
func (f families) hasAll(g families) bool { return f&g == g }

// wire lists the families in the order of their numbers, whatever order people wrote them in.
func (f families) wire() []wire.Family {
	var list []wire.Family
	if f.has(ipv4Unicast) {
		list = append(list, wire.IPv4Unicast)
	}
	if f.has(ipv6Unicast) {
		list = append(list, wire.IPv6Unicast)
	}
	return list
}

// String is the suffix that names the part of an announcement in one family.
func (f families) String() string {
	switch f {
	case ipv4Unicast:
		return "IPv4"
	case ipv6Unicast:
		return "IPv6"
	}
	return "IPv4+IPv6"
}
