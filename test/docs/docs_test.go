// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package docs checks those parts of the documentation that need no running program: links, and the numbers of ADRs.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// pages are the files of the documentation, relative to the root.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		all = append(all, files...)
	}
	return all
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile("(?m)^#+ (.*)$")
	// notInAnchors matches the characters of a heading that its anchor leaves out.
	notInAnchors = regexp.MustCompile(`[^\w\- ]`)
)

// TestLinks: the target of each link exists, and so does its heading.
func TestLinks(t *testing.T) {
	seen := 0
	for _, page := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(read(t, page), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			seen++
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s: %v", page, match[1], err)
			} else if anchor != "" && !slices.Contains(anchors(read(t, file)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", page, match[1])
			}
		}
	}
	if seen == 0 {
		t.Error("no page has a link")
	}
}

// anchors are the anchors of a page's headings, as GitHub makes them.
func anchors(page string) []string {
	var all []string
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		text := notInAnchors.ReplaceAllString(strings.ToLower(strings.TrimSpace(match[1])), "")
		all = append(all, strings.ReplaceAll(text, " ", "-"))
	}
	return all
}

// TestNumbersOfDecisions: no two ADRs have the same number, and each begins with its number.
func TestNumbersOfDecisions(t *testing.T) {
	of := map[string]string{}
	for _, page := range pages(t) {
		if filepath.Base(filepath.Dir(page)) != "adr" {
			continue
		}
		number, _, _ := strings.Cut(filepath.Base(page), "-")
		if other, taken := of[number]; taken {
			t.Errorf("%s and %s have one number: give the later one the next that is free", other, page)
		}
		of[number] = page
		if want := "# " + strings.TrimLeft(number, "0") + ". "; !strings.HasPrefix(read(t, page), want) {
			t.Errorf("%s does not begin with %q", page, want)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
