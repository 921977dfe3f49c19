// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"slices"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

// appendPaths concatenates the NLRI of paths.
func appendPaths(paths ...wire.Path) []byte {
	var b []byte
	for _, p := range paths {
		b = wire.AppendPath(b, p)
	}
	return b
}

// wantPaths checks the paths that NLRI hold.
func wantPaths(t *testing.T, f wire.Family, pathIDs bool, octets []byte, want ...wire.Path) {
	t.Helper()
	var got []wire.Path
	for p, err := range wire.Paths(f, pathIDs, octets) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if !slices.Equal(got, want) {
		t.Errorf("paths %v, want %v", got, want)
	}
}

// The UPDATE of ExaBGP's functional test conf-path-information, internal and
// with path identifiers for IPv4 (RFC 7911 §3).
func TestUpdateWithPathIDsGolden(t *testing.T) {
	want := unhex(t, marker+"0035 02 0000 0015 40 01 01 00  40 02 00  40 03 04 0a0a0101  40 05 04 00000064  00000001 20 0a00000a")
	want = wire.FinishMessage(want, 0)
	a := wire.Attributes{LocalPref: 100, HasLocalPref: true}
	block := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true})
	routes := appendPaths(path(1, "10.0.0.10/32"))
	wantOctets(t, wire.AppendReach(nil, wire.IPv4Unicast, block, addrs("10.10.1.1"), routes), want)

	opt := wire.UpdateOptions{AS4: true, Families: []wire.Family{wire.IPv4Unicast}, AddPath: []wire.Family{wire.IPv4Unicast}}
	var u wire.Update
	if err := wire.ParseUpdate(body(t, want, wire.TypeUpdate), opt, &u); err != nil || !u.PathIDs {
		t.Fatalf("ParseUpdate: %v, path identifiers %v", err, u.PathIDs)
	}
	wantPaths(t, wire.IPv4Unicast, u.PathIDs, u.NLRI, path(1, "10.0.0.10/32"))
}

// Each field that holds NLRI, for families with path identifiers and without.
func TestUpdateWithPathIDs(t *testing.T) {
	both := []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}
	four := []wire.Path{path(7, "10.0.0.0/8"), path(8, "10.0.0.0/8"), path(0, "0.0.0.0/0")}
	six := []wire.Path{path(7, "2001:db8::/32"), path(9, "::/0")}
	for _, addPath := range [][]wire.Family{both, {wire.IPv4Unicast}, {wire.IPv6Unicast}} {
		opt := wire.UpdateOptions{AS4: true, EBGP: true, Families: both, AddPath: addPath}
		for _, f := range both {
			paths, hop := four, addrs("192.0.2.1")
			if f == wire.IPv6Unicast {
				paths, hop = six, addrs("2001:db8::1")
			}
			with := slices.Contains(addPath, f)
			paths = slices.Clone(paths)
			var octets []byte
			for i := range paths {
				if !with {
					paths[i].ID = 0
					octets = wire.AppendPrefix(octets, paths[i].Prefix)
				}
			}
			if with {
				octets = appendPaths(paths...)
			}
			var u wire.Update
			parse := func(msg []byte) {
				t.Helper()
				if err := wire.ParseUpdate(body(t, msg, wire.TypeUpdate), opt, &u); err != nil {
					t.Fatalf("%v, add-path in %v: %v", f, addPath, err)
				}
			}
			parse(wire.AppendReach(nil, f, block(t), hop, octets))
			if u.MPReach == nil {
				u.MPReach = &wire.MPReach{NLRI: u.NLRI, PathIDs: u.PathIDs}
			}
			wantPaths(t, f, u.MPReach.PathIDs, u.MPReach.NLRI, paths...)
			parse(wire.AppendUnreach(nil, f, octets))
			if u.MPUnreach == nil {
				u.MPUnreach = &wire.MPUnreach{NLRI: u.Withdrawn, PathIDs: u.PathIDs}
			}
			wantPaths(t, f, u.MPUnreach.PathIDs, u.MPUnreach.NLRI, paths...)
			parse(wire.AppendEndOfRIB(nil, f))
			if got, ok := u.EndOfRIB(); !ok || got != f {
				t.Errorf("End-of-RIB of %v is %v, %v", f, got, ok)
			}
		}
	}
}

