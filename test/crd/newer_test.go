// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/config/crd"
	"github.com/herald-bgp/herald/controllers/compile"
)

// newer is an object that only a later version of the schema allows.
type newer struct {
	name string
	// want is a part of the message on the object.
	want   string
	object map[string]any
}

// TestNewerSchema decodes, as the client does, objects with a field, a member of a union or an enum's value that this version does
// not know, and reads them: each is Unsupported, and the version before it stays in force.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"BGPPeer", "Announcement"} {
		full := readExample(t, "testdata/"+strings.ToLower(kind)+"/accepted/full.yaml").judged()
		if kind == "Announcement" { // as written it comes to more prefixes than there may be
			unstructured.RemoveNestedField(full.Object, "spec", "deaggregate", "ipv4")
			_ = unstructured.SetNestedField(full.Object, int64(7), "spec", "deaggregate", "ipv6")
		}
		full.SetUID("uid")
		full.SetGeneration(6)
		cases := newerVersions(full.Object, specSchema(t, kind))
		if len(cases) < 10 {
			t.Fatalf("%d newer versions of a %s: the walk has missed most", len(cases), kind)
		}
		for _, c := range cases {
			t.Run(kind+"/"+c.name, func(t *testing.T) {
				var reader compile.Reader
				before := readObjects(t, &reader, full)
				if before.issue != nil || !before.inForce {
					t.Fatalf("the version before is not valid: %+v", before.issue)
				}
				object := &unstructured.Unstructured{Object: c.object}
				object.SetGeneration(7)
				after := readObjects(t, &reader, object)
				if after.issue == nil || after.issue.Reason != v1alpha1.ReasonUnsupported || after.issue.InForce != 6 ||
					!strings.Contains(after.issue.Message, c.want) {
					t.Errorf("issue %+v, want it %s for %s, and generation 6 in force", after.issue, v1alpha1.ReasonUnsupported, c.want)
				}
				if !after.inForce {
					t.Error("it is left out")
				}
				// One who sees it first has nothing to go on with.
				if fresh := readObjects(t, &compile.Reader{}, object); fresh.issue == nil || fresh.inForce {
					t.Errorf("one who sees it first reads %+v", fresh)
				}
			})
		}
	}
}

// found is what an object comes to: whether some version of it is in force, and what is wrong with the newest.
type found struct {
	inForce bool
	issue   *compile.Issue
}

// readObjects decodes as the client does, and reads.
func readObjects(t *testing.T, reader *compile.Reader, object *unstructured.Unstructured) found {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	decoded, _, err := serializer.NewCodecFactory(scheme).UniversalDeserializer().Decode(data, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch decoded := decoded.(type) {
	case *v1alpha1.BGPPeer:
		read := reader.Peer(decoded)
		return found{read.InForce != nil, read.Issue}
	case *v1alpha1.Announcement:
		read := reader.Announcement(decoded)
		return found{read.InForce != nil, read.Issue}
	}
	t.Fatalf("decoded as %T", decoded)
	return found{}
}

func specSchema(t *testing.T, kind string) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(definitions, func(d *apiextensionsv1.CustomResourceDefinition) bool { return d.Spec.Names.Kind == kind })
	if i < 0 {
		t.Fatalf("no CRD of kind %s", kind)
	}
	return definitions[i].Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
}

// newerVersions are versions of an object with one thing each that this version does not know: an additional field in each of its
// objects, another member in each union without a discriminator, and another value of each enum.
func newerVersions(full map[string]any, schema apiextensionsv1.JSONSchemaProps) []newer {
	var list []newer
	add := func(name, want string, edit func(spec map[string]any)) {
		object := runtime.DeepCopyJSON(full)
		edit(object["spec"].(map[string]any))
		list = append(list, newer{name: name, want: want, object: object})
	}
	walk(full["spec"], &schema, nil, func(path []any, schema *apiextensionsv1.JSONSchemaProps) {
		name := "spec" + pathText(path)
		switch {
		case len(schema.Properties) > 0:
			add(name+".newer", name+".newer", func(spec map[string]any) { at(spec, path).(map[string]any)["newer"] = map[string]any{"a": int64(1)} })
		case len(schema.Enum) > 0:
			add(name+"=Newer", "this version does not know", func(spec map[string]any) { set(spec, path, "Newer") })
		}
	})
	for _, union := range [][]string{{"address"}, {"peerASN"}, {"transport", "source", "address"}, {"prefixes"}} {
		if _, found, _ := unstructured.NestedFieldNoCopy(full, append([]string{"spec"}, union...)...); !found {
			continue
		}
		field := "spec." + strings.Join(union, ".")
		add(field+" alone", field, func(spec map[string]any) { unstructured.RemoveNestedField(spec, union...) })
		add(field+" by another", strings.TrimSuffix(field, union[len(union)-1])+"newer", func(spec map[string]any) {
			unstructured.RemoveNestedField(spec, union...)
			_ = unstructured.SetNestedField(spec, "x", append(slices.Clone(union[:len(union)-1]), "newer")...)
		})
	}
	return list
}

// walk visits every value that has a schema.
func walk(value any, schema *apiextensionsv1.JSONSchemaProps, path []any, visit func([]any, *apiextensionsv1.JSONSchemaProps)) {
	visit(path, schema)
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if property, ok := schema.Properties[key]; ok {
				walk(value[key], &property, append(slices.Clone(path), key), visit)
			}
		}
	case []any:
		for i := range value {
			walk(value[i], schema.Items.Schema, append(slices.Clone(path), i), visit)
		}
	}
}

func pathText(path []any) string {
	text := ""
	for _, step := range path {
		if name, ok := step.(string); ok {
			text += "." + name
		} else {
			text += fmt.Sprintf("[%d]", step)
		}
	}
	return text
}

// at is the value at a path.
func at(value any, path []any) any {
	for _, step := range path {
		if name, ok := step.(string); ok {
			value = value.(map[string]any)[name]
		} else {
			value = value.([]any)[step.(int)]
		}
	}
	return value
}

func set(spec map[string]any, path []any, value any) {
	last := len(path) - 1
	if name, ok := path[last].(string); ok {
		at(spec, path[:last]).(map[string]any)[name] = value
	} else {
		at(spec, path[:last]).([]any)[path[last].(int)] = value
	}
}
