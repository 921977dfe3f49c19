// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// The results that a case can have.
const (
	resultPass    = "pass"
	resultPart    = "part" // all but what the reasons name
	resultOutside = "not reproduced"
	resultFail    = "FAIL"
)

// report is the table of cases and their results. It is safe for concurrent use.
type report struct {
	mu   sync.Mutex
	rows []reportRow
}

type reportRow struct {
	name, result string
	reasons      []string
}

func (r *report) add(name, result string, reasons ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.rows, func(row reportRow) bool { return row.name == name }) {
		return // a file that cannot be read is met twice
	}
	r.rows = append(r.rows, reportRow{name: name, result: result, reasons: reasons})
}

// String is the table, sorted by case, with the number of each result and of each reason below it; empty where nothing ran.
func (r *report) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) == 0 {
		return ""
	}
	slices.SortFunc(r.rows, func(a, b reportRow) int { return cmp.Compare(a.name, b.name) })
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CASE\tRESULT\tREASON")
	count, reasons := map[string]int{}, map[string]int{}
	for _, row := range r.rows {
		count[row.result]++
		for _, reason := range row.reasons {
			reasons[reason]++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", row.name, row.result, strings.Join(row.reasons, "; "))
	}
	_ = w.Flush() // into memory
	for _, result := range []string{resultPass, resultPart, resultOutside, resultFail} {
		fmt.Fprintf(&b, "%d %s  ", count[result], result)
	}
	table := strings.TrimRight(b.String(), " ") + "\n"
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		table += fmt.Sprintf("%3d  %s\n", reasons[reason], reason)
	}
	return table
}
