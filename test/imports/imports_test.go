// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package imports tests the import rules: each package imports what its rule lists, imports only run downwards, and the speaker is
// a library that does not depend on Kubernetes.
package imports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/herald-bgp/herald"

// rule lists what one package imports. Names are separated by spaces, in alphabetical order.
type rule struct {
	path    string // below the module
	herald  string // packages of this module
	modules string // other modules
	tests   string // further packages of this module that the package's tests import
}

// String is the line of the table.
func (r rule) String() string {
	line := fmt.Sprintf("{path: %q", r.path)
	for _, field := range []struct{ name, value string }{{"herald", r.herald}, {"modules", r.modules}, {"tests", r.tests}} {
		if field.value != "" {
			line += fmt.Sprintf(", %s: %q", field.name, field.value)
		}
	}
	return line + "},"
}

func TestRules(t *testing.T) {
	problems := judge(rules, actual(t))
	for _, problem := range problems {
		t.Error(problem)
	}
	if len(problems) > 0 {
		t.Log("The rules are in test/imports/rules_test.go. Where the import is meant, put the line there; a reviewer judges it.")
	}
}

// judge compares the rules with what packages import.
func judge(rules, packages []rule) (problems []string) {
	known := map[string]rule{}
	for _, r := range rules {
		if _, twice := known[r.path]; twice {
			problems = append(problems, fmt.Sprintf("%s has two rules", r.path))
		}
		known[r.path] = r
	}
	for _, p := range packages {
		r, ok := known[p.path]
		delete(known, p.path)
		if !ok {
			problems = append(problems, fmt.Sprintf("%s has no rule. Add:\n\t%v", p.path, p))
			continue
		}
		var differences []string
		for _, list := range []struct{ what, allowed, found string }{
			{"", r.herald, p.herald}, {"", r.modules, p.modules}, {" in its tests", r.tests, p.tests},
		} {
			allowed, found := strings.Fields(list.allowed), strings.Fields(list.found)
			for _, name := range without(found, allowed) {
				differences = append(differences, fmt.Sprintf("imports %s%s, which its rule does not list", name, list.what))
			}
			for _, name := range without(allowed, found) {
				differences = append(differences, fmt.Sprintf("does not import %s%s, which its rule lists", name, list.what))
			}
		}
		if len(differences) > 0 {
			problems = append(problems, fmt.Sprintf("%s %s. With that its rule is:\n\t%v", p.path, strings.Join(differences, "; it "), p))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(known)) {
		problems = append(problems, fmt.Sprintf("the rule of %s is of no package. Remove it.", path))
	}
	return problems
}

// without returns the elements of a that b does not have.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return slices.Contains(b, x) })
}

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath                               string
	Standard                                 bool
	Module                                   *struct{ Path string }
	Imports, TestImports, XTestImports, Deps []string
}

// actual is what the packages import, as rules.
func actual(t *testing.T) []rule {
	t.Helper()
	modules := map[string]string{} // by package, none for the standard library
	for _, p := range list(t, "-deps", "-test", "-json=ImportPath,Standard,Module") {
		if !p.Standard && p.Module != nil {
			modules[p.ImportPath] = p.Module.Path
		}
	}
	var packages []rule
	for _, p := range list(t, "-json=ImportPath,Imports,TestImports,XTestImports") {
		own := func(imports []string) (names []string) {
			for _, name := range imports {
				if modules[name] == module && name != p.ImportPath {
					names = append(names, strings.TrimPrefix(name, module+"/"))
				}
			}
			return names
		}
		herald := own(p.Imports)
		var foreign []string
		for _, name := range p.Imports {
			if m := modules[name]; m != "" && m != module {
				foreign = append(foreign, m)
			}
		}
		packages = append(packages, rule{
			path: strings.TrimPrefix(p.ImportPath, module+"/"), herald: joined(herald), modules: joined(foreign),
			tests: joined(without(own(slices.Concat(p.TestImports, p.XTestImports)), herald)),
		})
	}
	if len(packages) < 30 {
		t.Fatalf("go list found %d packages", len(packages))
	}
	return packages
}

func joined(names []string) string {
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// list asks go list of every package of the module, as they are on Linux.
func list(t *testing.T, arguments ...string) []goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", slices.Concat([]string{"list"}, arguments, []string{module + "/..."})...)
	command.Env = append(os.Environ(), "GOOS=linux")
	output, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	}
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, p)
	}
}

// layer says what packages never depend on, be it by way of others.
type layer struct {
	under []string // paths below the module, with all below them
	never []string // import paths, with all below them
	why   string
	tests bool // and their tests do not either
}

// TestLayers sees that no rule lets in by way of another package what it must not have.
func TestLayers(t *testing.T) {
	packages := list(t, "-test", "-json=ImportPath,Deps")
	for _, l := range layers {
		seen := false
		for _, p := range packages {
			// With -test there are the test binaries too, "a/b.test", and packages compiled for one, "a/b [a/b.test]".
			path, ofTest := strings.CutSuffix(p.ImportPath, ".test")
			if strings.Contains(path, " ") || ofTest && !l.tests || !underAny(path, l.under, module+"/") {
				continue
			}
			seen = true
			for _, dependency := range p.Deps {
				dependency, _, _ = strings.Cut(dependency, " ")
				if underAny(dependency, l.never, "") {
					t.Errorf("%s depends on %s: %s", p.ImportPath, dependency, l.why)
				}
			}
		}
		if !seen {
			t.Errorf("no package is under %v: the layer has nothing to hold", l.under)
		}
	}
}

func underAny(path string, parents []string, prefix string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool {
		return path == prefix+parent || strings.HasPrefix(path, prefix+parent+"/")
	})
}

func TestJudge(t *testing.T) {
	packages := []rule{{path: "a", herald: "b c", modules: "example.com/m"}, {path: "b", tests: "a"}}
	if problems := judge(packages, packages); len(problems) > 0 {
		t.Errorf("rules that fit: %q", problems)
	}
	for want, r := range map[string][]rule{
		`a has no rule. Add:` + "\n\t" + `{path: "a", herald: "b c", modules: "example.com/m"},`: packages[1:],
		"a imports c, which its rule does not list":                                              {{path: "a", herald: "b", modules: "example.com/m"}, packages[1]},
		"a imports example.com/m, which its rule does not list":                                  {{path: "a", herald: "b c"}, packages[1]},
		"b imports a in its tests, which its rule does not list":                                 {packages[0], {path: "b"}},
		"b does not import c, which its rule lists":                                              {packages[0], {path: "b", herald: "c", tests: "a"}},
		"the rule of d is of no package":                                                         {packages[0], packages[1], {path: "d"}},
		"b has two rules":                                                                        {packages[0], packages[1], packages[1]},
	} {
		if problems := judge(r, packages); len(problems) != 1 || !strings.HasPrefix(problems[0], want) {
			t.Errorf("%q, want %q", problems, want)
		}
	}
}
