// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A prefix is plain when it is written as net/netip writes it, has no host bits, and is not of an address to which no router takes a
// route. What the schema of an Announcement says of a prefix, every plain one passes, and to see that takes a fiftieth of the
// time: with a million of them the rules of CEL are most of what a start takes. An object with one that is not plain is checked
// by all of the schema.

// plainRules are the rules of CEL that every plain prefix passes. plainMin and plainMax are the lengths of the shortest and the
// longest that the schema takes.
var plainRules = []string{
	"isCIDR(self)",
	"!isCIDR(self) || cidr(self) == cidr(self).masked()",
	"!isCIDR(self) || !(cidr('0.0.0.0/8').containsCIDR(self) || cidr('127.0.0.0/8').containsCIDR(self) || " +
		"cidr('224.0.0.0/4').containsCIDR(self) || cidr('255.255.255.255/32').containsCIDR(self))",
	"!isCIDR(self) || !(cidr('::/128').containsCIDR(self) || cidr('::1/128').containsCIDR(self) || " +
		"cidr('fe80::/10').containsCIDR(self) || cidr('ff00::/8').containsCIDR(self))",
}

const plainMin, plainMax = 4, 49

// special are those of the rules.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("255.255.255.255/32"),
	netip.MustParsePrefix("::/128"), netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("ff00::/8"),
}

func isPlain(text string) bool {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix != prefix.Masked() || prefix.Addr().Is4In6() || prefix.String() != text {
		return false
	}
	return !slices.ContainsFunc(special, func(s netip.Prefix) bool { return s.Contains(prefix.Addr()) })
}

// hasPlainPrefixes reports whether every prefix of an Announcement is plain.
func hasPlainPrefixes(obj *unstructured.Unstructured) bool {
	spec, _ := obj.Object["spec"].(map[string]any)
	prefixes, ok := spec["prefixes"].([]any)
	return ok && !slices.ContainsFunc(prefixes, func(item any) bool {
		text, isString := item.(string)
		return !isString || !isPlain(text)
	})
}

// withItems is a schema with another schema for the items of spec.prefixes.
func withItems(props *apiextensions.JSONSchemaProps, items *apiextensions.JSONSchemaPropsOrArray) *apiextensions.JSONSchemaProps {
	changed := props.DeepCopy()
	prefixes := changed.Properties["spec"].Properties["prefixes"]
	prefixes.Items = items
	changed.Properties["spec"].Properties["prefixes"] = prefixes
	return changed
}

// standsFor reports whether the schema of the items says nothing but what every plain prefix fulfils.
func standsFor(items *apiextensions.JSONSchemaPropsOrArray) bool {
	if items == nil || items.Schema == nil {
		return false
	}
	known := apiextensions.JSONSchemaProps{Type: "string", MinLength: new(int64(plainMin)), MaxLength: new(int64(plainMax))}
	rest := *items.Schema.DeepCopy()
	for _, rule := range rest.XValidations {
		if !slices.Contains(plainRules, rule.Rule) {
			return false
		}
	}
	rest.XValidations = nil
	return equality.Semantic.DeepEqual(rest, known)
}
