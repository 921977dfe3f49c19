// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// matrix is the table of daemon × case. It is safe for concurrent use.
type matrix struct {
	mu       sync.Mutex
	results  map[string]map[string]string // by case, then by daemon
	versions map[string]string
	reasons  map[string]bool
}

func newMatrix() *matrix {
	return &matrix{results: map[string]map[string]string{}, versions: map[string]string{}, reasons: map[string]bool{}}
}

// record notes the result of a test. Call it when the test ends.
func (m *matrix) record(t *testing.T, daemon, name string) {
	switch {
	case t.Failed():
		m.set(daemon, name, "FAIL")
	case t.Skipped():
		m.set(daemon, name, "skipped")
	default:
		m.set(daemon, name, "ok")
	}
}

func (m *matrix) unsupported(daemon, name, reason string) {
	m.set(daemon, name, "-")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reasons[fmt.Sprintf("%s, %s: %s", daemon, name, reason)] = true
}

// missing notes that a daemon is not installed.
func (m *matrix) missing(daemon string, cases []string) {
	for _, name := range cases {
		m.set(daemon, name, "not installed")
	}
}

func (m *matrix) set(daemon, name, result string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.results[name] == nil {
		m.results[name] = map[string]string{}
	}
	m.results[name][daemon] = result
}

func (m *matrix) version(daemon, version string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.versions[daemon] = version
}

// table renders the matrix, with the cases in the order given.
func (m *matrix) table(daemons, cases []string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "case\t%s\n", strings.Join(daemons, "\t"))
	for _, name := range cases {
		row := []string{name}
		for _, daemon := range daemons {
			row = append(row, m.results[name][daemon])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // into memory
	for _, daemon := range daemons {
		if m.versions[daemon] != "" {
			fmt.Fprintf(&b, "%s is %s\n", daemon, m.versions[daemon])
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(m.reasons)) {
		fmt.Fprintf(&b, "- %s\n", reason)
	}
	return b.String()
}

// publish prints the table, and writes it to the file that HERALD_INTEROP_REPORT names: go test prints nothing of a
// package that passes.
func (m *matrix) publish(t *testing.T, daemons, cases []string) {
	table := m.table(daemons, cases)
	t.Logf("daemons and cases\n%s", table)
	if file := os.Getenv("HERALD_INTEROP_REPORT"); file != "" {
		if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
			t.Error(err)
		}
	}
}
