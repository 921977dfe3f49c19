// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package imports tests the import rule: imports only run downwards, and the speaker is a library that
// does not depend on Kubernetes.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/herald-bgp/herald/"

// rules list the packages that the packages under a path may import directly, besides the standard library and
// themselves. The longest path that fits a package decides; a path stands for itself and all paths
// below it.
var rules = []struct {
	path    string
	herald  []string // paths in this module
	foreign []string // other modules' paths; "*" is any
}{
	{path: "speaker/wire"},
	{path: "speaker/rib", herald: []string{"speaker/wire"}},
	{path: "speaker/rib/encode", herald: []string{"speaker/wire"}},
	{path: "speaker/rib/internal/store", herald: []string{"speaker/wire"}},
	{path: "speaker/transport", foreign: []string{"golang.org/x/sys"}},
	{path: "speaker/bfd", herald: []string{"speaker/transport"}, foreign: []string{"github.com/go-logr/logr", "golang.org/x/sync", "golang.org/x/sys"}},
	{path: "speaker/internal", herald: []string{"speaker"}},
	{path: "speaker", herald: []string{"speaker"}, foreign: []string{"github.com/go-logr/logr", "golang.org/x/sync"}},
	{path: "api", foreign: []string{"*"}},
	{path: "config", foreign: []string{"*"}}, // the embedded CRDs
	{path: "controllers/compile", herald: []string{"api", "speaker"}, foreign: []string{"*"}},
	{path: "controllers/status", herald: []string{"api", "speaker", "controllers/compile"}, foreign: []string{"*"}},
	{path: "controllers/engine", herald: []string{"api", "speaker", "controllers/compile", "controllers/status"}, foreign: []string{"*"}},
	{path: "controllers/httpserve"},
	{path: "controllers", herald: []string{"api", "config", "speaker", "controllers"}, foreign: []string{"*"}},
}

// programs are at the top: no package outside of them imports them.
var programs = []string{"cmd", "hack", "test"}

// kubernetes must not be in the import graph of anything under speaker/.
var kubernetes = []string{"k8s.io", "sigs.k8s.io"}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImports(t *testing.T) {
	packages := listPackages(t)
	standard := standardLibrary(t)
	seen := map[string]bool{}
	for _, p := range packages {
		path := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			if standard[imported] {
				continue
			}
			if reason := refuse(path, imported); reason != "" {
				t.Errorf("%s imports %s: %s", path, strings.TrimPrefix(imported, module), reason)
			}
		}
		for i, rule := range rules {
			if under(path, rule.path) {
				seen[rules[i].path] = true
			}
		}
		if under(path, "speaker") {
			for _, dependency := range p.Deps {
				if underAny(dependency, kubernetes) {
					t.Errorf("%s has %s in its import graph", path, dependency)
				}
			}
		}
	}
	for _, path := range []string{"speaker", "speaker/wire", "speaker/rib", "speaker/transport", "api", "controllers"} {
		if !seen[path] {
			t.Errorf("no package under %s: the rule has nothing to hold", path)
		}
	}
}

// refuse returns the reason why path must not import imported, "" if it may.
func refuse(path, imported string) string {
	target, own := strings.CutPrefix(imported, module)
	if own && underAny(target, programs) && !underAny(path, programs) {
		return "programs and tests are imported by nothing below them"
	}
	best := -1
	for i, rule := range rules {
		if under(path, rule.path) && (best < 0 || len(rule.path) > len(rules[best].path)) {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	rule := rules[best]
	switch {
	case own && (under(target, rule.path) || underAny(target, rule.herald)):
		return ""
	case !own && (slices.Contains(rule.foreign, "*") || underAny(imported, rule.foreign)):
		return ""
	}
	return "the rule of " + rule.path + " does not have it"
}

func under(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}

func underAny(path string, parents []string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return under(path, parent) })
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(goList(t, "-json=ImportPath,Imports,Deps", module+"...")))
	var packages []goPackage
	for {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("go list found no packages")
	}
	return packages
}

func standardLibrary(t *testing.T) map[string]bool {
	t.Helper()
	standard := map[string]bool{"C": true}
	for path := range strings.FieldsSeq(goList(t, "std")) {
		standard[path] = true
	}
	return standard
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	}
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return string(output)
}

func TestRefuse(t *testing.T) {
	tests := []struct {
		path, imported string
		refused        bool
	}{
		{"speaker/wire", "golang.org/x/sys/unix", true},
		{"speaker/wire", module + "speaker/rib", true},
		{"speaker/rib", module + "speaker/wire", false},
		{"speaker/transport", "golang.org/x/sys/unix", false},
		{"speaker", "golang.org/x/sys/unix", true},
		{"speaker", "github.com/go-logr/logr", false},
		{"speaker", module + "api/v1alpha1", true},
		{"speaker", "k8s.io/apimachinery/pkg/types", true},
		{"api/v1alpha1", module + "speaker", true},
		{"controllers/compile", module + "controllers/node", true},
		{"controllers/compile", module + "api/v1alpha1", false},
		{"controllers/engine", module + "controllers/node", true},
		{"controllers/node", module + "controllers/compile", false},
		{"controllers/node", module + "test/controlplane", true},
		{"test/interop", module + "test/controlplane", false},
		{"cmd/herald", module + "controllers/node", false},
	}
	for _, tt := range tests {
		if reason := refuse(tt.path, tt.imported); (reason != "") != tt.refused {
			t.Errorf("%s imports %s: refused %t (%q), want %t", tt.path, tt.imported, reason != "", reason, tt.refused)
		}
	}
}
