// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/bench/report"
)

func TestQuantile(t *testing.T) {
	sample := report.Sample[int]{5, 1, 4, 2, 3}
	for part, want := range map[float64]int{0: 1, 0.2: 1, 0.21: 2, 0.5: 3, 0.99: 5, 1: 5} {
		if got := sample.Quantile(part); got != want {
			t.Errorf("quantile %v is %d, want %d", part, got, want)
		}
	}
	if got := (report.Sample[int]{}).Median(); got != 0 {
		t.Errorf("the median of nothing is %d", got)
	}
}

func TestNumbers(t *testing.T) {
	for want, got := range map[string]string{
		"12.3 s":                    report.Duration(12345 * time.Millisecond),
		"1.23 s":                    report.Duration(1234 * time.Millisecond),
		"123 ms":                    report.Duration(123456 * time.Microsecond),
		"1.2 ms":                    report.Duration(1234 * time.Microsecond),
		"12 µs":                     report.Duration(12345 * time.Nanosecond),
		"2.0 ms (1.0 ms to 3.0 ms)": report.Durations(report.Sample[time.Duration]{3e6, 1e6, 2e6}),
		"2.5 ×":                     report.Ratio(5, 2),
		"—":                         report.Ratio(5, 0),
		"1.5 MiB":                   report.Octets(3 << 19),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	r := report.Report{
		Facts:    []report.Fact{{Name: "machine", Value: "a|b"}},
		Programs: []report.Program{{Name: "Herald", Version: "v1", Setting: "as shipped"}},
		Budgets:  []report.Budget{{What: "sync", Budget: "1 s", Measured: "2 s", Outcome: report.Judge(false)}},
		Missing:  []report.Fact{{Name: "idle: ten peers", Value: "it does not start"}},
	}
	table := report.Table{Title: "Full sync", Columns: []string{"program", "median"}}
	table.Row("Herald", "2 s")
	table.Note("%d routes", 3)
	r.Tables = append(r.Tables, table)
	var page, screen strings.Builder
	if err := r.Markdown(&page); err != nil {
		t.Fatal(err)
	}
	if err := r.Summary(&screen); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`| machine | a\|b |`, "| sync | 1 s | 2 s | MISSED |", "## Full sync", "| Herald | 2 s |", "\n3 routes\n", "| Herald | v1 | as shipped |",
		"| idle: ten peers | it does not start |"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in:\n%s", want, page.String())
		}
	}
	for _, want := range []string{"sync  1 s     2 s       MISSED", "idle: ten peers  it does not start"} {
		if !strings.Contains(screen.String(), want) {
			t.Errorf("no %q in:\n%s", want, screen.String())
		}
	}
}
