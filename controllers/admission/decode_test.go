// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"runtime"
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
			want: []document{{name: "a", line: 1}, {line: 5, err: "line 6: key already set"}},
		},
		"content after ---": {
			file: "--- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n---\t{apiVersion: v1, kind: Secret, metadata: {name: b}}\n--- # c\n" + head + "c}\n",
			want: []document{{name: "a", line: 1}, {name: "b", line: 2}, {name: "c", line: 4}},
		},
		"document end": {file: head + "a}\n...\n" + head + "b}\n", want: []document{{name: "a", line: 1}, {name: "b", line: 5}}},
		"no marker":    {file: head + "a}\n---x: y\n", want: []document{{name: "a", line: 1}}},
		"concatenated JSON": {
			file: "---\n" + `{"apiVersion": "v1", "kind": "Secret"}` + "\n" + `{"apiVersion": "v1", "kind": "Secret"}`,
			want: []document{{line: 2, err: "document 1 (line 2): yaml: after line 2: more follows the object"}},
		},
		"lone carriage returns": {
			file: "apiVersion: v1\rkind: Secret\r---\rkind: Secret\r",
			want: []document{{line: 1, err: "more follows the object"}},
		},
		"byte order mark": {file: "\ufeff" + head + "a}\n", want: []document{{name: "a", line: 1}}},
		"UTF-16":          {file: "\xff\xfek\x00:\x00", want: []document{{line: 1, err: "line 1: the text is not UTF-8"}}},
		"Latin-1":         {file: head + "a}\n---\n" + head + "b}\n# \xe4\n", want: []document{{line: 1, err: "line 8: the text is not UTF-8"}}},
		"no apiVersion":   {file: "kind: Secret\n", want: []document{{line: 1, err: "document 1 (line 1): apiVersion is missing"}}},
		"no kind":         {file: "apiVersion: v1\n", want: []document{{line: 1, err: "kind is missing"}}},
		"no object":       {file: "- a\n", want: []document{{line: 1, err: "want an object"}}},
		"List": {
			file: "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- {kind: Secret}\n- 7\n",
			want: []document{{name: "a", line: 1}, {line: 1, err: "item 1): apiVersion is missing"}, {line: 1, err: "item 2): apiVersion is missing"}},
		},
		"List of nothing": {file: "apiVersion: v1\nkind: List\nitems: 7\n", want: []document{{line: 1, err: "items"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			have := admission.Decode([]byte(test.file), nil)
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

// A document that cannot be parsed may be a Secret.
func TestDecodeQuotesNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"password: *hunter2":                         "yaml: unknown anchor referenced",
		"password: &hunter2 [*hunter2]":              "yaml: an anchor's value contains itself",
		"password: !!int hunter2":                    "yaml: a value does not fit its tag",
		"password: !!hunter2 7":                      "",
		"password: !!binary hunter2%":                "yaml: !!binary value contains invalid base64 data",
		"hunter2: 1\nhunter2: 2":                     "yaml: line 4: key already set in map",
		"a: 1\na: 2\nhunter2: 1\nhunter2: 2":         "yaml: line 4: key already set in map; line 6: key already set in map",
		"{hunter2: 1}: hunter2":                      "yaml: invalid map key",
		"? !!binary aHVudGVyMg==\n: hunter2\na: [":   "yaml: line 5: did not find expected node content",
		"1.5: hunter2\n.nan: hunter2":                "",
		"password: .inf":                             "yaml: the document is not valid",
		"password: \"hunter2":                        "",
		"password: hunter2: b":                       "yaml: line 3: mapping values are not allowed in this context",
		"{password: hunter2":                         "",
		"apiVersion: v1\nkind: List\nitems: hunter2": "items: want a list, have a string",
		"hunter2": "want an object, have a string",
	} {
		documents := admission.Decode([]byte("# a comment\n---\n"+text+"\n"), nil)
		if len(documents) != 1 || documents[0].Err == nil {
			t.Errorf("%q: want one error: %+v", text, documents)
			continue
		}
		message := documents[0].Err.Error()
		if strings.Contains(message, "hunter2") {
			t.Errorf("%q is quoted: %s", text, message)
		}
		if !strings.HasSuffix(message, want) {
			t.Errorf("%q: %s, want %s", text, message, want)
		}
	}
}

// The API server reads whole numbers as int64; as float64 CEL would refuse them.
func TestDecodeKeepsIntegers(t *testing.T) {
	t.Parallel()
	documents := admission.Decode([]byte("apiVersion: v1\nkind: X\nwhole: 4294967295\nbroken: 0.5\n"), nil)
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
		for _, document := range admission.Decode(file, nil) {
			if (document.Object == nil) == (document.Err == nil) {
				t.Errorf("want either an object or an error: %+v", document)
			}
			if document.Object != nil && document.Object.GetKind() == "" {
				t.Error("an object without a kind")
			}
		}
	})
}

// A document costs the same at every place in its file, and so does a broken one.
func TestDecodeIsLinear(t *testing.T) {
	for name, text := range map[string]string{
		"empty":    "---\n",
		"object":   "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
		"broken":   "---\n{\n",
		"followed": "---\n{}\n{}\n",
	} {
		t.Run(name, func(t *testing.T) {
			allocated := func(documents int) uint64 {
				data := []byte(strings.Repeat(text, documents))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				admission.Decode(data, nil)
				runtime.ReadMemStats(&after)
				return after.TotalAlloc - before.TotalAlloc
			}
			few, many := allocated(500), allocated(4000)
			if many > 12*few {
				t.Errorf("8 times the documents allocate %d bytes in place of %d", many, few)
			}
		})
	}
}
