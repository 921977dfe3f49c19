// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
	"time"
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
