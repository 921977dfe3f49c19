// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"slices"
)

// Check verifies what the store says of itself, for tests.
func (s *Store[A]) Check() error {
	total := 0
	for n, c := range s.chunks {
		var used, nexts, free int32
		for place := range Slot(c.fresh) {
			i := Slot(n)<<chunkBits | place
			if c.entries[place].Seq > 0 {
				used++
			}
			if s.Next(i) != NoSlot {
				nexts++
			}
		}
		for i := c.free; i > 0; i = int32(c.entries[i-1].Number()) {
			free++
		}
		total += int(used)
		open := slices.Contains(s.open, Slot(n))
		if used != c.used || nexts != c.nexts || free != c.fresh-used || open != (used < chunkLen) ||
			(c.entries == nil) != (used == 0) || (c.next == nil) != (nexts == 0) {
			return fmt.Errorf("chunk %d has %d entries, %d nexts, %d free, open %v; says %+v", n, used, nexts, free, open, c)
		}
	}
	if total != s.used {
		return fmt.Errorf("%d entries, says %d", total, s.used)
	}
	return nil
}
