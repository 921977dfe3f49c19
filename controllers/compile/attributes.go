// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// Bounds of the schema, judged again for objects that are older than it.
const (
	maxASPath      = 255
	maxPrepend     = 32
	maxCommunities = 64
)

// attributesOf reads path attributes. Communities come out sorted and once each, so that their order is no change.
func attributesOf(field string, spec *v1alpha1.PathAttributes) (rib.Attributes, error) {
	if spec == nil {
		return rib.Attributes{}, nil
	}
	var attributes rib.Attributes
	var errs []error
	for _, read := range []func(string, *v1alpha1.PathAttributes, *rib.Attributes) error{
		readNextHop, readOrigin, readASPath, readNumbers, readCommunities, readAggregate, readReflection, readRaw,
	} {
		errs = append(errs, read(field, spec, &attributes))
	}
	if err := firstFault(errs...); err != nil {
		return rib.Attributes{}, err
	}
	return attributes, nil
}

func readNextHop(field string, spec *v1alpha1.PathAttributes, attributes *rib.Attributes) error {
	if spec.NextHop == nil {
		return nil
	}
	if *spec.NextHop == (v1alpha1.NextHop{}) {
		return noMember(field+".nextHop", "ipv4, ipv6 or ipv6LinkLocal")
	}
	if text := spec.NextHop.IPv4; text != nil {
		ip, err := netip.ParseAddr(*text)
		if err != nil || !ip.Is4() && !isNextHop6(ip) || !wire.IsHostAddress(ip) {
			return invalid(field+".nextHop.ipv4",
				"%q: write a unicast IPv4 address, such as 192.0.2.1, or a global or unique local IPv6 address", *text)
		}
		attributes.NextHop4 = ip
	}
	if text := spec.NextHop.IPv6; text != nil {
		ip, err := netip.ParseAddr(*text)
		if err != nil || !isNextHop6(ip) {
			return invalid(field+".nextHop.ipv6", "%q: write a global or unique local IPv6 address, such as 2001:db8::1", *text)
		}
		attributes.NextHop6 = ip
	}
	if text := spec.NextHop.IPv6LinkLocal; text != nil {
		ip, err := netip.ParseAddr(*text)
		if err != nil || !ip.Is6() || ip.Zone() != "" || !ip.IsLinkLocalUnicast() {
			return invalid(field+".nextHop.ipv6LinkLocal", "%q: write a link-local IPv6 address without a zone, such as fe80::1", *text)
		}
		attributes.NextHopLinkLocal = ip
	}
	return nil
}

// isNextHop6 reports whether ip can be a global next hop in IPv6 (RFC 2545 §3).
func isNextHop6(ip netip.Addr) bool {
	return ip.Is6() && !ip.Is4In6() && ip.Zone() == "" && wire.IsHostAddress(ip) && !ip.IsLinkLocalUnicast()
}

func readOrigin(field string, spec *v1alpha1.PathAttributes, attributes *rib.Attributes) error {
	if spec.Origin == nil {
		return nil
	}
	switch *spec.Origin {
	case v1alpha1.OriginIGP:
		attributes.Origin = new(wire.OriginIGP)
	case v1alpha1.OriginEGP:
		attributes.Origin = new(wire.OriginEGP)
	case v1alpha1.OriginIncomplete:
		attributes.Origin = new(wire.OriginIncomplete)
	default:
		return unsupported(field+".origin", *spec.Origin)
	}
	return nil
}

func readASPath(field string, spec *v1alpha1.PathAttributes, attributes *rib.Attributes) error {
	if len(spec.ASPath) > maxASPath {
		return invalid(field+".asPath", "%d ASNs: write at most %d", len(spec.ASPath), maxASPath)
	}
	attributes.ASPath = listFor[uint32](spec.ASPath)
	for i, asn := range spec.ASPath {
		if !validASN(asn) {
			return invalid(fmt.Sprintf("%s.asPath[%d]", field, i), "%d: write an ASN of 1 to 4294967295 other than 23456", asn)
		}
		attributes.ASPath = append(attributes.ASPath, uint32(asn))
	}
	return nil
}

func readNumbers(field string, spec *v1alpha1.PathAttributes, attributes *rib.Attributes) error {
	err := cmp.Or(
		inRange(field+".prepend", spec.Prepend, 0, maxPrepend),
		inRange(field+".med", spec.MED, 0, math.MaxUint32),
		inRange(field+".localPref", spec.LocalPref, 0, math.MaxUint32),
	)
	if err != nil {
		return err
	}
	if spec.Prepend != nil {
		attributes.Prepend = new(int(*spec.Prepend))
	}
	if spec.MED != nil {
		attributes.MED = new(uint32(*spec.MED))
	}
	if spec.LocalPref != nil {
		attributes.LocalPref = new(uint32(*spec.LocalPref))
	}
	return nil
}

func readCommunities(field string, spec *v1alpha1.PathAttributes, attributes *rib.Attributes) error {
	var errs [3]error
	attributes.Communities, errs[0] = parseList(field+".communities", spec.Communities,
		wire.ParseCommunity, cmp.Compare[wire.Community])
	attributes.LargeCommunities, errs[1] = parseList(field+".largeCommunities", spec.LargeCommunities,
		wire.ParseLargeCommunity, wire.LargeCommunity.Compare)
	attributes.ExtendedCommunities, errs[2] = parseList(field+".extendedCommunities", spec.ExtendedCommunities,
		wire.ParseExtendedCommunity, wire.ExtendedCommunity.Compare)
	return cmp.Or(errs[:]...)
}

// listFor is the list for what is read of another. It is nil where nothing is written; a list that is written and empty says none,
// whatever the defaults.
func listFor[T, W any](written []W) []T {
	if written == nil {
		return nil
	}
	return make([]T, 0, len(written))
}

// parseList parses each text, sorts the values and drops repetitions.
func parseList[T comparable](
	field string, texts []string, parse func(string) (T, error), compare func(a, b T) int,
) ([]T, error) {
	if len(texts) > maxCommunities {
		return nil, invalid(field, "%d values: write at most %d", len(texts), maxCommunities)
	}
	values := listFor[T](texts)
	for i, text := range texts {
		value, err := parse(text)
		if err != nil {
			return nil, invalid(fmt.Sprintf("%s[%d]", field, i), "%v", err)
		}
		values = append(values, value)
	}
	slices.SortFunc(values, compare)
	return slices.Compact(values), nil
}
