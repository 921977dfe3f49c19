// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package rfcs checks docs/rfc.md: each file, function and test that it names exists, the code cites the clauses, and the page has
// every RFC that the code cites.
package rfcs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// row is one clause of docs/rfc.md.
type row struct {
	line     int
	rfcs     []string // numbers, none for a draft
	sections []string // none if the row does not name one
	code     []reference
	tests    []reference
	status   string
	reason   string
}

// reference is a declaration in a file below speaker/, or a test in a package.
type reference struct{ place, name string }

const columns = 5

var (
	heading   = regexp.MustCompile(`^## (?:RFC ([0-9]+): )?`)
	quoted    = regexp.MustCompile("`([^`:]+):([^`]+)`")
	number    = regexp.MustCompile(`\b[0-9]{3,5}\b`)
	paragraph = regexp.MustCompile(`\b[0-9]+(?:\.[0-9]+)*`)
)

// readPage returns the rows of docs/rfc.md, and fails if there are none.
func readPage(t *testing.T) []row {
	t.Helper()
	page, err := os.ReadFile("../../docs/rfc.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	rfc := ""
	for i, line := range strings.Split(string(page), "\n") {
		if m := heading.FindStringSubmatch(line); m != nil {
			rfc = m[1]
		}
		if !strings.HasPrefix(line, "| ") || strings.HasSuffix(line, "| status |") {
			continue
		}
		rows = append(rows, readRow(t, i+1, rfc, line))
	}
	if len(rows) < 100 {
		t.Fatalf("%d rows: the page is not read as it is written", len(rows))
	}
	return rows
}

// readRow reads a line of a table under the heading of an RFC, or of a table whose first column names the RFC.
func readRow(t *testing.T, at int, rfc, line string) row {
	t.Helper()
	cells := strings.Split(strings.Trim(line, "|"), "|")
	if len(cells) != columns {
		t.Fatalf("docs/rfc.md:%d: %d cells, want %d", at, len(cells), columns)
	}
	r := row{line: at, code: references(cells[2]), tests: references(cells[3])}
	switch {
	case rfc != "":
		r.rfcs, r.sections = []string{rfc}, paragraph.FindAllString(cells[0], -1)
	case !strings.Contains(cells[0], "draft-"):
		r.rfcs = number.FindAllString(cells[0], -1)
	}
	status, reason, _ := strings.Cut(strings.TrimSpace(cells[4]), ":")
	r.status, r.reason = status, strings.TrimSpace(reason)
	return r
}

func references(cell string) []reference {
	var all []reference
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		all = append(all, reference{place: m[1], name: m[2]})
	}
	return all
}
