// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package crd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/herald-bgp/herald/controllers/admission"
)

// TestObjectsOfTheDocumentationAreAdmitted: admission accepts every object in README.md, docs and the samples.
func TestObjectsOfTheDocumentationAreAdmitted(t *testing.T) {
	t.Parallel()
	admitter := newAdmitter(t)
	pages := map[string]string{}
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../config/samples/*_*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			pages[file] = string(text)
		}
	}
	judged := map[string]int{}
	for file, text := range pages {
		manifests := []string{text}
		if strings.HasSuffix(file, ".md") {
			manifests = manifestsIn(text)
		}
		for _, manifest := range manifests {
			for _, document := range admission.Decode([]byte(manifest), nil) {
				if document.Err != nil {
					t.Errorf("%s: %v in\n%s", file, document.Err, manifest)
					continue
				}
				if _, err := admitter.Admit(t.Context(), document.Object, nil); err != nil {
					t.Errorf("%s: %v in\n%s", file, err, manifest)
				}
				judged[document.Object.GetKind()]++
			}
		}
	}
	for _, kind := range []string{"BGPPeer", "Announcement"} {
		if judged[kind] < 3 {
			t.Errorf("%d of %s were found: are they written in another form?", judged[kind], kind)
		}
	}
}

// manifestsIn are the whole objects of a page: in a block of YAML, or fed to a command of a shell until END or EOF.
func manifestsIn(page string) (found []string) {
	const first = "apiVersion: herald.network/"
	for i, block := range strings.Split(page, "```") {
		if i%2 == 0 {
			continue // between two blocks
		}
		language, text, _ := strings.Cut(block, "\n")
		switch language {
		case "yaml":
			if strings.HasPrefix(text, first) {
				found = append(found, text)
			}
		case "sh":
			for _, mark := range []string{"END", "EOF"} {
				for _, fed := range strings.Split(text, "<<'"+mark+"'")[1:] {
					_, text, _ := strings.Cut(fed, "\n")
					text, _, _ = strings.Cut(text, "\n"+mark+"\n")
					if strings.HasPrefix(text, first) {
						found = append(found, text)
					}
				}
			}
		}
	}
	return found
}

// TestReasonsAreDocumented: docs/concepts.md explains every reason of a status.
func TestReasonsAreDocumented(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "api", "v1alpha1", "conditions.go"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "concepts.md"))
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`(?m)^(?:const|\t)\s*Reason\w+\s*=\s*"(\w+)"`).FindAllSubmatch(source, -1)
	if len(reasons) < 30 {
		t.Fatalf("%d reasons are declared in conditions.go", len(reasons))
	}
	for _, reason := range reasons {
		if !bytes.Contains(page, []byte("`"+string(reason[1])+"`")) {
			t.Errorf("docs/concepts.md does not say what to do about %s", reason[1])
		}
	}
}
