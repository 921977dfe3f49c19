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
	// example is the first that gave it, and text what it said besides.
	example, text string
}

// String is a cause as a message tells it.
func (c cause) String() string {
	text := fmt.Sprintf("%s at %d, %s among them", c.reason, c.count, c.example)
	if c.text != "" {
		text += ": " + c.text
	}
	return text
}

// causes are reasons, once each, in the order in which they came.
type causes []cause

func (c *causes) add(reason, example, text string) {
	for i := range *c {
		if known := &(*c)[i]; known.reason == reason {
			known.count++
			return
		}
	}
	*c = append(*c, cause{reason: reason, count: 1, example: example, text: text})
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
