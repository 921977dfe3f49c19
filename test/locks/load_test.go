// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package locks holds the rule of mutexes in what Herald runs: they are leaves. None is held while another is taken, over I/O,
// over a channel operation that can wait, or over a call of a function that the code does not name. CONTRIBUTING.md lists them.
package locks

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module  = "github.com/herald-bgp/herald/"
	speaker = module + "speaker"
)

// roots are where the code is that Herald runs.
var roots = []string{"speaker", "controllers", "cmd", "api", "config"}

// ours reports whether a package is of the program.
func ours(path string) bool {
	inner, own := strings.CutPrefix(path, module)
	first, _, _ := strings.Cut(inner, "/")
	return own && slices.Contains(roots, first)
}

// source is a package of the program, typed.
type source struct {
	path  string
	files []*ast.File
	info  *types.Info
	types *types.Package
}

// program is all of them.
type program struct {
	set      *token.FileSet
	packages []*source
}

// load types the packages of the program but for the speaker's network of tests, and fails where there are none.
func load(t *testing.T) *program {
	t.Helper()
	arguments := []string{"list", "-deps", "-export", "-json=ImportPath,Dir,GoFiles,Export"}
	for _, root := range roots {
		arguments = append(arguments, module+root+"/...")
	}
	command := exec.Command("go", arguments...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	type listed struct {
		ImportPath, Dir, Export string
		GoFiles                 []string
	}
	exports := map[string]string{}
	var own []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		exports[p.ImportPath] = p.Export
		if ours(p.ImportPath) && p.ImportPath != speaker+"/internal/faketest" {
			own = append(own, p)
		}
	}
	prog := &program{set: token.NewFileSet()}
	config := types.Config{Importer: importer.ForCompiler(prog.set, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	for _, p := range own {
		s := &source{path: p.ImportPath, info: &types.Info{
			Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{},
		}}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(prog.set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			s.files = append(s.files, file)
		}
		if s.types, err = config.Check(p.ImportPath, prog.set, s.files, s.info); err != nil {
			t.Fatalf("%s: %v", p.ImportPath, err)
		}
		prog.packages = append(prog.packages, s)
	}
	if len(prog.packages) < 15 {
		t.Fatalf("%d packages", len(prog.packages))
	}
	return prog
}
