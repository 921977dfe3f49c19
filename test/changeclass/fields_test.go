// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package changeclass_test edits every field of BGPPeer and Announcement, and the fields of a Node that Herald uses, under live
// sessions, and checks on the wire the change class that the field's documentation promises.
package changeclass_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/herald-bgp/herald/config/crd"
)

// class is the effect of a change on a live session: see the documentation of api/v1alpha1.
type class string

const (
	inPlace  class = "in place"
	deferred class = "deferred"
	reset    class = "reset"
	end      class = "end"
)

var (
	statement = regexp.MustCompile(`Change class:\s+(.*)$`)
	classes   = regexp.MustCompile(`\b(in place|deferred|reset|end)\b`)
)

// documented are the classes that a description promises, none if it promises nothing.
func documented(description string) []class {
	text := statement.FindStringSubmatch(strings.Join(strings.Fields(description), " "))
	if text == nil {
		return nil
	}
	var list []class
	for _, name := range classes.FindAllString(text[1], -1) {
		if !slices.Contains(list, class(name)) {
			list = append(list, class(name))
		}
	}
	return list
}

// promises are the classes that the API documents, by kind and path of each field.
type promises struct {
	// of is every field that says something.
	of map[string][]class
	// values are the fields that hold a value, or whose parts, such as the keys of a list, promise nothing themselves.
	values map[string]bool
}

func readPromises(t *testing.T) promises {
	t.Helper()
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	p := promises{of: map[string][]class{}, values: map[string]bool{}}
	for _, definition := range definitions {
		kind := definition.Spec.Names.Kind
		if kind == "BGPSession" {
			continue // people do not edit it
		}
		for _, version := range definition.Spec.Versions {
			spec := version.Schema.OpenAPIV3Schema.Properties["spec"]
			p.collect(t, kind+" spec", &spec, "")
		}
	}
	if len(p.values) == 0 {
		t.Fatal("no field in any CRD")
	}
	return p
}

// collect walks a schema. owner is the nearest field around it that promises a class.
func (p promises) collect(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps, owner string) {
	t.Helper()
	if own := documented(schema.Description); own != nil {
		p.of[path], owner = own, path
	}
	inner := schema
	if schema.Items != nil && len(schema.Items.Schema.Properties) > 0 {
		path, inner = path+"[]", schema.Items.Schema
	}
	if _, selector := inner.Properties["matchLabels"]; len(inner.Properties) > 0 && !selector {
		for _, name := range slices.Sorted(maps.Keys(inner.Properties)) {
			property := inner.Properties[name]
			p.collect(t, path+"."+name, &property, owner)
		}
		return
	}
	if owner == "" {
		t.Errorf("%s: neither it nor a field around it says its change class", path)
		return
	}
	p.values[owner] = true
}

// Every class that the documentation of a field promises has a row that tests it, and every row has such a field and class.
func TestEveryFieldHasARow(t *testing.T) {
	seen := map[string][]class{}
	for _, r := range rows() {
		seen[r.field] = append(seen[r.field], r.class)
	}
	promised := readPromises(t)
	for field := range promised.values {
		for _, c := range promised.of[field] {
			if !slices.Contains(seen[field], c) {
				t.Errorf("%s is promised to be changed %q, and no row sees it", field, c)
			}
		}
	}
	for field, have := range seen {
		if strings.Contains(field, " metadata") || strings.HasPrefix(field, "Node ") {
			continue // of every kind, or of another API, and in no schema of ours
		}
		for _, c := range have {
			if !slices.Contains(promised.of[field], c) {
				t.Errorf("a row sees %s being changed %q, and its documentation says %q", field, c, promised.of[field])
			}
		}
	}
}
