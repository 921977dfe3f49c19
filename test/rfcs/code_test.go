// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rfcs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is a Go file: its declarations, and the clauses that its comments cite.
type source struct {
	names     []string
	citations map[string][]string // sections by RFC
}

// cited finds an RFC with its sections, such as "RFC 7606 §7.5, §7.9 and §7.10".
var cited = regexp.MustCompile(`RFC ([0-9]+)((?:[ ,a-z]*§[0-9.]+)*)`)

// readCode returns the Go files below speaker/ by their path in it, those of tests too, and fails if there are none.
func readCode(t *testing.T) map[string]*source {
	t.Helper()
	const root = "../../speaker"
	files := map[string]*source{}
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".go" {
			return err
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		files[filepath.ToSlash(relative)] = &source{names: declared(file), citations: citations(file)}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	return files
}

func declared(file *ast.File) []string {
	var names []string
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names = append(names, d.Name.Name)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

func citations(file *ast.File) map[string][]string {
	all := map[string][]string{}
	for _, group := range file.Comments {
		for _, m := range cited.FindAllStringSubmatch(strings.Join(strings.Fields(group.Text()), " "), -1) {
			all[m[1]] = append(all[m[1]], "") // the RFC itself
			all[m[1]] = append(all[m[1]], paragraph.FindAllString(m[2], -1)...)
		}
	}
	return all
}

// cites reports whether the file cites one of the sections, or any section of the RFC if none are given.
func (s *source) cites(rfc string, sections []string) bool {
	if len(sections) == 0 {
		sections = []string{""}
	}
	return slices.ContainsFunc(sections, func(section string) bool { return slices.Contains(s.citations[rfc], section) })
}

// directory of a package that the page names, below speaker/.
func directory(name string) string {
	if name == "speaker" {
		return "."
	}
	return name
}

// hasTest reports whether a test file of the package has the test.
func hasTest(files map[string]*source, test reference) bool {
	for name, file := range files {
		if strings.HasSuffix(name, "_test.go") && path.Dir(name) == directory(test.place) && slices.Contains(file.names, test.name) {
			return strings.HasPrefix(test.name, "Test") || strings.HasPrefix(test.name, "Fuzz")
		}
	}
	return false
}
