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
	// example is the first by name that gave it, text what it said besides, and winner what had the prefix instead there.
	example, text, winner string
}

// String is a cause as a message tells it.
func (c cause) String() string {
	text := fmt.Sprintf("%s at %d, %s among them", c.reason, c.count, c.example)
	if c.text != "" {
		text += ": " + c.text
	}
	return text
}

// causes are reasons, once each.
type causes []cause

// add adds a cause to the one of its reason.
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

// byCount are the causes, the most frequent first, then in their documented order.
func (c causes) byCount() causes {
	sorted := slices.Clone(c)
	slices.SortFunc(sorted, func(a, b cause) int {
		return cmp.Or(cmp.Compare(b.count, a.count), compile.CompareReasons(a.reason, b.reason))
	})
	return sorted
}

// String tells of all causes, the most frequent first.
func (c causes) String() string {
	var texts []string
	for _, cause := range c.byCount() {
		texts = append(texts, cause.String())
	}
	return strings.Join(texts, "; ")
}
