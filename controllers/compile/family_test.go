// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"slices"
	"testing"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/wire"
)

// TestFamiliesMatchExactly: another SAFI than unicast is another family for compile, for the guard, and by name.
func TestFamiliesMatchExactly(t *testing.T) {
	catalog := NewCatalog("", false)
	unicast4 := v1alpha1.Family{AFI: v1alpha1.AFIIPv4, SAFI: v1alpha1.SAFIUnicast}
	unicast6 := v1alpha1.Family{AFI: v1alpha1.AFIIPv6, SAFI: v1alpha1.SAFIUnicast}
	for _, test := range []struct {
		list []v1alpha1.Family
		want []wire.Family
	}{
		{nil, []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}},
		{[]v1alpha1.Family{unicast4}, []wire.Family{wire.IPv4Unicast}},
		{[]v1alpha1.Family{unicast6}, []wire.Family{wire.IPv6Unicast}},
		{[]v1alpha1.Family{{AFI: v1alpha1.AFIIPv4, SAFI: "FlowSpec"}}, nil},
		{[]v1alpha1.Family{unicast6, {AFI: v1alpha1.AFIIPv4, SAFI: "LabeledUnicast"}}, []wire.Family{wire.IPv6Unicast}},
		{[]v1alpha1.Family{{AFI: "L2VPN", SAFI: v1alpha1.SAFIUnicast}}, nil},
	} {
		guard := catalog.guardOf(&Peer{allowed: &v1alpha1.AllowedAnnouncements{Families: test.list}})
		if !slices.Equal(guard.Families, test.want) {
			t.Errorf("%v: the guard permits %v, want %v", test.list, guard.Families, test.want)
		}
		known := !slices.ContainsFunc(test.list, func(f v1alpha1.Family) bool { return f != unicast4 && f != unicast6 })
		switch set, err := familiesOf("families", test.list); {
		case (err == nil) != known:
			t.Errorf("%v: error %v", test.list, err)
		case err == nil && !slices.Equal(set.wire(), test.want):
			t.Errorf("%v: %v, want %v", test.list, set.wire(), test.want)
		}
	}
	for _, family := range []wire.Family{{AFI: 1, SAFI: 133}, {AFI: 2, SAFI: 4}, {AFI: 25, SAFI: 1}} {
		if name, ok := FamilyName(family); ok {
			t.Errorf("%v has the name %v", family, name)
		}
	}
	for family, name := range map[wire.Family]string{wire.IPv4Unicast: "ipv4/unicast", wire.IPv6Unicast: "IPv6/Unicast"} {
		if got, ok := FamilyNamed(name); !ok || got != family {
			t.Errorf("%s is %v", name, got)
		}
	}
	if got, ok := FamilyNamed("IPv4/FlowSpec"); ok {
		t.Errorf("IPv4/FlowSpec is %v", got)
	}
}
