// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Package report holds what a run of the benchmarks found, and writes it for a terminal and as a page of the
// documentation.
package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Report is what a run found.
type Report struct {
	// Facts are what the numbers depend on: date, machine, sizes.
	Facts []Fact
	// Programs were measured.
	Programs []Program
	Budgets  []Budget
	Tables   []Table
	// Missing are the scenarios that could not be measured whole, each with the reason.
	Missing []Fact
}

// Fact is a name and what it is.
type Fact struct{ Name, Value string }

// Program is a program that was measured.
type Program struct{ Name, Version, Setting string }

// Outcome says whether a budget was met.
type Outcome string

// The outcomes.
const (
	Met         Outcome = "met"
	Missed      Outcome = "MISSED"
	NotMeasured Outcome = "not measured"
	Shown       Outcome = "for comparison" // measured in another way than the budget means
)

// Judge is Met or Missed.
func Judge(met bool) Outcome {
	if met {
		return Met
	}
	return Missed
}

// Budget is what was promised, and what was measured.
type Budget struct {
	What, Budget, Measured string
	Outcome                Outcome
}

// Table is what one scenario found.
type Table struct {
	Title string
	// Text says how it was measured.
	Text    string
	Columns []string
	Rows    [][]string
	// Notes follow the table.
	Notes []string
}

// Row adds a row.
func (t *Table) Row(cells ...string) { t.Rows = append(t.Rows, cells) }

// Note adds a note.
func (t *Table) Note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

// budgetTable is all budgets as a table.
func (r *Report) budgetTable() Table {
	t := Table{Title: "Budgets", Columns: []string{"what", "budget", "measured", ""}}
	for _, b := range r.Budgets {
		t.Row(b.What, b.Budget, b.Measured, string(b.Outcome))
	}
	return t
}

// missingTable is what could not be measured as a table.
func (r *Report) missingTable() Table {
	t := Table{Title: "Not measured, or not whole", Columns: []string{"scenario", "why"}}
	for _, m := range r.Missing {
		t.Row(m.Name, m.Value)
	}
	return t
}

// Print writes a table for a terminal.
func (t *Table) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "\n%s\n", t.Title)
	tabs := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tabs, "  %s\n", strings.Join(t.Columns, "\t"))
	for _, row := range t.Rows {
		fmt.Fprintf(tabs, "  %s\n", strings.Join(row, "\t"))
	}
	if err := tabs.Flush(); err != nil {
		return err
	}
	for _, note := range t.Notes {
		fmt.Fprintf(b, "  %s\n", note)
	}
	return b.Flush()
}

// Summary writes the budgets for a terminal, and what could not be measured.
func (r *Report) Summary(w io.Writer) error {
	t := r.budgetTable()
	if err := t.Print(w); err != nil || len(r.Missing) == 0 {
		return err
	}
	t = r.missingTable()
	return t.Print(w)
}

// Markdown writes the page.
func (r *Report) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, heading)
	facts := Table{Columns: []string{"", ""}}
	for _, f := range r.Facts {
		facts.Row(f.Name, f.Value)
	}
	facts.markdown(b)
	budgets := r.budgetTable()
	budgets.markdown(b)
	for i := range r.Tables {
		r.Tables[i].markdown(b)
	}
	if len(r.Missing) > 0 {
		missing := r.missingTable()
		missing.markdown(b)
	}
	programs := Table{Title: "Programs", Columns: []string{"program", "version", "configuration"}}
	for _, p := range r.Programs {
		programs.Row(p.Name, p.Version, p.Setting)
	}
	programs.markdown(b)
	return b.Flush()
}

const heading = `# Benchmarks

` + "`make bench`" + ` wrote this page. Herald and every rival that is installed are measured side by side in one run, on one machine,
in one network namespace, against the same sink: a peer that dials in, reads as fast as the socket delivers, and counts. Each
program originates the same routes itself. A session is timed from its own Established, the moment at which the sink has sent
and received the KEEPALIVE after OPEN, to the last route; of several sessions the slowest counts. Before the rounds that count
one more checks that every route came once and with its community. Numbers are medians, with the least and the most in
parentheses. The *floor* is a program that has the same messages ready, in the fewest octets, and writes them in one write.
`

// markdown writes a table as Markdown does.
func (t *Table) markdown(b *bufio.Writer) {
	if t.Title != "" {
		fmt.Fprintf(b, "\n## %s\n", t.Title)
	}
	if t.Text != "" {
		fmt.Fprintf(b, "\n%s\n", t.Text)
	}
	fmt.Fprintf(b, "\n| %s |\n|%s\n", strings.Join(t.Columns, " | "), strings.Repeat("---|", len(t.Columns)))
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
	for _, note := range t.Notes {
		fmt.Fprintf(b, "\n%s\n", note)
	}
}
