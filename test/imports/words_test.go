// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/herald-bgp/herald/config/crd"
)

// kubernetesWords are words that no comment and no text under speaker/ has a use for. "Announcement" is not among them: the
// library has a type of that name.
var kubernetesWords = regexp.MustCompile(`\b(BGPPeers?|BGPSessions?|Secrets?|ConfigMaps?|CRDs?|Kubernetes|kubectl|herald\.network)\b`)

// rfcWords are reasons of the API that are the RFCs' own words, and the library's too.
var rfcWords = map[string]bool{"Established": true}

// The speaker is a library: it speaks of its own parameters and reasons, and names neither the fields of the API's objects nor
// their reasons.
func TestSpeakerHasNoWordsOfTheAPI(t *testing.T) {
	paths, reasons := fieldPaths(t), apiReasons(t)
	texts := 0
	err := filepath.WalkDir("../../speaker", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		for text, place := range textsOf(t, path) {
			texts++
			for _, problem := range apiWords(text, paths, reasons) {
				t.Errorf("%s: %q is the API's", place, problem)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if texts == 0 || len(paths) < 50 || len(reasons) < 20 {
		t.Fatalf("%d texts, %d fields, %d reasons: the test looks in the wrong place", texts, len(paths), len(reasons))
	}
	for text, found := range map[string]int{
		"in timers.holdSeconds, of the Secret": 2, "NoSession": 1, "the hold time of Timers.Hold": 0, "Announcement": 0,
	} {
		if problems := apiWords(text, paths, reasons); len(problems) != found {
			t.Errorf("%q: found %q", text, problems)
		}
	}
}

var word = regexp.MustCompile(`[A-Za-z0-9]+(\.[A-Za-z0-9]+)+`)

// apiWords are the API's words in a comment or a text.
func apiWords(text string, paths, reasons map[string]bool) []string {
	found := kubernetesWords.FindAllString(text, -1)
	for _, path := range word.FindAllString(text, -1) {
		if paths[path] {
			found = append(found, path)
		}
	}
	if reasons[text] && !rfcWords[text] {
		found = append(found, text)
	}
	return found
}

// textsOf are the comments and the string literals of a file, with a place of each.
func textsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, group := range file.Comments {
		texts[group.Text()] = files.Position(group.Pos()).String()
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if _, imports := n.(*ast.ImportSpec); imports {
			return false
		}
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			texts[text] = files.Position(literal.Pos()).String()
		}
		return true
	})
	return texts
}

// fieldPaths are the paths of the fields in the specs and statuses of the API's objects, with and without their beginning.
func fieldPaths(t *testing.T) map[string]bool {
	t.Helper()
	paths := map[string]bool{}
	definitions, err := crd.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range definitions {
		for i := range definition.Spec.Versions {
			for _, top := range []string{"spec", "status"} {
				schema := definition.Spec.Versions[i].Schema.OpenAPIV3Schema.Properties[top]
				addPaths(paths, nil, &schema)
				addPaths(paths, []string{top}, &schema)
			}
		}
	}
	return paths
}

func addPaths(paths map[string]bool, above []string, schema *apiextensionsv1.JSONSchemaProps) {
	if len(above) > 1 {
		paths[strings.Join(above, ".")] = true
	}
	for name := range schema.Properties {
		below := schema.Properties[name]
		addPaths(paths, append(above[:len(above):len(above)], name), &below)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		addPaths(paths, above, schema.Items.Schema)
	}
}

// apiReasons are the values of the API's reasons.
func apiReasons(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Reason") && len(spec.Values) == 1 {
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				reasons[value] = true
			}
		}
		return true
	})
	return reasons
}
