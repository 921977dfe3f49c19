// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/herald-bgp/herald/test/bench/report"
)

func TestBurst(t *testing.T) {
	start := time.Unix(0, 0)
	at := func(milliseconds ...int) (stamps []time.Time) {
		for _, ms := range milliseconds {
			stamps = append(stamps, start.Add(time.Duration(ms)*time.Millisecond))
		}
		return stamps
	}
	for _, tt := range []struct {
		name   string
		stamps []time.Time
		want   float64
	}{
		{"none", nil, 0},
		{"one", at(0), 1},
		{"at the rate", at(0, 100, 200, 300), 1},
		{"three at once", at(0, 0, 0, 500), 3},
		{"a late burst", at(0, 1000, 1000, 1000, 1000), 4},
	} {
		if got := burst(tt.stamps, 10); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestParseGoBenchmarks(t *testing.T) {
	got := parseGoBenchmarks("goos: linux\npkg: github.com/herald-bgp/herald/speaker/wire\n" +
		"BenchmarkParse/full-2 \t 100\t 123.4 ns/op\t 5.00 MB/s\t 16 B/op\t 0 allocs/op\nPASS\nok  \tx\t1s\n")
	want := []goBenchmark{{pkg: "speaker/wire", name: "Parse/full-2", time: "123.4", octets: "16", allocated: "0"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestOptions(t *testing.T) {
	for _, args := range [][]string{{"-only", "nothing"}, {"-scale", "0"}, {"-scale", "2"}, {"-rounds", "0"}} {
		if _, err := parseOptions(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
	o, err := parseOptions([]string{"-only", "sync,idle", "-rivals", "BIRD"})
	if err != nil || !slices.Equal(o.only, []string{"sync", "idle"}) || !slices.Equal(o.rivals, []string{"BIRD"}) {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestThePageIsWrittenAfterEachScenario: what was measured is there whatever comes of the rest, and what was not says so.
func TestThePageIsWrittenAfterEachScenario(t *testing.T) {
	dir := t.TempDir()
	b := &bench{options: options{write: filepath.Join(dir, "page.md")}}
	page := func() string {
		text, err := os.ReadFile(b.write)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	expect := func(when string, want ...string) {
		t.Helper()
		for _, line := range want {
			if text := page(); !strings.Contains(text, line+"\n") {
				t.Errorf("%s: no %q in\n%s", when, line, text)
			}
		}
	}
	measured := func(title string) func(context.Context, *bench) error {
		return func(_ context.Context, b *bench) error {
			b.report.Tables = append(b.report.Tables, report.Table{Title: title, Columns: []string{"program"}})
			return nil
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	failed := b.measureAll(ctx, []scenario{
		{"one", "the first", measured("One")},
		{"two", "the second", func(context.Context, *bench) error {
			expect("in the second", "## One", "| the second | the run had not come to it |", "| the last | the run had not come to it |")
			return errors.New("no such\nprogram")
		}},
		{"three", "the third", func(ctx context.Context, b *bench) error {
			expect("in the third", "## One", "| the second | no such program |", "| the third | the run had not come to it |")
			interrupt()
			return measured("Half of three")(ctx, b)
		}},
		{"last", "the last", func(context.Context, *bench) error { t.Error("it goes on"); return nil }},
	})
	if !slices.Equal(failed, []string{"two", "three"}) {
		t.Errorf("failed: %q", failed)
	}
	expect("at the end", "## One", "## Half of three", "| the second | no such program |", "| the third | interrupted |",
		"| the last | the run had not come to it |")
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("beside the page: %v, %v", files, err)
	}

	b = &bench{options: options{write: b.write}}
	if failed := b.measureAll(t.Context(), []scenario{{"one", "the first", measured("Again")}}); len(failed) > 0 {
		t.Errorf("failed: %q", failed)
	}
	if text := page(); !strings.Contains(text, "## Again") || strings.Contains(text, "Not measured") || strings.Contains(text, "## One") {
		t.Errorf("another run's page is\n%s", text)
	}
	b.write = filepath.Join(dir, "nowhere", "page.md")
	if err := b.save(); err == nil {
		t.Error("a page was written nowhere")
	}
}
