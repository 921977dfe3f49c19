// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
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

// TestCompare: a number may be 2 % worse than base, or as much as its own noise.
func TestCompare(t *testing.T) {
	ms := func(values ...int) (s report.Sample[time.Duration]) {
		for _, v := range values {
			s = append(s, time.Duration(v)*time.Millisecond)
		}
		return s
	}
	for _, tt := range []struct {
		name         string
		herald, base report.Sample[time.Duration]
		want         report.Outcome
	}{
		{"the same", ms(100, 100, 100, 100), ms(100, 100, 100, 100), report.Met},
		{"better", ms(50, 50, 50, 50), ms(100, 100, 100, 100), report.Met},
		{"2 % worse", ms(102, 102, 102, 102), ms(100, 100, 100, 100), report.Met},
		{"3 % worse", ms(103, 103, 103, 103), ms(100, 100, 100, 100), report.Missed},
		{"3 % worse, base varies by more", ms(103, 103, 103, 103), ms(90, 100, 110, 120), report.Met},
		{"3 % worse, Herald varies by more", ms(90, 103, 110, 120), ms(100, 100, 100, 100), report.Met},
		{"30 % worse, one of base's rounds is far off", ms(130, 130, 130, 130), ms(100, 100, 100, 900), report.Missed},
	} {
		b := &bench{}
		compare(b, tt.name, tt.herald, tt.base, report.Duration)
		if got := b.report.Budgets; len(got) != 1 || got[0].Outcome != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
	}
	b := &bench{}
	if compare(b, "not measured", nil, ms(1), report.Duration); len(b.report.Budgets) != 0 {
		t.Errorf("nothing is compared: %+v", b.report.Budgets)
	}
}

// TestInTurns: no program always comes first.
func TestInTurns(t *testing.T) {
	var order []string
	for round := range 3 {
		for i, name := range inTurns(round, []string{"Herald", "base"}) {
			order = append(order, fmt.Sprint(i, name))
		}
	}
	if want := []string{"0Herald", "1base", "1base", "0Herald", "0Herald", "1base"}; !slices.Equal(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
}

// TestLagsByWindow: the medians of the windows say how much the median varies.
func TestLagsByWindow(t *testing.T) {
	var l lag
	for i := range objectWindows * objectChanges {
		l.herald = append(l.herald, time.Duration(i/objectChanges)*time.Millisecond)
	}
	if got := l.medians(); len(got) != objectWindows || got[0] != 0 || got[objectWindows-1] != (objectWindows-1)*time.Millisecond {
		t.Errorf("%v", got)
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
