// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"iter"
	"slices"

	"github.com/herald-bgp/herald/test/bench/report"
)

const (
	// baseName is what Herald of another commit is called, see -base.
	baseName = "Herald base"
	// mostWorse is how much worse than base Herald may be, or as much as the noise where that is more.
	mostWorse = 0.02
)

// compare judges what was measured of Herald against the same of base. Less is better.
func compare[T ~int | ~int64](b *bench, what string, herald, base report.Sample[T], text func(T) string) {
	if len(herald) == 0 || len(base) == 0 {
		return
	}
	now, before := herald.Median(), base.Median()
	ratio := float64(now) / float64(before)
	noise := max(spread(herald), spread(base))
	b.verdict(what+", against base", "at most 2 % worse, or its noise", fmt.Sprintf("%s against %s: %.3f ×, noise %.1f %%",
		text(now), text(before), ratio, 100*noise), report.Judge(ratio <= 1+max(mostWorse, noise)))
}

// inTurns yields a list forwards in one round and backwards in the next, so that no program always comes first.
func inTurns[T any](round int, list []T) iter.Seq2[int, T] {
	if round%2 == 0 {
		return slices.All(list)
	}
	return slices.Backward(list)
}

// spread is half the width of the middle half of a sample, as a part of its median.
func spread[T ~int | ~int64](s report.Sample[T]) float64 {
	return float64(s.Quantile(0.75)-s.Quantile(0.25)) / 2 / float64(s.Median())
}
