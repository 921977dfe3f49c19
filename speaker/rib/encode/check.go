// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import "fmt"

// Sets is how many sets there are that are no refusals.
func (e *Encoder) Sets() int { return len(e.sets) }

// Check verifies that the sets are those in use, for tests.
func (e *Encoder) Check(inUse []*Set) error {
	users := map[*Set]int{}
	for _, set := range inUse {
		if set != nil && set.Reason == Sent {
			users[set]++
		}
	}
	if len(users) != len(e.sets) {
		return fmt.Errorf("%d sets, want %d", len(e.sets), len(users))
	}
	for s, n := range users {
		if s.users != n || e.sets[s.key] != s {
			return fmt.Errorf("set has %d users, says %d", n, s.users)
		}
	}
	return nil
}
