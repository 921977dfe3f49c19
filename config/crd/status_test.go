// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/herald-bgp/herald/config/crd"
)

// Conditions alone have several writers. A list of one writer is atomic: an entry of any other kind of list is an entry of
// managedFields too, which make an object twice its size and a write twice its work.
func TestStatusListsOfOneWriterAreAtomic(t *testing.T) {
	t.Parallel()
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	lists := 0
	for _, definition := range definitions {
		for _, version := range definition.Spec.Versions {
			status := version.Schema.OpenAPIV3Schema.Properties["status"]
			walkLists(definition.Spec.Names.Kind+".status", &status, func(path string, list *apiextensionsv1.JSONSchemaProps) {
				want := "atomic"
				if path == definition.Spec.Names.Kind+".status.conditions" {
					want = "map"
				}
				lists++
				if list.XListType == nil || *list.XListType != want {
					t.Errorf("%s: its list type is not %s", path, want)
				}
			})
		}
	}
	if lists == 0 {
		t.Error("no list found")
	}
}

func walkLists(path string, schema *apiextensionsv1.JSONSchemaProps, visit func(string, *apiextensionsv1.JSONSchemaProps)) {
	if schema.Type == "array" {
		visit(path, schema)
		walkLists(path+"[]", schema.Items.Schema, visit)
	}
	for name := range schema.Properties {
		property := schema.Properties[name]
		walkLists(path+"."+name, &property, visit)
	}
}
