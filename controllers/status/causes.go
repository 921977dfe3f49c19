// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/herald-bgp/herald/controllers/compile"
)

// cause is a reason, and how many sessions or nodes give it.
type cause struct {
	reason string
	count  int
	// example is the first session or node by name with this reason, text the details that it gave, and winner the
	// announcement that has the prefix there instead.
	example, text, winner string
}

// String is the text of a cause in a message.
func (c cause) String() string {
	text := fmt.Sprintf("%s at %d, %s among them", c.reason, c.count, c.example)
	if c.text != "" {
		text += ": " + c.text
	}
	return text
}

// causes are causes with different reasons.
type causes []cause

// add counts a cause with the one that has the same reason.
func (c *causes) add(more cause) {
	for i := range *c {
		known := &(*c)[i]
		if known.reason != more.reason {
			continue
		}
		more.count += known.count
		if known.example <= more.example {
			more.example, more.text, more.winner = known.example, known.text, known.winner
		}
		*known = more
		return
	}
	*c = append(*c, more)
}

// byCount returns the causes, the most frequent first, then in the documented order of their reasons.
func (c causes) byCount() causes {
	sorted := slices.Clone(c)
	slices.SortFunc(sorted, func(a, b cause) int {
		return cmp.Or(cmp.Compare(b.count, a.count), compile.CompareReasons(a.reason, b.reason))
	})
	return sorted
}

// String is the text of all causes, the most frequent first.
func (c causes) String() string {
	var texts []string
	for _, cause := range c.byCount() {
		texts = append(texts, cause.String())
	}
	return strings.Join(texts, "; ")
}
