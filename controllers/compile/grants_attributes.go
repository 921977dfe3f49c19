// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
	"github.com/herald-bgp/herald/speaker/wire"
)

// attributeGrant is which path attributes a tenant may set. Those that it does not name are free.
type attributeGrant struct {
	nextHop, asPath, localPref, raw bool
	// patterns are the only communities allowed; nil means the default, see defaultCommunity.
	patterns []pattern
}

func attributeGrantOf(field string, spec *v1alpha1.TenantAttributes) (attributeGrant, error) {
	if spec == nil {
		return attributeGrant{}, nil
	}
	var granted attributeGrant
	switch nextHop := valueOr(spec.NextHop, v1alpha1.NextHopSelf); nextHop {
	case v1alpha1.NextHopSelf:
	case v1alpha1.NextHopAny:
		granted.nextHop = true
	default:
		return attributeGrant{}, unsupported(field+".nextHop", nextHop)
	}
	for _, grant := range []struct {
		field string
		value *v1alpha1.Grant
		to    *bool
	}{
		{".asPath", spec.ASPath, &granted.asPath},
		{".localPref", spec.LocalPref, &granted.localPref},
		{".raw", spec.Raw, &granted.raw},
	} {
		switch value := valueOr(grant.value, v1alpha1.GrantDeny); value {
		case v1alpha1.GrantDeny:
		case v1alpha1.GrantAllow:
			*grant.to = true
		default:
			return attributeGrant{}, unsupported(field+grant.field, value)
		}
	}
	if spec.Communities == nil {
		return granted, nil
	}
	if len(spec.Communities) == 0 {
		// Typed clients drop an empty list, and what was none would become the default.
		return attributeGrant{}, invalid(field+".communities", "write at least one pattern, or omit it for the default")
	}
	granted.patterns = make([]pattern, 0, len(spec.Communities))
	for i, text := range spec.Communities {
		p, err := parsePattern(text)
		if err != nil {
			return attributeGrant{}, invalid(fmt.Sprintf("%s.communities[%d]", field, i), "%v", err)
		}
		granted.patterns = append(granted.patterns, p)
	}
	return granted, nil
}

// allows reports whether a tenant may set all of the attributes.
func (g *attributeGrant) allows(a *rib.Attributes) bool {
	switch {
	case !g.nextHop && (a.NextHop4.IsValid() || a.NextHop6.IsValid() || a.NextHopLinkLocal.IsValid()),
		!g.asPath && a.ASPath != nil,
		!g.localPref && a.LocalPref != nil,
		!g.raw && speaksForOthers(a):
		return false
	}
	for _, c := range a.Communities {
		if !g.allowsCommunity(c) {
			return false
		}
	}
	for _, c := range a.LargeCommunities {
		if g.patterns != nil && !g.matches(c.Global, c.Local1, c.Local2) {
			return false
		}
	}
	return true
}

// speaksForOthers reports whether one of the attributes is written as bytes, names another speaker, or steers route
// reflection.
func speaksForOthers(a *rib.Attributes) bool {
	return a.ExtendedCommunities != nil || len(a.Raw) > 0 || a.Aggregator.Addr.IsValid() ||
		a.OriginatorID.IsValid() || a.ClusterList != nil
}

func (g *attributeGrant) allowsCommunity(c wire.Community) bool {
	if g.patterns == nil {
		return defaultCommunity(c)
	}
	return g.matches(uint32(c>>16), uint32(c&0xffff))
}

func (g *attributeGrant) matches(numbers ...uint32) bool {
	return slices.ContainsFunc(g.patterns, func(p pattern) bool { return p.matches(numbers) })
}

// defaultCommunity reports whether a community is free: of the well-known ones (RFC 1997, 65535:*) only those that
// keep a route from spreading are.
func defaultCommunity(c wire.Community) bool {
	switch c {
	case wire.CommunityNoExport, wire.CommunityNoAdvertise, wire.CommunityNoExportSubconfed:
		return true
	}
	return c>>16 != 0xffff
}

// pattern is a community of two or three numbers, nil standing for any number.
type pattern []*uint32

func (p pattern) matches(numbers []uint32) bool {
	return slices.EqualFunc(p, numbers, func(want *uint32, got uint32) bool { return want == nil || *want == got })
}

func parsePattern(text string) (pattern, error) {
	parts := strings.Split(text, ":")
	if len(parts) == 1 {
		c, err := wire.ParseCommunity(text)
		if err != nil {
			return nil, err
		}
		return pattern{new(uint32(c >> 16)), new(uint32(c & 0xffff))}, nil
	}
	bits, ok := map[int]int{2: 16, 3: 32}[len(parts)]
	if !ok {
		return nil, patternError(text)
	}
	p := make(pattern, len(parts))
	for i, part := range parts {
		if part == "*" {
			continue
		}
		number, err := strconv.ParseUint(part, 10, bits)
		if err != nil {
			return nil, patternError(text)
		}
		p[i] = new(uint32(number))
	}
	return p, nil
}

func patternError(text string) error {
	return fmt.Errorf("%q: write a pattern such as 64512:* or 64512:*:*, or a community such as 64512:100", text)
}
