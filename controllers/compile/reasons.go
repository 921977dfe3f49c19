// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package compile

import (
	"cmp"
	"slices"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// FirstReason is the one of two verdicts' reasons that is told, an empty one being none.
func FirstReason(a, b string) string {
	if a == "" || b != "" && CompareReasons(b, a) < 0 {
		return b
	}
	return a
}

// CompareReasons orders the reasons of verdicts as v1alpha1.WithheldReasons does; those that it does not know come last.
func CompareReasons(a, b string) int {
	order := v1alpha1.WithheldReasons()
	rank := func(reason string) int {
		if i := slices.Index(order, reason); i >= 0 {
			return i
		}
		return len(order)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}
