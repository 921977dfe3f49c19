// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package locks

import (
	"go/ast"
	"go/types"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// functions looks at each function of the program.
func (p *program) functions() map[string]*function {
	methods := map[string][]string{}
	p.each(func(s *source, f *types.Func, _ *ast.FuncDecl) {
		if f.Signature().Recv() != nil {
			key := s.path + "." + f.Name()
			methods[key] = append(methods[key], f.FullName())
		}
	})
	all := map[string]*function{}
	p.each(func(s *source, f *types.Func, declaration *ast.FuncDecl) {
		w := &walker{source: s, set: p.set, methods: methods, f: &function{calls: map[string]bool{}}}
		w.block(declaration.Body.List)
		all[f.FullName()] = w.f
	})
	return all
}

func (p *program) each(visit func(*source, *types.Func, *ast.FuncDecl)) {
	for _, s := range p.packages {
		for _, file := range s.files {
			for _, d := range file.Decls {
				if declaration, ok := d.(*ast.FuncDecl); ok && declaration.Body != nil {
					visit(s, s.info.Defs[declaration.Name].(*types.Func), declaration)
				}
			}
		}
	}
}

// why names the mutex or the wait of a function, or of one that it calls; "" if there is none.
func why(all map[string]*function, name string, seen map[string]bool) string {
	f := all[name]
	if f == nil || seen[name] {
		return ""
	}
	seen[name] = true
	switch {
	case len(f.takes) > 0:
		return name + " takes " + f.takes[0]
	case len(f.waits) > 0:
		return name + " " + f.waits[0]
	}
	for _, callee := range slices.Sorted(maps.Keys(f.calls)) {
		if reason := why(all, callee, seen); reason != "" {
			return reason
		}
	}
	return ""
}

func TestMutexesAreLeaves(t *testing.T) {
	all := load(t).functions()
	held := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, fault := range all[name].held {
			held++
			reason := fault.what
			if fault.callee != "" {
				reason = why(all, fault.callee, map[string]bool{})
			}
			if reason != "" {
				t.Errorf("%v: %s, with %s held: %s", fault.at, name, fault.mutex, reason)
			}
		}
	}
	if held < 50 {
		t.Errorf("%d calls under a mutex: the rule has nothing to hold", held)
	}
}

// CONTRIBUTING.md has each mutex, by file and type.
func TestMutexesAreListed(t *testing.T) {
	page, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^- `([a-z0-9_/]+)`: `([a-zA-Z]+)`:").FindAllStringSubmatch(string(page), -1) {
		listed["`"+m[1]+"`: `"+m[2]+"`"] = true
	}
	found := map[string]bool{}
	prog := load(t)
	for _, s := range prog.packages {
		directory := strings.TrimPrefix(s.path, module)
		for _, name := range s.types.Scope().Names() {
			declared, ok := s.types.Scope().Lookup(name).(*types.TypeName)
			if ok && hasMutex(declared.Type()) {
				found["`"+directory+"`: `"+name+"`"] = true
			}
		}
		for _, object := range s.info.Defs {
			if v, ok := object.(*types.Var); ok && !v.IsField() && isMutex(v.Type()) {
				t.Errorf("%v: the mutex %s is no field of a named type, so that no list can have it", prog.set.Position(v.Pos()), v.Name())
			}
		}
	}
	for _, line := range slices.Sorted(maps.Keys(found)) {
		if !listed[line] {
			t.Errorf("CONTRIBUTING.md lacks the line of a mutex: - %s: what it guards", line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(listed)) {
		if !found[line] {
			t.Errorf("CONTRIBUTING.md lists a mutex that is not there: %s", line)
		}
	}
	if len(found) == 0 {
		t.Error("no mutex was found")
	}
}

func isMutex(t types.Type) bool { return t.String() == "sync.Mutex" || t.String() == "sync.RWMutex" }

// hasMutex reports whether a struct has one as its own field, or in one without a name.
func hasMutex(t types.Type) bool {
	fields, ok := t.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for field := range fields.Fields() {
		switch inner := field.Type().(type) {
		case *types.Named:
			if isMutex(inner) {
				return true
			}
		case *types.Struct:
			if hasMutex(inner) {
				return true
			}
		}
	}
	return false
}
