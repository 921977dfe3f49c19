// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/speaker/rib"
)

const (
	// defaultMaxPrefixes bounds a session whose peer says nothing.
	defaultMaxPrefixes = 10_000
	// limitMaxPrefixes is the largest bound that may be written.
	limitMaxPrefixes = 10_000_000
)

// grants is who may announce what through a peer.
type grants struct {
	maxPrefixes  int
	families     families
	defaultRoute bool
	tenants      []tenant // sorted by name: their order in the object has no meaning
}

// tenant grants prefixes to namespaces.
type tenant struct {
	name        string
	namespaces  labels.Selector
	all         bool // every namespace, whether its labels are known or not
	prefixes    []prefixGrant
	maxPrefixes int
	attributes  attributeGrant
}

// prefixGrant grants a prefix, and its parts up to a length.
type prefixGrant struct {
	prefix    netip.Prefix
	maxLength int
}

func (g prefixGrant) covers(r rib.PrefixRange) bool {
	return g.prefix.Bits() <= r.Prefix.Bits() && r.Length <= g.maxLength && g.prefix.Contains(r.Prefix.Addr())
}

func (t *tenant) coversPrefix(r rib.PrefixRange) bool {
	return slices.ContainsFunc(t.prefixes, func(g prefixGrant) bool { return g.covers(r) })
}

// coversNamespace reports whether the entry is for a namespace; nil labels are those of a namespace that is not known.
func (t *tenant) coversNamespace(namespace labels.Set) bool {
	return t.all || namespace != nil && t.namespaces.Matches(namespace)
}

func grantsOf(spec *v1alpha1.AllowedAnnouncements) (grants, error) {
	const field = "spec.allowedAnnouncements"
	if spec == nil {
		spec = &v1alpha1.AllowedAnnouncements{}
	}
	if err := inRange(field+".maxPrefixes", spec.MaxPrefixes, 0, limitMaxPrefixes); err != nil {
		return grants{}, err
	}
	granted := grants{maxPrefixes: int(valueOr(spec.MaxPrefixes, defaultMaxPrefixes))}
	var err error
	if granted.families, err = familiesOf(field+".families", spec.Families); err != nil {
		return grants{}, err
	}
	for i, infrastructure := range spec.Infrastructure {
		if err := readInfrastructure(fmt.Sprintf("%s.infrastructure[%d]", field, i), infrastructure); err != nil {
			return grants{}, err
		}
		granted.defaultRoute = true
	}
	for i := range spec.Tenants {
		entry, err := tenantOf(fmt.Sprintf("%s.tenants[%d]", field, i), &spec.Tenants[i], granted.maxPrefixes)
		if err != nil {
			return grants{}, err
		}
		granted.tenants = append(granted.tenants, entry)
	}
	slices.SortStableFunc(granted.tenants, func(a, b tenant) int { return cmp.Compare(a.name, b.name) })
	return granted, nil
}

func readInfrastructure(field string, infrastructure v1alpha1.Infrastructure) error {
	if infrastructure != v1alpha1.InfrastructureDefaultRoute {
		return unsupported(field, infrastructure)
	}
	return nil
}

func tenantOf(field string, spec *v1alpha1.Tenant, maxPrefixes int) (tenant, error) {
	entry := tenant{name: spec.Name}
	var errs [4]error
	errs[0] = readNamespaces(field+".namespaces", &spec.Namespaces, &entry)
	entry.prefixes, errs[1] = prefixGrantsOf(field+".prefixes", spec.Prefixes)
	errs[2] = inRange(field+".maxPrefixes", spec.MaxPrefixes, 0, limitMaxPrefixes)
	entry.attributes, errs[3] = attributeGrantOf(field+".attributes", spec.Attributes)
	entry.maxPrefixes = int(valueOr(spec.MaxPrefixes, int32(maxPrefixes)))
	return entry, firstFault(errs[:]...)
}

func readNamespaces(field string, spec *v1alpha1.TenantNamespaces, entry *tenant) (err error) {
	switch spec.From {
	case v1alpha1.NamespacesFromAll:
		entry.all = true
	case v1alpha1.NamespacesFromSelector:
		entry.namespaces, err = selectorOf(field+".selector", spec.Selector)
	default:
		return unsupported(field+".from", spec.From)
	}
	if (spec.Selector != nil) != (spec.From == v1alpha1.NamespacesFromSelector) {
		return invalid(field, "write selector with from Selector, and omit it with from All")
	}
	return err
}

func prefixGrantsOf(field string, specs []v1alpha1.TenantPrefix) ([]prefixGrant, error) {
	if len(specs) == 0 {
		return nil, invalid(field, "write at least one prefix")
	}
	list := make([]prefixGrant, 0, len(specs))
	for i, spec := range specs {
		at := fmt.Sprintf("%s[%d]", field, i)
		prefix, err := parsePrefix(at+".cidr", spec.CIDR)
		if err != nil {
			return nil, err
		}
		shortest, longest := int32(prefix.Bits()), int32(prefix.Addr().BitLen())
		if err := inRange(at+".maxLength", spec.MaxLength, shortest, longest); err != nil {
			return nil, err
		}
		list = append(list, prefixGrant{prefix: prefix, maxLength: int(valueOr(spec.MaxLength, shortest))})
	}
	return list, nil
}
