// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/herald-bgp/herald/api/v1alpha1"
	"github.com/herald-bgp/herald/config/crd"
	"github.com/herald-bgp/herald/controllers/compile"
	"github.com/herald-bgp/herald/speaker"
	"github.com/herald-bgp/herald/speaker/rib"
)

// Whatever the library can say has its word in the API. The values of each type are counted in the library's source, so that a
// new one without a word fails.
func TestTheSpeakersWordsAreTranslated(t *testing.T) {
	words := func(directory, name string, none int, of func(uint8) string) map[string]bool {
		seen := map[string]bool{}
		for value := range constants(t, directory, name) {
			word := of(uint8(value + none))
			if first := none == 0 && value == 0; first != (word == "") || seen[word] {
				t.Errorf("%s %d is %q in the API", name, value+none, word)
			}
			seen[word] = true
		}
		delete(seen, "")
		return seen
	}
	reasons := words("speaker/rib/encode", "Reason", 0, func(v uint8) string { return compile.WithheldReason(rib.Reason(v)) })
	for reason := range reasons {
		if !slices.Contains(v1alpha1.WithheldReasons(), reason) {
			t.Errorf("%s is none of WithheldReasons", reason)
		}
	}
	words("speaker", "BlockedReason", 0, func(v uint8) string {
		word := compile.BlockedReason(speaker.BlockedReason(v))
		if speaker.BlockedReason(v) == speaker.BlockedKeyUnread && word == v1alpha1.ReasonSecretNotFound {
			return "the word for a key that is missing"
		}
		return word
	})
	fields := words("speaker", "Parameter", 1, func(v uint8) string { return compile.FieldOf(speaker.Parameter(v)) })
	for field := range fields {
		if !hasField(t, field) {
			t.Errorf("a BGPPeer has no field spec.%s", field)
		}
	}
}

// constants is how many constants the block has whose first is of that type.
func constants(t *testing.T, directory, name string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", directory, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			block, ok := declaration.(*ast.GenDecl)
			if !ok || block.Tok != token.CONST {
				continue
			}
			if of, ok := block.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident); ok && of.Name == name {
				return len(block.Specs)
			}
		}
	}
	t.Fatalf("no constants of %s in %s", name, directory)
	return 0
}

// hasField reports whether the spec of a BGPPeer has a field.
func hasField(t *testing.T, path string) bool {
	t.Helper()
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(definitions, func(d *apiextensionsv1.CustomResourceDefinition) bool { return d.Spec.Names.Kind == "BGPPeer" })
	schema := definitions[i].Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	for name := range strings.SplitSeq(path, ".") {
		below, ok := schema.Properties[name]
		if !ok {
			return false
		}
		schema = below
	}
	return true
}
