// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"net/netip"
	"slices"
	"strings"

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

// namedFamily is a family in all its forms.
type namedFamily struct {
	family families
	wire   wire.Family
	name   v1alpha1.Family
}

// familyNames are all address families that there are names for, in the order of their numbers.
var familyNames = []namedFamily{
	{ipv4Unicast, wire.IPv4Unicast, v1alpha1.Family{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}},
	{ipv6Unicast, wire.IPv6Unicast, v1alpha1.Family{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}},
}

// FamilyName is a family as the API names it, and whether it does.
func FamilyName(f wire.Family) (v1alpha1.Family, bool) {
	i := slices.IndexFunc(familyNames, func(known namedFamily) bool { return known.wire == f })
	if i < 0 {
		return v1alpha1.Family{}, false
	}
	return familyNames[i].name, true
}

// FamilyNamed is the family of a name such as IPv4/Unicast, whatever the case of its letters, and whether there is one.
func FamilyNamed(name string) (wire.Family, bool) {
	i := slices.IndexFunc(familyNames, func(known namedFamily) bool { return strings.EqualFold(known.name.String(), name) })
	if i < 0 {
		return wire.Family{}, false
	}
	return familyNames[i].wire, true
}

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
	for _, name := range list {
		i := slices.IndexFunc(familyNames, func(known namedFamily) bool { return known.name == name })
		if i < 0 {
			return 0, unsupported(field, name.String())
		}
		set |= familyNames[i].family
	}
	return set, nil
}

// has reports whether any of g is among them, and hasAll whether all are.
func (f families) has(g families) bool    { return f&g != 0 }
func (f families) hasAll(g families) bool { return f&g == g }

// wire lists the families in the order of their numbers, whatever order people wrote them in.
func (f families) wire() []wire.Family {
	var list []wire.Family
	for _, known := range familyNames {
		if f.has(known.family) {
			list = append(list, known.wire)
		}
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
