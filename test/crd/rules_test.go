// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/herald-bgp/herald/config/crd"
)

// rule is one entry of x-kubernetes-validations.
type rule struct {
	kind    string
	path    []string // names of fields, "[]" for the items of a list
	rule    string
	message string
}

func (r rule) String() string {
	return r.kind + " ." + strings.Join(r.path, ".") + ": " + r.rule
}

// comparesOnly reports whether the rule does not concern a new object.
func (r rule) comparesOnly() bool {
	return strings.Contains(r.rule, "oldSelf") && !strings.Contains(r.rule, "oldSelf.hasValue()")
}

// broke reports whether a cause, as causesOf gives it, is that the rule is broken.
func (r rule) broke(cause string) bool {
	field, _, _ := strings.Cut(cause, ": ")
	place := strings.Join(r.path, ".")
	return strings.Contains(cause, r.message) && (place == "" || indexes.ReplaceAllString(field, ".[]") == place)
}

var indexes = regexp.MustCompile(`\[\d+\]`)

// readRules finds every rule of every embedded CRD, wherever in the file it stands.
func readRules(t *testing.T) []rule {
	t.Helper()
	names, err := fs.Glob(crd.FS(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, name := range names {
		data, err := fs.ReadFile(crd.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		var definition map[string]any
		if err := yaml.UnmarshalStrict(data, &definition); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found := collectRules(kindOf(t, definition), nil, definition["spec"])
		if len(found) == 0 {
			t.Errorf("%s has no rule", name)
		}
		rules = append(rules, found...)
	}
	if len(rules) == 0 {
		t.Fatal("no rule in any CRD")
	}
	return rules
}

func kindOf(t *testing.T, definition map[string]any) string {
	t.Helper()
	spec, _ := definition["spec"].(map[string]any)
	names, _ := spec["names"].(map[string]any)
	kind, ok := names["kind"].(string)
	if !ok {
		t.Fatal("a CRD without spec.names.kind")
	}
	return kind
}

// collectRules walks every map and list below node. A schema's "properties" and
// "items" make the path of the field.
func collectRules(kind string, path []string, node any) []rule {
	var rules []rule
	switch node := node.(type) {
	case []any:
		for _, element := range node {
			rules = append(rules, collectRules(kind, path, element)...)
		}
	case map[string]any:
		for key, value := range node {
			switch key {
			case "x-kubernetes-validations":
				rules = append(rules, rulesOf(kind, path, value)...)
			case "properties":
				for name, property := range value.(map[string]any) {
					rules = append(rules, collectRules(kind, append(slices.Clone(path), name), property)...)
				}
			case "items":
				rules = append(rules, collectRules(kind, append(slices.Clone(path), "[]"), value)...)
			default:
				rules = append(rules, collectRules(kind, path, value)...)
			}
		}
	}
	return rules
}

func rulesOf(kind string, path []string, list any) []rule {
	var rules []rule
	for _, entry := range list.([]any) {
		fields := entry.(map[string]any)
		text, _ := fields["rule"].(string)
		message, _ := fields["message"].(string)
		rules = append(rules, rule{kind: kind, path: path, rule: text, message: message})
	}
	return rules
}

// has reports whether object has a value at the path, in any item of its lists.
func has(object any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	if path[0] == "[]" {
		items, _ := object.([]any)
		return slices.ContainsFunc(items, func(item any) bool { return has(item, path[1:]) })
	}
	fields, _ := object.(map[string]any)
	value, ok := fields[path[0]]
	return ok && has(value, path[1:])
}

// Each message is for the person who made the mistake: it names the field and says
// what to write. Within a kind a message belongs to one rule, so that it shows which
// rule refused an example; a type that several fields have repeats its rule.
func TestMessages(t *testing.T) {
	t.Parallel()
	seen := map[string]rule{}
	for _, r := range readRules(t) {
		if !strings.Contains(r.message, ": ") || !strings.Contains(r.message, "write ") && !strings.Contains(r.message, "delete ") {
			t.Errorf("%s\nhas the message %q; want \"field: what to write\"", r, r.message)
		}
		key := r.kind + r.message
		if other, ok := seen[key]; ok && other.rule != r.rule {
			t.Errorf("%s\nhas the message of\n%s", r, other)
		}
		seen[key] = r
	}
}
