// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rib_test

import (
	"fmt"
	"testing"

	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

func TestExpansion(t *testing.T) {
	for _, test := range []struct {
		prefixRange string
		count       int
		first, last string
	}{
		{"10.0.0.0/24", 1, "10.0.0.0/24", "10.0.0.0/24"},
		{"0.0.0.0/0", 1, "0.0.0.0/0", "0.0.0.0/0"},
		{"0.0.0.0/0 1", 2, "0.0.0.0/1", "128.0.0.0/1"},
		{"255.255.255.0/24 32", 256, "255.255.255.0/32", "255.255.255.255/32"},
		{"::/0 1", 2, "::/1", "8000::/1"},
		{"2001:db8::/54 64", 1024, "2001:db8::/64", "2001:db8:0:3ff::/64"},
		{"2001:db8::/60 66", 64, "2001:db8::/66", "2001:db8:0:f:c000::/66"},
		{"ffff::ffff:ff00/120 128", 256, "ffff::ffff:ff00/128", "ffff::ffff:ffff/128"},
	} {
		t.Run(test.prefixRange, func(t *testing.T) {
			table := rib.New()
			update(table, export(1, announcement("a", none, test.prefixRange)))
			p := attach(t, table, "tor", external())
			p.drain()
			got := p.prefixes()
			if len(got) != test.count || got[0].String() != test.first || got[len(got)-1].String() != test.last {
				t.Errorf("%d prefixes from %v to %v, want %d from %s to %s",
					len(got), got[0], got[len(got)-1], test.count, test.first, test.last)
			}
		})
	}
}

// TestPacking holds the number of messages against what fits, for both families,
// both lengths of messages, and prefixes of one length and of many.
func TestPacking(t *testing.T) {
	for _, maxLen := range []int{wire.MaxMessageLen, wire.MaxExtendedMessageLen} {
		for _, prefixes := range [][]string{
			{"10.0.0.0/17 32"}, {"2001:db8::/49 64"},
			{"10.0.0.0/17 32", "10.0.0.0/11 24", "10.0.0.0/8"}, {"2001:db8::/49 64", "2001:db8::/97 112"},
		} {
			t.Run(fmt.Sprint(maxLen, prefixes), func(t *testing.T) {
				params := external()
				params.MaxLen = maxLen
				table := rib.New()
				update(table, export(1, announcement("a", none, prefixes...)))
				p := attach(t, table, "tor", params)
				checkFull(t, p, maxLen)
				update(table, export(2))
				checkFull(t, p, maxLen)
				if len(p.routes) != 0 {
					t.Errorf("peer holds %d routes after all went", len(p.routes))
				}
			})
		}
	}
}

// checkFull drains and requires that no message could have held another prefix,
// the last one and End-of-RIB apart.
func checkFull(t *testing.T, p *peer, maxLen int) {
	t.Helper()
	var lengths []int
	for batch := p.out.Next(nil, 1); len(batch) > 0; batch = p.out.Next(nil, 1) {
		if len(batch) > 40 {
			lengths = append(lengths, len(batch))
		}
		p.receive(batch)
		p.out.Written()
	}
	const longest = 15 // NLRI of an IPv6 prefix of 112 bits
	for _, n := range lengths[:len(lengths)-1] {
		if n > maxLen || n+longest <= maxLen {
			t.Errorf("message of %d octets where %d are possible", n, maxLen)
		}
	}
}
