// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package rfcs

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// Each row has a known status, and the columns that the status demands.
func TestStatus(t *testing.T) {
	for _, r := range readPage(t) {
		switch r.status {
		case "done":
			if len(r.code) == 0 || len(r.tests) == 0 {
				t.Errorf("docs/rfc.md:%d: done, without code or without test", r.line)
			}
		case "differs":
			if len(r.code) == 0 || len(r.tests) == 0 || r.reason == "" {
				t.Errorf("docs/rfc.md:%d: differs, without code, test or reason", r.line)
			}
		case "n/a":
			if r.reason == "" {
				t.Errorf("docs/rfc.md:%d: not applicable, without a reason", r.line)
			}
		case "not yet":
		default:
			t.Errorf("docs/rfc.md:%d: status %q", r.line, r.status)
		}
	}
}

// Each file, function and test that the page names exists.
func TestReferences(t *testing.T) {
	files := readCode(t)
	for _, r := range readPage(t) {
		for _, c := range r.code {
			if file := files[c.place]; file == nil || !slices.Contains(file.names, c.name) {
				t.Errorf("docs/rfc.md:%d: speaker/%s has no %s", r.line, c.place, c.name)
			}
		}
		for _, c := range r.tests {
			if !hasTest(files, c) {
				t.Errorf("docs/rfc.md:%d: package %s has no test %s", r.line, c.place, c.name)
			}
		}
	}
}

// Each file that the page names for a clause cites the RFC, and one of them cites the clause itself: a search for the clause finds
// the code.
func TestCitations(t *testing.T) {
	files := readCode(t)
	for _, r := range readPage(t) {
		for _, rfc := range r.rfcs {
			found := len(r.code) == 0
			for _, c := range r.code {
				file := files[c.place]
				if file == nil {
					continue // TestReferences reports that
				}
				if !file.cites(rfc, nil) {
					t.Errorf("docs/rfc.md:%d: speaker/%s does not cite RFC %s", r.line, c.place, rfc)
				}
				found = found || file.cites(rfc, r.sections)
			}
			if !found {
				t.Errorf("docs/rfc.md:%d: none of the files cites RFC %s §%s", r.line, rfc, strings.Join(r.sections, " or §"))
			}
		}
	}
}

// The page has each RFC that the speaker cites.
func TestNoneIsMissing(t *testing.T) {
	known := map[string]bool{"8203": true} // obsoleted by RFC 9003, under which it is
	for _, r := range readPage(t) {
		for _, rfc := range r.rfcs {
			known[rfc] = true
		}
	}
	files := readCode(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, rfc := range slices.Sorted(maps.Keys(files[name].citations)) {
			if !known[rfc] && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("speaker/%s cites RFC %s, which docs/rfc.md does not have", name, rfc)
			}
		}
	}
}
