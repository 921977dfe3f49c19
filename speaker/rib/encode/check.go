// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package encode

import "fmt"

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
	numbers := map[uint32]bool{}
	for _, n := range e.unused {
		numbers[n] = true
	}
	for s, n := range users {
		if numbers[s.Number] || s.Number >= e.numbers {
			return fmt.Errorf("set has number %d of %d, which is not its own", s.Number, e.numbers)
		}
		numbers[s.Number] = true
		if s.users != n || e.sets[s.key] != s {
			return fmt.Errorf("set has %d users, says %d", n, s.users)
		}
	}
	if len(numbers) != int(e.numbers) {
		return fmt.Errorf("%d numbers of sets, want %d", len(numbers), e.numbers)
	}
	return nil
}
