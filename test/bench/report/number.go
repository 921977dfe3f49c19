// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Sample is what the rounds of one measurement gave.
type Sample[T cmp.Ordered] []T

// Median is the middle one, of an even number the lower of both; zero of none.
func (s Sample[T]) Median() T { return s.Quantile(0.5) }

// Quantile is the least value that at least that part of the sample does not exceed.
func (s Sample[T]) Quantile(part float64) (value T) {
	if len(s) == 0 {
		return value
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(0, min(len(sorted)-1, int(part*float64(len(sorted))+0.999999)-1))]
}

// Durations writes the median, with the least and the most where there are several.
func Durations(s Sample[time.Duration]) string {
	switch len(s) {
	case 0:
		return "—"
	case 1:
		return Duration(s[0])
	}
	return fmt.Sprintf("%s (%s to %s)", Duration(s.Median()), Duration(slices.Min(s)), Duration(slices.Max(s)))
}

// Duration writes three digits or so, and a unit.
func Duration(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.0f µs", d.Seconds()*1e6)
}

// Ratio writes how many times b goes into a.
func Ratio[T ~int | ~int64](a, b T) string {
	if a <= 0 || b <= 0 {
		return "—"
	}
	if r := float64(a) / float64(b); r < 10 {
		return fmt.Sprintf("%.1f ×", r)
	}
	return fmt.Sprintf("%.0f ×", float64(a)/float64(b))
}

// Octets writes an amount of memory.
func Octets(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
