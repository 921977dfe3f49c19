// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

const (
	// maxNamed is the most prefixes that a spec may name.
	maxNamed = 4096
	// maxAnnounced is the most prefixes that an announcement may come to, split into its subnets.
	maxAnnounced = 1 << 24
)

// prefixesOf reads the prefixes of an announcement: sorted, once each, and none that is part of another one.
func prefixesOf(spec *v1alpha1.AnnouncementSpec) ([]rib.PrefixRange, error) {
	if len(spec.Prefixes) == 0 {
		return nil, noMember("spec.prefixes", "at least one prefix, such as 203.0.113.0/24")
	}
	if len(spec.Prefixes) > maxNamed {
		return nil, invalid("spec.prefixes", "%d prefixes: write at most %d, and the others in further Announcements",
			len(spec.Prefixes), maxNamed)
	}
	lengths, err := lengthsOf(spec.Deaggregate)
	if err != nil {
		return nil, err
	}
	ranges := make([]rib.PrefixRange, 0, len(spec.Prefixes))
	for i, text := range spec.Prefixes {
		prefix, err := parsePrefix(fmt.Sprintf("spec.prefixes[%d]", i), text)
		if err != nil {
			return nil, err
		}
		// A prefix that is as long already is announced as it is.
		length := max(prefix.Bits(), lengths[familyOf(prefix)])
		ranges = append(ranges, rib.PrefixRange{Prefix: prefix, Length: length})
	}
	ranges = normalize(ranges)
	if n := countAll(ranges); n > maxAnnounced {
		return nil, &fault{reason: v1alpha1.ReasonTooLarge, text: fmt.Sprintf(
			"spec.deaggregate: more than %d prefixes: write a shorter length, or fewer prefixes", maxAnnounced)}
	}
	for _, r := range ranges {
		if subnet, found := wire.MartianWithin(r.Prefix, r.Length); found {
			return nil, invalid("spec.deaggregate", "%s would be split into %s among others, to which no router takes a route: "+
				"write a shorter length, or other prefixes", r.Prefix, subnet)
		}
	}
	return ranges, nil
}

// lengthsOf are the lengths that prefixes of each family are split to; absent, they are not.
func lengthsOf(spec *v1alpha1.Deaggregate) (map[families]int, error) {
	if spec == nil {
		return nil, nil
	}
	err := cmp.Or(
		inRange("spec.deaggregate.ipv4", spec.IPv4, 1, 32),
		inRange("spec.deaggregate.ipv6", spec.IPv6, 1, 128),
	)
	if err != nil {
		return nil, err
	}
	lengths := map[families]int{}
	if spec.IPv4 != nil {
		lengths[ipv4Unicast] = int(*spec.IPv4)
	}
	if spec.IPv6 != nil {
		lengths[ipv6Unicast] = int(*spec.IPv6)
	}
	return lengths, nil
}

// parsePrefix accepts what the rules of admission accept: no host bits, no zone, no IPv4-mapped address, and no martian.
func parsePrefix(field, text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Addr().Is4In6() {
		return netip.Prefix{}, invalid(field, "%q: write an address and a length, such as 203.0.113.0/24 or 2001:db8:1::/48", text)
	}
	if masked := prefix.Masked(); masked != prefix {
		return netip.Prefix{}, invalid(field, "host bits are set: write %s instead of %s", masked, text)
	}
	if wire.Martian(prefix) { // RFC 4271 §6.3: whoever receives it ignores it
		return netip.Prefix{}, invalid(field, "%s: write a prefix of unicast hosts; no router takes a route to this one", prefix)
	}
	return prefix, nil
}

// normalize sorts ranges, IPv4 first, and drops those whose prefixes another one of the same length holds. Prefixes are
// nested or apart, so only the last one kept can hold the next.
func normalize(ranges []rib.PrefixRange) []rib.PrefixRange {
	slices.SortFunc(ranges, compareRanges)
	type kind struct {
		family families
		length int
	}
	last := map[kind]netip.Prefix{}
	return slices.DeleteFunc(ranges, func(r rib.PrefixRange) bool {
		key := kind{familyOf(r.Prefix), r.Length}
		if outer, ok := last[key]; ok && outer.Contains(r.Prefix.Addr()) {
			return true
		}
		last[key] = r.Prefix
		return false
	})
}

func compareRanges(a, b rib.PrefixRange) int {
	return cmp.Or(
		a.Prefix.Addr().Compare(b.Prefix.Addr()),
		cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()),
		cmp.Compare(a.Length, b.Length),
	)
}

// count is the number of prefixes in a range, or one more than an announcement may have.
func count(r rib.PrefixRange) int {
	if extra := r.Length - r.Prefix.Bits(); extra <= 24 {
		return 1 << extra
	}
	return maxAnnounced + 1
}

// countAll is the number of prefixes in ranges.
func countAll(ranges []rib.PrefixRange) int {
	n := 0
	for _, r := range ranges {
		n += count(r)
	}
	return n
}

// leastBits is the length of the largest prefix that is no default route: 0.0.0.0/1 and 128.0.0.0/1 together are one, and so are
// the subnets of 0.0.0.0/0.
const leastBits = 8

// isDefaultRoute reports whether a range stands for a default route, or for a part of one.
func isDefaultRoute(r rib.PrefixRange) bool { return r.Prefix.Bits() < leastBits }