// RFC 7606 §5.3, RFC 7911 §3: NLRI that end in a path identifier, or right
// after one, reset the session, in whatever field they are.
func TestUpdateWithPathIDsMalformed(t *testing.T) {
	opt := wire.UpdateOptions{AS4: true, EBGP: true, Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast},
		AddPath: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
	for _, cut := range []string{"00", "000000", "00000001", "00000001 08", "00000001 08 0a 00", "00000001 81"} {
		octets := unhex(t, cut)
		hop4, hop6 := addrs("192.0.2.1"), addrs("2001:db8::1")
		for name, tt := range map[string]struct {
			message []byte
			subcode uint8
		}{
			"withdrawn":   {wire.AppendUnreach(nil, wire.IPv4Unicast, octets), wire.UpdateInvalidNetwork},
			"NLRI":        {wire.AppendReach(nil, wire.IPv4Unicast, block(t), hop4, octets), wire.UpdateInvalidNetwork},
			"MP_REACH":    {wire.AppendReach(nil, wire.IPv6Unicast, block(t), hop6, octets), wire.UpdateOptionalAttribute},
			"MP_UNREACH":  {wire.AppendUnreach(nil, wire.IPv6Unicast, octets), wire.UpdateOptionalAttribute},
			"no path IDs": {wire.AppendReach(nil, wire.IPv4Unicast, block(t), hop4, unhex(t, "08 0a")), wire.UpdateInvalidNetwork},
		} {
			var u wire.Update
			err := wire.ParseUpdate(body(t, tt.message, wire.TypeUpdate), opt, &u)
			if n := notification(err); n == nil || n.Code != wire.CodeUpdate || n.Subcode != tt.subcode {
				t.Errorf("%s %q: %v, want 3/%d", name, cut, err, tt.subcode)
			}
		}
	}
}

// Next hops that only some sessions have (RFC 8950 §3, RFC 2545 §3,
// draft-ietf-idr-linklocal-capability §3), as ExaBGP's functional tests
// extended-nexthop and conf-llnh-update send the first two, derived by hand the
// third.
func TestNextHopGoldens(t *testing.T) {
	a := wire.Attributes{LocalPref: 100, HasLocalPref: true}
	block := wire.NewAttributeBlock(&a, wire.EncodeOptions{AS4: true})
	const attributes = "40 01 01 00  40 02 00  40 05 04 00000064"
	tests := []struct {
		family   wire.Family
		hop      []string
		prefix   string
		mpReach  string
		linkOnly bool
	}{
		{wire.IPv4Unicast, []string{"bad:cafe:bad:cafe:bad:cafe:bad:cafe"}, "153.153.153.153/32",
			"80 0e 1a 0001 01 10 0badcafe0badcafe0badcafe0badcafe 00 20 99999999", false},
		{wire.IPv6Unicast, []string{"2001:db8::ffff", "fe80::1"}, "2001:db8:1::1/128",
			"80 0e 36 0002 01 20 20010db800000000000000000000ffff fe800000000000000000000000000001 00 80 20010db8000100000000000000000001", false},
		{wire.IPv6Unicast, []string{"fe80::1%eth0"}, "2001:db8::/32",
			"80 0e 1a 0002 01 10 fe800000000000000000000000000001 00 20 20010db8", true},
		{wire.IPv4Unicast, []string{"fe80::1"}, "10.0.0.0/8",
			"80 0e 17 0001 01 10 fe800000000000000000000000000001 00 08 0a", true},
	}
	opt := wire.UpdateOptions{AS4: true, ExtendedNextHop: true, Families: []wire.Family{wire.IPv4Unicast, wire.IPv6Unicast}}
	for _, tt := range tests {
		octets := unhex(t, tt.mpReach+attributes)
		want := append(unhex(t, marker+"0000 02 0000 0000"), octets...)
		want[22] = byte(len(octets))
		want = wire.FinishMessage(want, 0)
		wantOctets(t, wire.AppendReach(nil, tt.family, block, addrs(tt.hop...), nlri(tt.prefix)), want)
		var u wire.Update
		if err := wire.ParseUpdate(body(t, want, wire.TypeUpdate), opt, &u); err != nil {
			t.Errorf("%v: %v", tt.hop, err)
			continue
		}
		if hop := addrs(tt.hop...)[0].WithZone(""); u.MPReach.NextHop != hop || hop.IsLinkLocalUnicast() != tt.linkOnly {
			t.Errorf("next hop %v, want %v", u.MPReach.NextHop, hop)
		}
	}
}
