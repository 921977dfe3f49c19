// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/herald-bgp/herald/controllers/admission"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	type document struct {
		name string // of the object
		line int
		err  string // a part of it
	}
	const head = "apiVersion: v1\nkind: Secret\nmetadata: {name: "
	for name, test := range map[string]struct {
		file string
		want []document
	}{
		"nothing":   {file: ""},
		"comments":  {file: "# nothing\n---\n\n--- # still nothing\n"},
		"one":       {file: head + "a}\n", want: []document{{name: "a", line: 1}}},
		"JSON":      {file: `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}`, want: []document{{name: "a", line: 1}}},
		"two":       {file: head + "a}\n---\n" + head + "b}\n", want: []document{{name: "a", line: 1}, {name: "b", line: 5}}},
		"CRLF":      {file: strings.ReplaceAll(head+"a}\n---\n"+head+"b}\n", "\n", "\r\n"), want: []document{{name: "a", line: 1}, {name: "b", line: 5}}},
		"separator": {file: "---\n" + head + "a}\ndata: {a: ---}\n", want: []document{{name: "a", line: 2}}},
		"a broken one does not hide the others": {
			file: head + "a}\n---\nkind: [\n---\n" + head + "b}\n",
			want: []document{{name: "a", line: 1}, {line: 5, err: "document 2 (line 5): "}, {name: "b", line: 7}},
		},
		"lines are those of the file": {
			file: head + "a}\n---\nkind: Secret\nkind: Secret\n",
			want: []document{{name: "a", line: 1}, {line: 5, err: "line 6: key \"kind\" already set"}},
		},
		"no apiVersion": {file: "kind: Secret\n", want: []document{{line: 1, err: "document 1 (line 1): apiVersion is missing"}}},
		"no kind":       {file: "apiVersion: v1\n", want: []document{{line: 1, err: "kind is missing"}}},
		"no object":     {file: "- a\n", want: []document{{line: 1, err: "want an object"}}},
		"List": {
			file: "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- {kind: Secret}\n- 7\n",
			want: []document{{name: "a", line: 1}, {line: 1, err: "item 1): apiVersion is missing"}, {line: 1, err: "item 2): apiVersion is missing"}},
		},
		"List of nothing": {file: "apiVersion: v1\nkind: List\nitems: 7\n", want: []document{{line: 1, err: "items"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			have := admission.Decode([]byte(test.file))
			if len(have) != len(test.want) {
				t.Fatalf("%d documents, want %d: %+v", len(have), len(test.want), have)
			}
			for i, want := range test.want {
				checkDocument(t, have[i], want.name, want.line, want.err)
			}
		})
	}
}

func checkDocument(t *testing.T, have admission.Document, name string, line int, message string) {
	t.Helper()
	if have.Line != line {
		t.Errorf("line %d, want %d", have.Line, line)
	}
	if (have.Object == nil) == (have.Err == nil) {
		t.Fatalf("want either an object or an error: %+v", have)
	}
	if message != "" {
		if have.Err == nil || !strings.Contains(have.Err.Error(), message) {
			t.Errorf("error %v, want %q", have.Err, message)
		}
		return
	}
	if have.Err != nil {
		t.Fatal(have.Err)
	}
	if have.Object.GetName() != name {
		t.Errorf("object %q, want %q", have.Object.GetName(), name)
	}
}

// The API server reads whole numbers as int64; as float64 CEL would refuse them.
func TestDecodeKeepsIntegers(t *testing.T) {
	t.Parallel()
	documents := admission.Decode([]byte("apiVersion: v1\nkind: X\nwhole: 4294967295\nbroken: 0.5\n"))
	if len(documents) != 1 || documents[0].Err != nil {
		t.Fatalf("%+v", documents)
	}
	whole, found, err := unstructured.NestedInt64(documents[0].Object.Object, "whole")
	if err != nil || !found || whole != 4294967295 {
		t.Errorf("whole is %d, %t, %v", whole, found, err)
	}
	broken, found, err := unstructured.NestedFloat64(documents[0].Object.Object, "broken")
	if err != nil || !found || broken != 0.5 {
		t.Errorf("broken is %v, %t, %v", broken, found, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("apiVersion: v1\nkind: Secret\n---\n# nothing\n--- \nkind: [\n"))
	f.Add([]byte("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Node}, 7]\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, document := range admission.Decode(file) {
			if (document.Object == nil) == (document.Err == nil) {
				t.Errorf("want either an object or an error: %+v", document)
			}
			if document.Object != nil && document.Object.GetKind() == "" {
				t.Error("an object without a kind")
			}
		}
	})
}
