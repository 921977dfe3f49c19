// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"net/netip"
	"testing"

	"github.com/herald-bgp/herald/speaker/wire"
)

func TestMartian(t *testing.T) {
	for text, want := range map[string]bool{
		"0.0.0.0/0": false, "0.0.0.0/1": false, "0.0.0.0/8": true, "0.1.0.0/16": true, "1.0.0.0/8": false,
		"126.0.0.0/7": false, "127.0.0.0/8": true, "127.0.0.1/32": true, "128.0.0.0/8": false,
		"224.0.0.0/3": false, "224.0.0.0/4": true, "239.255.255.255/32": true, "240.0.0.0/4": false,
		"255.255.255.255/32": true, "255.255.255.254/32": false, "255.255.255.254/31": false,
		"::ffff:0:0/96": true, "::ffff:c000:201/128": true, "::fffe:0:0/95": false, "::1:0:0:0/96": false,
		"::/0": false, "::/127": false, "::/128": true, "::1/128": true, "::2/128": false,
		"fe80::/9": false, "fe80::/10": true, "febf::/16": true, "fec0::/10": false, "fe00::/7": false, "ff00::/8": true, "ff02::1/128": true,
	} {
		if got := wire.Martian(netip.MustParsePrefix(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestMartianWithin compares the answer with a look at each subnet.
func TestMartianWithin(t *testing.T) {
	for _, text := range []string{
		"0.0.0.0/0", "0.0.0.0/4", "0.0.0.0/8", "1.0.0.0/8", "112.0.0.0/4", "126.0.0.0/7", "127.0.0.0/8", "127.8.0.0/13", "192.0.0.0/2", "240.0.0.0/4", "223.0.0.0/8", "255.255.255.240/28", "::/92",
		"::/0", "::/120", "::/124", "2001:db8::/32", "fe00::/7", "fe80::/9", "fe80::/64", "ff00::/8", "f000::/4",
	} {
		p := netip.MustParsePrefix(text)
		for length := p.Bits(); length <= min(p.Bits()+12, p.Addr().BitLen()); length++ {
			var first netip.Prefix
			for s := netip.PrefixFrom(p.Addr(), length); p.Contains(s.Addr()); s = next(s) {
				if wire.Martian(s) {
					first = s
					break
				}
				if !s.Addr().Less(next(s).Addr()) {
					break // that was the last address of all
				}
			}
			got, found := wire.MartianWithin(p, length)
			if found != first.IsValid() || got != first {
				t.Errorf("%s split to /%d: %v, %v, want %v", p, length, got, found, first)
			}
		}
	}
}

// next is the subnet after another one.
func next(p netip.Prefix) netip.Prefix {
	octets := p.Addr().AsSlice()
	for bit := p.Bits() - 1; bit >= 0; bit-- {
		octets[bit/8] ^= 0x80 >> (bit % 8)
		if octets[bit/8]&(0x80>>(bit%8)) != 0 {
			break
		}
	}
	addr, _ := netip.AddrFromSlice(octets)
	return netip.PrefixFrom(addr, p.Bits())
}
