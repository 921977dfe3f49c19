// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/herald-bgp/herald/controllers/admission"
)

// example is an object with the expected answer of admission. It is read from
// testdata/<kind>/{accepted,refused}/<name>.yaml. The last document is judged; a
// document before it is the stored object. A refused example has a comment for each
// cause, "# refused: " and a part of its text.
type example struct {
	name    string
	kind    string
	objects []*unstructured.Unstructured
	refused []string
}

// judged is the object that admission is asked about.
func (e example) judged() *unstructured.Unstructured { return e.objects[len(e.objects)-1] }

// verdict is an example with the answer of admission.
type verdict struct {
	example
	err error
}

const refusedComment = "# refused: "

func readExamples(t *testing.T) []example {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no example in testdata")
	}
	examples := make([]example, 0, len(files))
	for _, file := range files {
		examples = append(examples, readExample(t, file))
	}
	return append(examples, longLists()...)
}

func readExample(t *testing.T, file string) example {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name, _ := strings.CutPrefix(strings.TrimSuffix(file, ".yaml"), "testdata/")
	e := example{name: name}
	for line := range strings.Lines(string(data)) {
		if cause, ok := strings.CutPrefix(strings.TrimSpace(line), refusedComment); ok {
			e.refused = append(e.refused, cause)
		}
	}
	for _, document := range admission.Decode(data, nil) {
		if document.Err != nil {
			t.Fatalf("%s: %v", file, document.Err)
		}
		e.objects = append(e.objects, document.Object)
	}
	if len(e.objects) == 0 {
		t.Fatalf("%s holds no object", file)
	}
	e.kind = e.judged().GetKind()
	folders := strings.Split(name, "/")
	if folders[0] != strings.ToLower(e.kind) {
		t.Fatalf("%s holds a %s", file, e.kind)
	}
	if refused := folders[1] == "refused"; refused != (len(e.refused) > 0) {
		t.Fatalf("%s: a refused example, and no other, says why in a line %q", file, refusedComment)
	}
	return e
}

// longLists are the examples that are too long to write down.
func longLists() []example {
	list := func(n int) *unstructured.Unstructured {
		prefixes := make([]any, 0, n)
		for i := range n {
			prefixes = append(prefixes, fmt.Sprintf("2001:db8:%x::/48", i))
		}
		u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"prefixes": prefixes}}}
		u.SetAPIVersion("herald.network/v1alpha1")
		u.SetKind("Announcement")
		u.SetNamespace("default")
		u.SetName("many")
		return u
	}
	return []example{
		{name: "announcement/accepted/4096-prefixes", kind: "Announcement", objects: []*unstructured.Unstructured{list(4096)}},
		{
			name: "announcement/refused/4097-prefixes", kind: "Announcement", objects: []*unstructured.Unstructured{list(4097)},
			refused: []string{"spec.prefixes: Too many: 4097: must have at most 4096 items", "some validation rules were not checked"},
		},
	}
}

// check compares a verdict with the expectation of the example: the same number of
// causes, each with its text.
func (v verdict) check(t *testing.T) {
	t.Helper()
	causes := causesOf(v.err)
	if len(causes) != len(v.refused) {
		t.Fatalf("refused for %d causes, want %d:\n%s", len(causes), len(v.refused), strings.Join(causes, "\n"))
	}
	for _, want := range v.refused {
		if !slices.ContainsFunc(causes, func(cause string) bool { return strings.Contains(cause, want) }) {
			t.Errorf("no cause says %q:\n%s", want, strings.Join(causes, "\n"))
		}
	}
}

// checkCoverage fails for each rule that no example met, or that none broke.
func checkCoverage(t *testing.T, verdicts []verdict) {
	t.Helper()
	for _, r := range readRules(t) {
		met := slices.ContainsFunc(verdicts, func(v verdict) bool {
			return v.kind == r.kind && v.err == nil && has(v.judged().Object, r.path) &&
				(len(v.objects) > 1 || !r.comparesOnly())
		})
		if !met {
			t.Errorf("no accepted example reaches the rule\n%s", r)
		}
		broken := slices.ContainsFunc(verdicts, func(v verdict) bool {
			return v.kind == r.kind && slices.ContainsFunc(causesOf(v.err), r.broke)
		})
		if !broken {
			t.Errorf("no refused example breaks the rule\n%s", r)
		}
	}
}
