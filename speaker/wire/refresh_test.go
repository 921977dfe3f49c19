// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// Golden ROUTE-REFRESHes: layout of RFC 2918 §3, derived by hand.
func TestRouteRefreshGolden(t *testing.T) {
	tests := []struct {
		r    wire.RouteRefresh
		want string
	}{
		{wire.RouteRefresh{Family: wire.IPv4Unicast}, marker + "0017 05 0001 00 01"},
		{wire.RouteRefresh{Family: wire.IPv6Unicast, Subtype: wire.RefreshBegin}, marker + "0017 05 0002 01 01"},
		{wire.RouteRefresh{Family: wire.Family{AFI: 25, SAFI: 70}, Subtype: 255}, marker + "0017 05 0019 ff 46"},
	}
	for _, tt := range tests {
		want := unhex(t, tt.want)
		wantOctets(t, tt.r.Append(nil), want)
		if got, err := wire.ParseRouteRefresh(body(t, want, wire.TypeRouteRefresh), true); err != nil || got != tt.r {
			t.Errorf("ParseRouteRefresh(%x) = %+v, %v; want %+v", want, got, err, tt.r)
		}
	}
}

// RFC 7313 §5: a bad length of BoRR and EoRR is answered with the complete
// message; RFC 4271 §6.1: any other message that is too short with its length.
func TestRouteRefreshLength(t *testing.T) {
	for _, refused := range []string{"0001 01", "0001 02", "0001 01 01 00", "0001 02 01 0000"} {
		b := unhex(t, refused)
		_, err := wire.ParseRouteRefresh(b, true)
		whole := wire.FinishMessage(append(wire.AppendHeader(nil, wire.TypeRouteRefresh), b...), 0)
		wantNotification(t, err, wire.CodeRouteRefresh, wire.RouteRefreshInvalidLength, whole)
	}
	for refused, length := range map[string]string{"": "0013", "00": "0014", "0001": "0015", "0001 00": "0016", "0001 03": "0016"} {
		for _, enhanced := range []bool{true, false} {
			_, err := wire.ParseRouteRefresh(unhex(t, refused), enhanced)
			wantNotification(t, err, wire.CodeHeader, wire.HeaderBadLength, unhex(t, length))
		}
	}
	for _, accepted := range []string{"0001 00 01 01 80 0000", "0001 03 01 00"} {
		r, err := wire.ParseRouteRefresh(unhex(t, accepted), true)
		if err != nil || r.Family != wire.IPv4Unicast {
			t.Errorf("ParseRouteRefresh(%s) = %+v, %v; want IPv4 unicast", accepted, r, err)
		}
	}
}

// RFC 7313 §5: its rules for lengths apply only if the peer sent the capability;
// RFC 2918 §3: else the octet of the subtype is reserved and ignored.
func TestRouteRefreshWithoutSubtypes(t *testing.T) {
	for _, request := range []string{"0001 00 01", "0001 01 01", "0001 02 01", "0001 ff 01", "0001 01 01 80"} {
		r, err := wire.ParseRouteRefresh(unhex(t, request), false)
		if err != nil || r != (wire.RouteRefresh{Family: wire.IPv4Unicast}) {
			t.Errorf("ParseRouteRefresh(%s) = %+v, %v; want a request for IPv4 unicast", request, r, err)
		}
	}
	_, err := wire.ParseRouteRefresh(unhex(t, "0001 01"), false)
	wantNotification(t, err, wire.CodeHeader, wire.HeaderBadLength, unhex(t, "0016"))
}

func TestFamilyString(t *testing.T) {
	for f, want := range map[wire.Family]string{
		wire.IPv4Unicast: "ipv4-unicast", wire.IPv6Unicast: "ipv6-unicast", {AFI: 25, SAFI: 70}: "afi-25-safi-70",
	} {
		if got := f.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
