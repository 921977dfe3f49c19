// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/herald-bgp/herald/test/bench/report"
)

// goBenchmark is a line of `go test -bench -benchmem`.
type goBenchmark struct {
	pkg, name               string
	time, octets, allocated string
}

// micro puts the Go benchmarks into the report.
func micro(_ context.Context, b *bench) error {
	const what, promise = "wire codec", "0 allocations for decode iteration and append-encode"
	if b.goBench == "" {
		b.unmeasured(what, promise, errors.New("-gobench names no file"))
		return nil
	}
	text, err := os.ReadFile(b.goBench)
	if err != nil {
		return err
	}
	t := report.Table{
		Title:   "Go benchmarks",
		Text:    "`go test -bench . -benchmem` of the codec and of the RIB, which `hack/bench` runs first.",
		Columns: []string{"package", "benchmark", "ns/op", "B/op", "allocs/op"},
	}
	codec, allocating := 0, []string(nil)
	for _, g := range parseGoBenchmarks(string(text)) {
		t.Row(g.pkg, g.name, g.time, g.octets, g.allocated)
		if strings.HasSuffix(g.pkg, "/wire") {
			codec++
			if g.allocated != "0" {
				allocating = append(allocating, g.name)
			}
		}
	}
	b.report.Tables = append(b.report.Tables, t)
	if codec == 0 {
		b.unmeasured(what, promise, errors.New("the codec has no benchmark in "+b.goBench))
		return nil
	}
	measured := fmt.Sprintf("0 in each of %d benchmarks", codec)
	if len(allocating) > 0 {
		measured = "allocations in " + strings.Join(allocating, ", ")
	}
	b.verdict(what, promise, measured, report.Judge(len(allocating) == 0))
	return nil
}

// parseGoBenchmarks reads the lines "BenchmarkX/y-2  100  123 ns/op  4 MB/s  0 B/op  0 allocs/op" and, for their package,
// "pkg: path".
func parseGoBenchmarks(text string) []goBenchmark {
	var found []goBenchmark
	var pkg string
	for line := range strings.Lines(text) {
		if path, ok := strings.CutPrefix(line, "pkg: "); ok {
			pkg = strings.TrimPrefix(strings.TrimSpace(path), "github.com/herald-bgp/herald/")
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		g := goBenchmark{pkg: pkg, name: strings.TrimPrefix(fields[0], "Benchmark")}
		for i := 2; i+1 < len(fields); i += 2 {
			switch fields[i+1] {
			case "ns/op":
				g.time = fields[i]
			case "B/op":
				g.octets = fields[i]
			case "allocs/op":
				g.allocated = fields[i]
			}
		}
		found = append(found, g)
	}
	return found
}
